package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"tally/localcloud/store"
)

// TestKilledWhileClosing leaves what a kill leaves that comes before the list of files has
// its final name. The next list must not have that file, because writing it removes it.
func TestKilledWhileClosing(t *testing.T) {
	dir := t.TempDir()
	reopen := func() {
		t.Helper()
		s, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	reopen()
	closed := filepath.Join(dir, "state", "closed")
	if err := os.Rename(closed, filepath.Join(filepath.Dir(closed), "temporary.closed.new")); err != nil {
		t.Fatal(err)
	}
	reopen()
	reopen()
}
