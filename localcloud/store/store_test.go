package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tally/localcloud/store"
)

type row struct{ N int }

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func table(t *testing.T, s *store.Store) *store.Table[row] {
	t.Helper()
	tab, err := store.NewTable[row](s, "rows")
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func TestTableSurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	tab := table(t, s)
	for key, n := range map[string]int{"b": 2, "a": 1, "c": 3} {
		if err := tab.Put(key, row{n}); err != nil {
			t.Fatal(err)
		}
	}
	if err := tab.Put("a", row{10}); err != nil {
		t.Fatal(err)
	}
	if err := tab.Delete("c"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, dir)
	defer s.Close()
	tab = table(t, s)
	if got := tab.All(); len(got) != 2 || got[0] != (row{10}) || got[1] != (row{2}) {
		t.Errorf("All() = %v, want [{10} {2}]", got)
	}
	if _, ok := tab.Get("c"); ok {
		t.Error("the deleted row came back")
	}
}

func TestOpenTwice(t *testing.T) {
	dir := t.TempDir()
	defer open(t, dir).Close()
	if _, err := store.Open(dir); !errors.Is(err, store.ErrInUse) {
		t.Errorf("second Open returned %v, want ErrInUse", err)
	}
}

func TestOpenDamaged(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "state.db"), bytes.Repeat([]byte("x"), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "remove the folder "+dir) {
		t.Errorf("got %v, want an error that suggests removing the folder", err)
	}
}

func TestTableInMemory(t *testing.T) {
	tab := table(t, nil)
	if err := tab.Put("a", row{1}); err != nil {
		t.Fatal(err)
	}
	if got, ok := tab.Get("a"); !ok || got.N != 1 {
		t.Errorf("Get = %v, %v", got, ok)
	}
}
