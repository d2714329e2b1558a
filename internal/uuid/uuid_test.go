package uuid

import (
	"strings"
	"testing"
)

func TestUUIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		seen[New()] = true
	}
	keys := [][2]string{{"", "a"}, {"a", ""}, {"", "1 a"}, {"a", "b"}, {"ab", ""}, {"", "ab"}, {"arn:aws:iam::1:user/a", "k"}, {"arn:aws:iam::1:user/b", "k"}}
	for _, k := range keys {
		seen[For(k[0], k[1])] = true
	}
	if len(seen) != 100+len(keys) {
		t.Errorf("only %d IDs differ", len(seen))
	}
	for id := range seen {
		if version := id[14]; !Valid(id) || version != '4' && version != '8' || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Errorf("ID %s", id)
		}
	}
	if got, want := For("caller", "key"), "143ca490-05b6-8549-a4a2-cebe18188a4d"; got != want {
		t.Errorf("the ID of a key has changed: got %s, want %s", got, want)
	}
	const id = "0a1b2c3d-0000-4000-8000-000000000001"
	for _, id := range []string{"", "a", strings.ToUpper(id), id + "0", strings.Replace(id, "-", "0", 1), strings.Replace(id, "0", "-", 1), strings.Replace(id, "0", "g", 1)} {
		if Valid(id) {
			t.Errorf("%q is valid", id)
		}
	}
}
