package dynamodb

import (
	"errors"
	"testing"

	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/store"
)

func TestSuccessor(t *testing.T) {
	for prefix, want := range map[string]string{"a": "b", "a\x00": "a\x01", "a\xff": "b", "a\xff\xff": "b", "a\xfe": "a\xff"} {
		if got := successor(prefix); got != want {
			t.Errorf("successor(%q) = %q, want %q", prefix, got, want)
		}
	}
}

// A damaged item is refused as such.
func FuzzStoredItem(f *testing.F) {
	item := attribute.Item{"id": attribute.String("a"), "n": attribute.Int(42), "m": attribute.Map(attribute.Item{"l": attribute.List(attribute.Bool(true), attribute.Null())})}
	stored, err := encodeItem(item)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored)
	f.Add(stored[:len(stored)-1])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, stored []byte) {
		item, _, err := decodeItem(stored)
		if err != nil {
			if !errors.Is(err, store.ErrUnusable) {
				t.Errorf("%q: %v", stored, err)
			}
			return
		}
		again, err := encodeItem(item)
		if err != nil {
			t.Fatal(err)
		}
		if same, _, err := decodeItem(again); err != nil || !same.Equal(item) {
			t.Errorf("%q becomes %q, %v", stored, again, err)
		}
	})
}
