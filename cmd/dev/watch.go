package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watched are the folders of the project in which something is edited.
var watched = []string{"functions", "internal", "infra"}

const (
	// quiet is how long nothing may be saved before a change counts as complete: editors
	// write a file in several steps, and formatters once more.
	quiet = 30 * time.Millisecond
	// longest is how long changes may go on.
	longest = 300 * time.Millisecond
)

// watch sends the time of each change in the folders that are watched, and of the files
// beside them. Changes during the work on an earlier one are one. The channel is closed if
// the folders cannot be watched any more.
func watch(root string) (<-chan time.Time, func(), error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, nil, err
	}
	if err := w.Add(root); err != nil {
		return nil, nil, err
	}
	for _, dir := range watched {
		if err := addFolders(w, filepath.Join(root, dir)); err != nil {
			w.Close()
			return nil, nil, fmt.Errorf("watch %s: %w", dir, err)
		}
	}
	changes := make(chan time.Time, 1)
	go gather(w, root, changes)
	return changes, func() { w.Close() }, nil
}

// addFolders watches dir and the folders below it.
func addFolders(w *fsnotify.Watcher, dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // removed meanwhile
		}
		if err != nil || !entry.IsDir() {
			return err
		}
		return w.Add(path)
	})
}

// gather combines events that belong together.
func gather(w *fsnotify.Watcher, root string, changes chan<- time.Time) {
	defer close(changes)
	var first time.Time // of the events that have not been sent
	timer := time.NewTimer(0)
	for {
		select {
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			if e.Has(fsnotify.Create) && !besideFolders(root, e.Name) {
				_ = addFolders(w, e.Name) // a file, or it is gone already
			}
			if !matters(root, e) {
				continue
			}
			if first.IsZero() {
				first = time.Now()
			}
			timer.Reset(min(quiet, max(0, longest-time.Since(first))))
		case _, ok := <-w.Errors: // too many events at once: look at everything
			if !ok {
				return
			}
			first = time.Now()
			timer.Reset(quiet)
		case <-timer.C:
			if first.IsZero() {
				continue
			}
			select {
			case changes <- first:
			default: // one waits already
			}
			first = time.Time{}
		}
	}
}

// besideFolders reports whether a file is in the project's folder itself.
func besideFolders(root, name string) bool { return filepath.Dir(name) == root }

// matters reports whether an event may change what is deployed.
func matters(root string, e fsnotify.Event) bool {
	name := filepath.Base(e.Name)
	if e.Op == fsnotify.Chmod || strings.HasSuffix(name, "_test.go") {
		return false
	}
	return !besideFolders(root, e.Name) || name == "go.mod" || name == "go.sum" ||
		strings.HasPrefix(name, "Pulumi.") && strings.HasSuffix(name, ".yaml")
}

// hashFiles returns a hash of the Go files in and below dir, other than those of tests, and
// of other files. A file that cannot be read is the same as none.
func hashFiles(dir string, others []string) string {
	files := slices.Clone(others)
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return nil
	})
	sum := sha256.New()
	for _, name := range files {
		content, _ := os.ReadFile(name)
		fmt.Fprintf(sum, "%q %x\n", name, sha256.Sum256(content))
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
