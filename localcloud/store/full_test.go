package store

import (
	"errors"
	"testing"
)

// TestFull checks that a disk with little space refuses changes, that deletions free it,
// and that it goes on by itself afterwards.
func TestFull(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	free := uint64(reserve)
	s.engine.(*disk).free = func() (uint64, error) { return free, nil }
	rows, err := NewTable[int](s, "rows")
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string) error { return s.Commit(rows.Set(key, 1)) }
	if err := errors.Join(put("a"), put("b")); err != nil {
		t.Errorf("with %d bytes: %v", free, err)
	}
	free = reserve - 1
	if err := put("c"); !errors.Is(err, ErrFull) {
		t.Errorf("with %d bytes, Commit returned %v, want ErrFull", free, err)
	}
	if _, visible := rows.Get("c"); visible {
		t.Error("the refused row is visible")
	}
	if err := rows.Delete("a"); err != nil {
		t.Errorf("with %d bytes, Delete returned %v", free, err)
	}
	if err := s.Commit(rows.Unset("b"), rows.Set("c", 1)); !errors.Is(err, ErrFull) || rows.Len() != 1 {
		t.Errorf("a deletion with an addition returned %v, and left %d rows", err, rows.Len())
	}
	free = reserve/4 - 1
	if err := rows.Delete("b"); !errors.Is(err, ErrFull) {
		t.Errorf("with %d bytes, Delete returned %v, want ErrFull", free, err)
	}
	free = reserve
	if err := put("c"); err != nil {
		t.Errorf("once there is space again: %v", err)
	}
	s.engine.(*disk).free = func() (uint64, error) { return 0, errors.New("unknown") }
	if err := put("d"); err == nil {
		t.Error("accepted although the space is unknown")
	}
}
