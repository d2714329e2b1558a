package store_test

import (
	"testing"

	"tally/localcloud/store"
)

func TestLog(t *testing.T) {
	st, log := store.InMemoryWithLog()
	v := store.NewValues(st, "v")
	for _, value := range []string{"1", "2"} {
		if err := st.Commit(v.Set("k", []byte(value)), v.Set(value, []byte{})); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Apply(v.Unset("k")); err != nil {
		t.Fatal(err)
	}
	log.Refuse(store.ErrFull)
	if err := st.Apply(v.Set("k", []byte("3"))); err != store.ErrFull {
		t.Errorf("error %v, want ErrFull", err)
	}
	if log.Len() != 3 || log.Synced() != 2 {
		t.Errorf("%d changes, %d synced, want 3 and 2", log.Len(), log.Synced())
	}
	for n, want := range []string{"", "1", "2", ""} {
		got, err := store.NewValues(log.At(n), "v").Get("k")
		if err != nil || string(got) != want {
			t.Errorf("after %d changes: %q, %v, want %q", n, got, err, want)
		}
	}
}
