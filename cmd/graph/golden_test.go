package main

import (
	"bytes"
	"testing"
)

// TestGolden previews every environment with the real engine: a change of its
// infrastructure shows in the committed graphs, and so to whoever reviews it.
func TestGolden(t *testing.T) {
	t.Chdir("../..")
	for _, stack := range []string{"dev", "staging", "prod"} {
		t.Run(stack, func(t *testing.T) {
			var out bytes.Buffer
			if err := run(t.Context(), []string{stack}, false, &out); err != nil {
				t.Errorf("%v\n%s", err, &out)
			}
		})
	}
}
