package store

import (
	"errors"
	"os"
	"path/filepath"
)

// WriteFile writes a file that only its owner can read, and replaces one that exists. After
// a crash, the file has either its new content or what it had before.
func WriteFile(path string, content []byte) error {
	// In a new state, isNew expects the prefix; Pulumi takes a file that ends in .json,
	// beside that of a stack, for another stack.
	part := filepath.Join(filepath.Dir(path), "temporary."+filepath.Base(path)+".new")
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
