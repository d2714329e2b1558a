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
	"syscall"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// stagingFolder holds bundles while they are unpacked. Its name is not a valid
// function name, so it cannot clash with the folder of a function.
const stagingFolder = ".staging"

// codeDir returns the folder of the function's code: <Dir>/<function>/<SHA-256>.
func (s *Service) codeDir(f Function) string {
	sum, err := base64.StdEncoding.DecodeString(f.CodeSHA256)
	if err != nil {
		panic(fmt.Sprintf("code hash of %s: %v", f.Name, err)) // put encoded it
	}
	return filepath.Join(s.options.Dir, f.Name, hex.EncodeToString(sum))
}

// stage unpacks the zip into a folder of its own, which installLocked moves into
// place atomically.
func (s *Service) stage(bundle []byte, operation string) (dir string, err error) {
	if len(bundle) > maxZipped {
		return "", cloud.Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			"Request must be smaller than %d bytes for the %s operation", maxZipped, operation)
	}
	dir = filepath.Join(s.options.Dir, stagingFolder, uuid.NewString())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := errors.Join(unpack(bundle, dir), openFolders(dir)); err != nil {
		removed := os.RemoveAll(dir)
		if isFull(err) {
			return "", cloud.Errorf(http.StatusInternalServerError, "ServiceException",
				"The disk is full: the code cannot be unpacked below %s. Free some space, then deploy again.", s.options.Dir)
		}
		return "", errors.Join(err, removed)
	}
	return dir, nil
}

// isFull reports whether err means that no more data can be written to the disk.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// CheckCode fails with ServiceException if the code of the function is missing. Somebody
// has removed it, because the local cloud itself does not before the function.
func (s *Service) CheckCode(f Function) error {
	dir := s.codeDir(f)
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return nil
	}
	return cloud.Errorf(http.StatusInternalServerError, "ServiceException",
		"The code of function %s is missing in %s. Restore it with: pulumi up --refresh", f.Name, dir)
}

// unstage removes a staged folder that was not installed.
func (s *Service) unstage(dir string) {
	if dir == "" {
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		s.note(cloud.Warning, stagingFolder, "remove an unpacked bundle: %v", err)
	}
}

// installLocked moves the staged folder to the folder of the function's code,
// unless the same code is already there.
func (s *Service) installLocked(staged string, f Function) error {
	if s.CheckCode(f) == nil {
		return nil
	}
	to := s.codeDir(f)
	if err := errors.Join(os.RemoveAll(to), os.MkdirAll(filepath.Dir(to), 0o755)); err != nil {
		return err
	}
	return os.Rename(staged, to)
}

// sweepLocked removes code that no version and no environment of the function
// uses.
func (s *Service) sweepLocked(name string) {
	var keep []string
	if row, ok := s.functions.Get(name); ok {
		for _, f := range row.versions() {
			keep = append(keep, s.codeDir(f))
		}
	}
	if p := s.pools[name]; p != nil {
		for _, inst := range p.live {
			keep = append(keep, s.codeDir(inst.function))
		}
	}
	if err := removeExcept(filepath.Join(s.options.Dir, name), keep); err != nil {
		s.note(cloud.Warning, name, "remove old code: %v", err)
	}
}

// removeExcept removes the entries of dir other than the paths to keep. If there
// are no paths to keep, it removes dir itself.
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

// removeLeftovers removes the code that an earlier process could not remove. Only
// New calls it, so it needs no lock.
func (s *Service) removeLeftovers() error {
	if err := os.MkdirAll(s.options.Dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.options.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		s.sweepLocked(entry.Name())
	}
	return nil
}

// inspect warns about functions whose code is missing, and erases what an earlier process
// had no time to erase.
func (s *Service) inspect() {
	s.functions.EraseSoon()
	for _, f := range s.Functions() {
		if err := s.CheckCode(f); err != nil {
			s.note(cloud.Warning, f.Name, "%v", err)
		}
	}
}

// openFolders lets everyone read the folders of a bundle, whatever the local cloud's
// umask is, because functions may run as another user.
func openFolders(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o755)
	})
}

// permissions returns the permissions of an unpacked file. As on AWS, functions are
// neither the owner of their code nor in its group, and cannot change it. Therefore,
// everyone gets the permissions of others, except to write.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
func permissions(mode fs.FileMode) fs.FileMode { return mode & 0o005 * 0o111 }

// unpack writes the files of a zip to dir, with their permissions. It fails
// with InvalidParameterValueException if the zip is broken, too large, or
// contains anything but files and folders inside dir.
func unpack(bundle []byte, dir string) error {
	archive, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return errUnzip
	}
	// A Root refuses every path that leads out of dir.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := uint64(maxUnzipped)
	for _, file := range archive.File {
		if file.UncompressedSize64 > left {
			return badParameter("Unzipped size must be smaller than %d bytes", maxUnzipped)
		}
		left -= file.UncompressedSize64
		if err := unpackFile(root, file); err != nil {
			return err
		}
	}
	return nil
}

var errUnzip = badParameter("Could not unzip uploaded file. Please check your file, then try to upload again.")

func unpackFile(root *os.Root, file *zip.File) error {
	name, mode := path.Clean(file.Name), file.Mode()
	switch {
	case !filepath.IsLocal(filepath.FromSlash(name)):
		return badParameter("%s The path %q leads out of the bundle.", errUnzip.Message, file.Name)
	case mode.IsDir():
		return errorAt(file, root.MkdirAll(name, 0o755))
	case !mode.IsRegular():
		return badParameter("%s %q is neither a file nor a folder. The local cloud unpacks nothing else.", errUnzip.Message, file.Name)
	}
	in, err := file.Open()
	if err != nil {
		return errUnzip
	}
	defer in.Close()
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return errorAt(file, err)
	}
	// A forked process has a copy of every open file until it calls exec, and a
	// file that is open for writing cannot be executed. Therefore no process may be
	// forked while this file is open.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errorAt(file, err)
	}
	size := int64(file.UncompressedSize64)
	n, err := io.Copy(out, io.LimitReader(in, size+1))
	// Set the mode here, because OpenFile would apply the local cloud's umask.
	err = errors.Join(err, out.Chmod(permissions(mode)), out.Close())
	for _, broken := range []error{zip.ErrChecksum, zip.ErrFormat, io.ErrUnexpectedEOF} {
		if errors.Is(err, broken) {
			return errUnzip
		}
	}
	if err == nil && n != size {
		return errUnzip
	}
	return err
}

// errorAt wraps an error that a path in the zip caused, such as a file whose path
// is also that of a folder. It returns err if that is nil or if the disk is full.
func errorAt(file *zip.File, err error) error {
	if err == nil || isFull(err) {
		return err
	}
	return badParameter("%s %q: %v", errUnzip.Message, file.Name, err)
}
