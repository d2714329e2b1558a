// Package project copies the project for end-to-end tests and offline previews,
// and provides them with an environment without any credentials.
package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Copy copies the files of the project that git tracks or would add from one
// folder to another. Tests and previews use a copy because Pulumi writes to a
// stack's configuration and tests change code.
func Copy(ctx context.Context, from, to string) error {
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = from
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("git ls-files in %s: %w", from, err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if err := CopyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// CopyFile copies a file with its mode and creates the folders above it. It does
// nothing if the file does not exist.
func CopyFile(from, to string) error {
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed, but still tracked by git
	}
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, raw, info.Mode())
}

// Environ returns this process's environment with the given folders first on
// PATH, and without any variable that could select a real account or another
// Pulumi backend.
func Environ(path ...string) []string {
	path = append(path, os.Getenv("PATH"))
	env := []string{"PATH=" + strings.Join(path, string(os.PathListSeparator)), "GOFLAGS=-trimpath"}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if name != "PATH" && name != "GOFLAGS" && !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "PULUMI_") {
			env = append(env, kv)
		}
	}
	return env
}
