package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cockroachdb/pebble/v2/record"
)

// The files beside the engine's.
const (
	// formatFile holds the version of keys and values. It is written last when a state
	// is created, so that a state that has none, and no data, was never used.
	formatFile = "format"
	// format is that of this version.
	format = "1"
	// closedFile lists the files of a state that was closed in order, with their sizes
	// and check sums. The engine cannot notice that a log was removed or cut off,
	// because that is what a crash may leave; with the list, Open can.
	closedFile = "closed"
	// lockFile is the engine's.
	lockFile = "LOCK"
)

// isNew reports whether dir has no state yet, only the files of an engine whose creation
// was interrupted, if any. It fails for the state of another version or program, before
// the engine changes its files.
func isNew(dir string) (bool, error) {
	found, err := os.ReadFile(filepath.Join(dir, formatFile))
	if err == nil && string(found) != format {
		err = unusable(dir, fmt.Errorf("written by another version of the local cloud (format %q, this version reads %q)", found, format))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return false, err
		}
		if !created.MatchString(e.Name()) && (filepath.Ext(e.Name()) != ".log" || info.Size() > 0) {
			return false, unusable(dir, fmt.Errorf("not the state of a local cloud: it has %s and no file named %s", e.Name(), formatFile))
		}
	}
	return true, nil
}

// created matches the files that an engine creates before it stores anything.
var created = regexp.MustCompile(`^(LOCK|MANIFEST-.*|OPTIONS-.*|CURRENT.*|marker\..*|temporary\..*)$`)

// writeClosed writes the list of the files in dir.
func writeClosed(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, e := range entries {
		if e.Name() == lockFile {
			continue // on Unix, closing it would release the lock
		}
		if strings.HasPrefix(e.Name(), "temporary.") {
			continue // a crash left it, and writing this list may remove it
		}
		line, err := describe(dir, e.Name())
		if err != nil {
			return err
		}
		list.WriteString(line)
	}
	return WriteFile(filepath.Join(dir, closedFile), []byte(list.String()))
}

// describe returns the line of a file in the list. Tables have check sums of their own,
// and may be large.
func describe(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	if filepath.Ext(name) == ".sst" {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s %d\n", name, info.Size()), nil
	}
	raw, err := os.ReadFile(path)
	return fmt.Sprintf("%s %d %08x\n", name, len(raw), crc32.ChecksumIEEE(raw)), err
}

// checkFiles finds damage that the engine takes for a crash: it fails if a file is not as
// it was when the state was closed or, after a crash, if there is no log or the engine's
// list of tables ends in the middle.
func checkFiles(dir string) error {
	list, err := os.ReadFile(filepath.Join(dir, closedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return checkCrashed(dir)
	}
	if err != nil {
		return err
	}
	for was := range strings.Lines(string(list)) {
		name, _, _ := strings.Cut(was, " ")
		is, err := describe(dir, name)
		if isMachine(err) {
			return err
		}
		if err != nil {
			return unusable(dir, err)
		}
		if is != was {
			return unusable(dir, fmt.Errorf("%s has changed since the state was closed", name))
		}
	}
	return nil
}

func checkCrashed(dir string) error {
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) == 0 {
		return errors.Join(err, unusable(dir, errors.New("its log is missing")))
	}
	manifests, err := filepath.Glob(filepath.Join(dir, "MANIFEST-*"))
	if err != nil {
		return err
	}
	for _, path := range manifests {
		if err := checkManifest(path); err != nil {
			return err
		}
	}
	return nil
}

// checkManifest fails if the list of tables has a record that is damaged or not whole. The
// engine would ignore the rest of the list, and delete the tables in it.
func checkManifest(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for records := record.NewReader(f, 0); err == nil; {
		var r io.Reader
		if r, err = records.Next(); err == nil {
			_, err = io.Copy(io.Discard, r)
		}
	}
	if err == io.EOF {
		return nil
	}
	return unusable(path, err)
}

// removeClosed removes the list for good, before the state is changed.
func removeClosed(dir string) error {
	err := os.Remove(filepath.Join(dir, closedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncFolder(dir)
}
