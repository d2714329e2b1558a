package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tally/localcloud/store"
)

// stored and logged are the rows of a fixture that are in tables and in the log.
const stored, logged = 300, 50

// fixture returns a folder with a state, with files of every kind. It is as SIGKILL
// leaves it, unless closed.
func fixture(t *testing.T, closed bool) string {
	t.Helper()
	dir, copied := t.TempDir(), t.TempDir()
	s := open(t, dir)
	tab, values := table(t, s), store.NewValues(s, "bodies")
	put := func(n int) {
		if err := s.Commit(tab.Set(fmt.Sprintf("row-%04d", n), row{n}), values.Set(fmt.Sprint(n), body(n))); err != nil {
			t.Fatal(err)
		}
	}
	for n := range stored {
		put(n)
	}
	if err := s.Erase(); err != nil { // which moves all rows from the log to tables
		t.Fatal(err)
	}
	for n := range logged {
		put(stored + n)
	}
	if !closed {
		copyState(t, dir, copied)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if closed {
		return dir
	}
	return copied
}

func body(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "body %d;", n), 100) }

// copyState copies the state while it is in use. A file that is deleted meanwhile is not needed.
func copyState(t *testing.T, from, to string) {
	t.Helper()
	to = filepath.Join(to, store.Folder)
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range files(t, from) {
		raw, err := os.ReadFile(filepath.Join(from, store.Folder, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), raw, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// files returns the names of the files of a state.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, store.Folder))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// kind returns the kind of a file of the engine.
func kind(name string) string {
	for _, k := range []string{"MANIFEST", "OPTIONS", "marker.format", "marker.manifest", "LOCK", "format", "closed"} {
		if strings.HasPrefix(name, k) {
			return k
		}
	}
	return filepath.Ext(name) // .log or .sst
}

// read opens the state and returns how many rows it holds. The rows must be the first
// ones, with their values.
func read(t *testing.T, dir string) (n int, err error) {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	tab, err := store.NewTable[row](s, "rows")
	if err != nil {
		return 0, err
	}
	values := store.NewValues(s, "bodies")
	for i, r := range tab.All() {
		got, err := values.Get(fmt.Sprint(i))
		if err != nil {
			return 0, err
		}
		if r.N != i || !bytes.Equal(got, body(i)) {
			return 0, fmt.Errorf("row %d holds %v and a value of %d bytes", i, r, len(got))
		}
		n++
	}
	return n, nil
}

// check fails the test unless the state is refused with advice, or complete, or lacks
// only the last changes of the log if that may be.
func check(t *testing.T, dir, what string, mayLack bool) (refused bool) {
	t.Helper()
	n, err := read(t, dir)
	switch {
	case err != nil && !errors.Is(err, store.ErrUnusable):
		t.Errorf("%s: the error gives no advice: %v", what, err)
	case err == nil && n != stored+logged && !(mayLack && n >= stored):
		t.Errorf("%s: opened with %d of %d rows", what, n, stored+logged)
	}
	return err != nil
}

// TestDamaged damages each file of a state in several ways. All damage is noticed when
// the state is opened or read, with one exception: after a crash, changes at the end of
// the log may be missing, because this is how a crash in the middle of a write looks.
func TestDamaged(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano() % 1e6)
	random := rand.New(rand.NewPCG(seed, 0))
	ways := map[string]func(raw []byte) []byte{
		"deleted":     nil,
		"empty":       func(raw []byte) []byte { return raw[:0] },
		"cut in half": func(raw []byte) []byte { return raw[:len(raw)/2] },
		"cut off":     func(raw []byte) []byte { return raw[:max(0, len(raw)-1)] },
		"zeroed":      func(raw []byte) []byte { return make([]byte, len(raw)) },
	}
	for n := range 4 {
		ways[fmt.Sprintf("flipped bit %d", n)] = func(raw []byte) []byte { return flip(random, raw) }
	}
	for _, closed := range []bool{true, false} {
		whole := fixture(t, closed)
		kinds := map[string]bool{}
		for _, name := range files(t, whole) {
			kinds[kind(name)] = true
			for what, damage := range ways {
				dir := t.TempDir()
				copyState(t, whole, dir)
				change(t, filepath.Join(dir, store.Folder, name), damage)
				what := fmt.Sprintf("seed %d, closed %t: %s %s", seed, closed, name, what)
				refused := check(t, dir, what, !closed && kind(name) == ".log")
				needed := kind(name) != "LOCK" && kind(name) != "closed" && (closed || kind(name) != "OPTIONS")
				if damage == nil && refused != needed {
					t.Errorf("%s: refused %t, want %t", what, refused, needed)
				}
			}
		}
		want := []string{".log", ".sst", "LOCK", "MANIFEST", "OPTIONS", "format", "marker.format", "marker.manifest"}
		if closed {
			want = slices.Insert(want, 5, "closed")
		}
		if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
			t.Errorf("the state has files of the kinds %q, want %q", got, want)
		}
		if check(t, whole, "undamaged", false) {
			t.Error("the undamaged state is refused")
		}
	}
}

// change damages a file, or deletes it.
func change(t *testing.T, path string, damage func(raw []byte) []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil && damage == nil {
		err = os.Remove(path)
	} else if err == nil {
		err = os.WriteFile(path, damage(raw), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// flip changes one bit.
func flip(random *rand.Rand, raw []byte) []byte {
	raw = slices.Clone(raw)
	if len(raw) > 0 {
		raw[random.IntN(len(raw))] ^= 1 << random.IntN(8)
	}
	return raw
}
