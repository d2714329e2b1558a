package main

import (
	"bytes"
	"testing"
)

// TestGolden previews every environment with the real engine: reviewers see a
// change of its infrastructure in the committed graphs.
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
