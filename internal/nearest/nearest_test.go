package nearest

import "testing"

func TestName(t *testing.T) {
	names := []string{"memory", "timeout", "logRetentionDays"}
	for wrong, want := range map[string]string{
		"memory":          "memory",
		"memroy":          "memory",
		"Memory":          "memory",
		"logretentiondas": "logRetentionDays",
		"out":             "",
		"colour":          "",
		"":                "",
	} {
		if got := Name(wrong, names); got != want {
			t.Errorf("Name(%q) = %q, want %q", wrong, got, want)
		}
	}
}

func FuzzEdits(f *testing.F) {
	f.Add("memory", "memroy")
	f.Fuzz(func(t *testing.T, a, b string) {
		d := edits(a, b)
		if d != edits(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Errorf("edits(%q, %q) = %d", a, b, d)
		}
	})
}
