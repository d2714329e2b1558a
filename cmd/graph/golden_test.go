package main

import (
	"bytes"
	"testing"
)

// TestGolden previews every AWS stack with the Pulumi engine. It fails if a
// graph differs from the committed one, so reviewers see every change of the
// infrastructure.
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
