package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"tally/localcloud/store"
)

// TestOpenForeign checks that what is not a state of this version is refused with advice,
// and left as it is.
func TestOpenForeign(t *testing.T) {
	for what, c := range map[string]struct {
		prepare func(t *testing.T, state string)
		want    string
	}{
		"a database of another program": {func(t *testing.T, state string) {
			db, err := pebble.Open(state, &pebble.Options{FormatMajorVersion: pebble.FormatMinSupported})
			if err == nil {
				err = errors.Join(db.Set([]byte("k"), []byte("v"), pebble.Sync), db.Flush(), db.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}, "not the state of a local cloud"},
		"a newer format": {func(t *testing.T, state string) {
			if err := open(t, filepath.Dir(state)).Close(); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(state, "format"), "2")
		}, `another version of the local cloud (format "2", this version reads "1")`},
		"another file in the folder":     {func(t *testing.T, state string) { write(t, filepath.Join(state, "notes.txt"), "mine") }, "it has notes.txt"},
		"a file in place of the folder":  {func(t *testing.T, state string) { write(t, state, "") }, "not a directory"},
		"the file of an earlier version": {func(t *testing.T, state string) { write(t, state+".db", "bbolt") }, "written by an earlier version"},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			c.prepare(t, filepath.Join(dir, store.Folder))
			before := contents(t, dir)
			_, err := store.Open(dir)
			if !errors.Is(err, store.ErrUnusable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open returned %v, want an ErrUnusable with %q", err, c.want)
			}
			after := contents(t, dir)
			for name, text := range before {
				if after[name] != text {
					t.Errorf("Open has changed %s", name)
				}
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// contents returns the contents of all files below dir by path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		all[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestOpenAfterInterruptedCreation checks that a state whose creation was interrupted, at
// any file, is created by the next Open.
func TestOpenAfterInterruptedCreation(t *testing.T) {
	whole := t.TempDir()
	if err := open(t, whole).Close(); err != nil {
		t.Fatal(err)
	}
	names := files(t, whole)
	for n := range names {
		dir := t.TempDir()
		copyState(t, whole, dir)
		for i, name := range names {
			path := filepath.Join(dir, store.Folder, name)
			switch {
			case i >= n || name == "format" || name == "closed":
				change(t, path, nil)
			case filepath.Ext(name) == ".log":
				write(t, path, "")
			}
		}
		s, err := store.Open(dir)
		if err != nil {
			t.Errorf("with %q: %v", names[:n], err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestGone checks that a state whose folder is removed or replaced acknowledges nothing.
func TestGone(t *testing.T) {
	for what, remove := range map[string]func(state string) error{
		"removed": os.RemoveAll,
		"renamed": func(state string) error { return os.Rename(state, state+"-old") },
		"replaced": func(state string) error {
			return errors.Join(os.Rename(state, state+"-old"), os.Mkdir(state, 0o700))
		},
	} {
		dir := t.TempDir()
		s := open(t, dir)
		tab := table(t, s)
		if err := errors.Join(tab.Put("a", row{1}), s.Check()); err != nil {
			t.Fatal(err)
		}
		if err := remove(filepath.Join(dir, store.Folder)); err != nil {
			t.Fatal(err)
		}
		if err := tab.Put("b", row{2}); !errors.Is(err, store.ErrGone) {
			t.Errorf("%s: Put returned %v, want ErrGone", what, err)
		}
		if _, ok := tab.Get("b"); ok {
			t.Errorf("%s: the refused row is visible", what)
		}
		if err := s.Sync(); !errors.Is(err, store.ErrGone) {
			t.Errorf("%s: Sync returned %v, want ErrGone", what, err)
		}
		if err := s.Check(); !errors.Is(err, store.ErrGone) {
			t.Errorf("%s: Check returned %v, want ErrGone", what, err)
		}
		if err := s.Close(); !errors.Is(err, store.ErrGone) {
			t.Errorf("%s: Close returned %v, want ErrGone", what, err)
		}
	}
}

func TestClosed(t *testing.T) {
	s := open(t, t.TempDir())
	tab, values := table(t, s), store.NewValues(s, "bodies")
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	_, err := values.Get("a")
	for what, err := range map[string]error{
		"Put": tab.Put("a", row{1}), "Get": err, "Sync": s.Sync(), "Erase": s.Erase(),
		"Ascend": values.Ascend("", "", func(string, []byte) bool { return true }),
	} {
		if err == nil || err.Error() != "the state is closed" {
			t.Errorf("%s returned %v", what, err)
		}
	}
	if n := s.Size(); n != 0 {
		t.Errorf("Size returned %d", n)
	}
}

func TestAwaitRelease(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := store.AwaitRelease(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is open: %v, want the context's error", err)
	}
	released := make(chan error, 1)
	go func() { released <- store.AwaitRelease(t.Context(), dir) }()
	if err := errors.Join(s.Close(), <-released); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := store.AwaitRelease(t.Context(), dir); err != nil {
		t.Errorf("of a folder that does not exist: %v", err)
	}
}
