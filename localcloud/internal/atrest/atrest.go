// Package atrest helps tests to prove that a secret is not in the files of the state.
package atrest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// part is the length of the part of a text that is looked for, in bytes: the files may be
// compressed, which leaves most parts of a random text as they are, but seldom all of it.
const part = 8

// FilesWith returns the paths of the files below dir that contain any eight bytes of the
// text, which must be random and have at least that many. To find a text for certain, close
// the store in dir: an open one replaces its files while they are read.
func FilesWith(t testing.TB, dir, text string) (found []string) {
	t.Helper()
	if len(text) < part {
		t.Fatalf("%q is too short to be looked for", text)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if containsPart(raw, text) {
			found = append(found, path)
		}
		if errors.Is(err, fs.ErrNotExist) { // an open store has replaced it
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func containsPart(raw []byte, text string) bool {
	for i := range len(text) - part + 1 {
		if bytes.Contains(raw, []byte(text[i:i+part])) {
			return true
		}
	}
	return false
}
