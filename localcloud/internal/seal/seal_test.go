package seal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tally/localcloud/internal/seal"
)

func open(t *testing.T, file string) *seal.Box {
	t.Helper()
	b, err := seal.New(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A value can be read again with the key of the file, under its name, and only so.
func TestBox(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	const secret = "correct horse battery staple"
	sealed := open(t, file).Seal(secret, "a")
	if bytes.Contains(sealed, []byte(secret)) || bytes.Equal(sealed, open(t, file).Seal(secret, "a")) {
		t.Errorf("sealed as %q", sealed)
	}
	if got, err := open(t, file).Open(sealed, "a"); err != nil || got != secret {
		t.Errorf("opened as %q, %v", got, err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for what, try := range map[string]func() (string, error){
		"another name":  func() (string, error) { return open(t, file).Open(sealed, "b") },
		"another key":   func() (string, error) { return open(t, "").Open(sealed, "a") },
		"a changed one": func() (string, error) { return open(t, file).Open(changed, "a") },
		"none":          func() (string, error) { return open(t, file).Open(nil, "a") },
	} {
		if got, err := try(); got != "" || !errors.Is(err, seal.ErrSealed) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	open(t, file)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 32 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.New(file); err == nil || !strings.Contains(err.Error(), "other users can read or change") {
		t.Errorf("a key that the group can read: %v", err)
	}
	if err := errors.Join(os.Chmod(file, 0o600), os.WriteFile(file, []byte("short"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.New(file); err == nil || !strings.Contains(err.Error(), "contains no key") {
		t.Errorf("a short key: %v", err)
	}
}
