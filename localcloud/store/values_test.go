package store_test

import (
	"slices"
	"strings"
	"testing"

	"tally/localcloud/store"
)

func TestValuesRange(t *testing.T) {
	disk, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	for name, s := range map[string]*store.Store{"memory": store.InMemory(), "disk": disk} {
		v, other := store.NewValues(s, "v"), store.NewValues(s, "w")
		if err := s.Apply(v.Set("a", []byte("1")), v.Set("b", []byte("2")), v.Set("b\xff", []byte("3")), v.Set("c", []byte("4")), other.Set("b", []byte("5"))); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			from, to   string
			descending bool
			limit      int
			want       string
		}{
			{"a", "c", false, 9, "1 2 3"},
			{"b", "c", true, 9, "3 2"},
			{"a\x00", "d", false, 2, "2 3"},
			{"", "d", true, 1, "4"},
			{"b", "b", false, 9, ""},
			{"c", "a", true, 9, ""},
		} {
			var got []string
			err := v.Range(c.from, c.to, c.descending, func(_ string, value []byte) bool {
				got = append(got, string(value))
				return len(got) < c.limit
			})
			if err != nil || !slices.Equal(got, strings.Fields(c.want)) {
				t.Errorf("%s: from %q to %q, descending %v: %q, %v", name, c.from, c.to, c.descending, got, err)
			}
		}
	}
}
