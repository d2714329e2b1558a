package cloud_test

import (
	"testing"

	"tally/localcloud/cloud"
)

func TestStem(t *testing.T) {
	for name, want := range map[string]string{
		"main-greet-1a2b3c4": "main-greet",
		"greet-0000000":      "greet",
		"main-greet":         "main-greet",
		"greet-1a2b3cg":      "greet-1a2b3cg", // no hexadecimal digit
		"greet-1A2B3C4":      "greet-1A2B3C4",
		"greet1a2b3c4":       "greet1a2b3c4",
		"-1a2b3c4":           "",
		"1a2b3c4":            "1a2b3c4",
		"":                   "",
	} {
		if got := cloud.Stem(name); got != want {
			t.Errorf("the stem of %q is %q, want %q", name, got, want)
		}
	}
}
