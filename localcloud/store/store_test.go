package store_test

import (
	"errors"
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

func TestTableInMemory(t *testing.T) {
	tab := table(t, nil)
	if err := tab.Put("a", row{1}); err != nil {
		t.Fatal(err)
	}
	if got, ok := tab.Get("a"); !ok || got.N != 1 {
		t.Errorf("Get = %v, %v", got, ok)
	}
}
