package lambda

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/google/uuid"

	"tally/local/cloud"
)

// stagingFolder holds bundles while they are unpacked; no function can have
// that name.
const stagingFolder = ".staging"

// codeDir is where the function's code lies: <Dir>/<function>/<SHA-256>.
func (s *Service) codeDir(f Function) string {
	sum, err := base64.StdEncoding.DecodeString(f.CodeSHA256)
	if err != nil {
		panic(fmt.Sprintf("code hash of %s: %v", f.Name, err)) // written by put alone
	}
	return filepath.Join(s.Dir, f.Name, hex.EncodeToString(sum))
}

// stage unpacks the zip into a folder of its own, from which installLocked
// moves it into place in one step.
func (s *Service) stage(bundle []byte, operation string) (dir string, err error) {
	if len(bundle) > maxZipped {
		return "", cloud.Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			"Request must be smaller than %d bytes for the %s operation", maxZipped, operation)
	}
	dir = filepath.Join(s.Dir, stagingFolder, uuid.NewString())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := unpack(bundle, dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// unstage removes what stage made and nobody installed.
func (s *Service) unstage(dir string) {
	if dir == "" {
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		s.note(cloud.Warning, stagingFolder, "remove an unpacked bundle: %v", err)
	}
}

func (s *Service) installLocked(staged string, f Function) error {
	to := s.codeDir(f)
	if _, err := os.Stat(to); err == nil {
		return nil // the same code as before
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Rename(staged, to)
}

// sweepLocked removes the function's code that neither the function nor one of
// its environments uses.
func (s *Service) sweepLocked(name string) {
	var keep []string
	if row, ok := s.functions.Get(name); ok {
		keep = append(keep, s.codeDir(row.Function))
	}
	for _, inst := range s.live[name] {
		keep = append(keep, s.codeDir(inst.function))
	}
	if err := removeExcept(filepath.Join(s.Dir, name), keep); err != nil {
		s.note(cloud.Warning, name, "remove old code: %v", err)
	}
}

// removeExcept removes what is in dir, but not the paths to keep; and dir
// itself where there are none.
func removeExcept(dir string, keep []string) error {
	if len(keep) == 0 {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if p := filepath.Join(dir, entry.Name()); !slices.Contains(keep, p) {
			err = errors.Join(err, os.RemoveAll(p))
		}
	}
	return err
}

// removeLeftovers cleans up after a process that could not.
func (s *Service) removeLeftovers() error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		s.sweepLocked(entry.Name())
	}
	return nil
}

// unpack writes the files of a zip below dir, with their permissions. It fails
// with InvalidParameterValueException where the zip is broken, too large, or
// holds anything that would not be a file or folder below dir.
func unpack(bundle []byte, dir string) error {
	archive, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return errUnzip
	}
	// A Root refuses every path that leads out of it.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(maxUnzipped)
	for _, file := range archive.File {
		n, err := unpackFile(root, file, left)
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

var errUnzip = badParameter("Could not unzip uploaded file. Please check your file, then try to upload again.")

// unpackFile writes one file of at most left bytes and returns its size.
func unpackFile(root *os.Root, file *zip.File, left int64) (int64, error) {
	if !filepath.IsLocal(filepath.FromSlash(path.Clean(file.Name))) {
		return 0, badParameter("%s The path %q leads out of it.", errUnzip.Message, file.Name)
	}
	mode := file.Mode()
	switch {
	case mode.IsDir():
		return 0, root.MkdirAll(path.Clean(file.Name), 0o755)
	case !mode.IsRegular():
		return 0, badParameter("%s %q is neither a file nor a folder: the local cloud unpacks nothing else.", errUnzip.Message, file.Name)
	}
	if err := root.MkdirAll(path.Dir(file.Name), 0o755); err != nil {
		return 0, badParameter("%s %q: %v", errUnzip.Message, file.Name, err)
	}
	in, err := file.Open()
	if err != nil {
		return 0, errUnzip
	}
	defer in.Close()
	out, err := root.OpenFile(file.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, badParameter("%s %q: %v", errUnzip.Message, file.Name, err)
	}
	n, err := io.Copy(out, io.LimitReader(in, left+1))
	if err == nil {
		err = out.Chmod(mode.Perm()) // not subject to the umask of whoever started the local cloud
	}
	closed := out.Close()
	switch {
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat), errors.Is(err, io.ErrUnexpectedEOF):
		return 0, errUnzip
	case n > left:
		return 0, badParameter("Unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	return n, errors.Join(err, closed)
}
