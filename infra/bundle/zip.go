package bundle

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/flate"
)

// writeZip writes the archive of a program.
func writeZip(archive, program string) error {
	return replace(archive, func(w io.Writer) error { return zipProgram(w, program) })
}

// replace writes a file and the folders above it. It replaces an existing file
// atomically, so that a reader never sees a partial one.
func replace(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // has no effect after the rename
	if err := write(file); err != nil {
		file.Close()
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// zipProgram writes the archive that the runtime provided.al2023 requires: one
// executable named bootstrap. Its time is fixed, at the earliest that a zip can
// store, because it must not affect the bytes.
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
	// Three times as fast as the standard library's, for archives that are 3% larger.
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.DefaultCompression) })
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(entry, source); err != nil {
		return err
	}
	return archive.Close()
}
