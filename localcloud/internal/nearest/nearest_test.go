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
