package dynamodb

import (
	"testing"

	"tally/localcloud/store"
)

// A reader does not wait for the disk unless it may have seen a change that is not on disk:
// also one that is in the store, but not counted yet.
func TestSettleWaitsForChangesInProgress(t *testing.T) {
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Store: st})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil { // waiting fails from now on
		t.Fatal(err)
	}
	if err := s.settle(); err != nil {
		t.Errorf("without a change: %v", err)
	}
	s.applying.Add(1)
	if s.settle() == nil {
		t.Error("settle did not wait for the change")
	}
}
