package bundle

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"time"
)

// writeZip creates the archive of a program, or replaces it atomically.
func writeZip(archive, program string) error {
	if err := os.MkdirAll(filepath.Dir(archive), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(archive), ".zip-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails once it is renamed
	if err := zipProgram(file, program); err != nil {
		file.Close()
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), archive)
}

// zipProgram writes what the runtime provided.al2023 requires, an executable named
// bootstrap, with the earliest time that a zip can have.
//
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
func zipProgram(w io.Writer, program string) error {
	source, err := os.Open(program)
	if err != nil {
		return err
	}
	defer source.Close()
	header := &zip.FileHeader{
		Name:     "bootstrap",
		Method:   zip.Deflate,
		Modified: time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC),
	}
	header.SetMode(0o755)
	archive := zip.NewWriter(w)
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(entry, source); err != nil {
		return err
	}
	return archive.Close()
}
