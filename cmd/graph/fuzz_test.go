package main

import (
	"encoding/json"
	"slices"
	"testing"
)

// FuzzParse checks that the graph depends neither on the order in which the engine
// happened to plan the resources, nor on chance.
func FuzzParse(f *testing.F) {
	f.Add([]byte(previewed))
	f.Add([]byte(`{"steps":[{"newState":{"urn":"a::b::c::d","inputs":{"x":"d-0000000","y":"d-0000000-0000000"}}},{"newState":{"urn":"a::b::p$c::d"}}]}`))
	f.Add([]byte("error: no such stack"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		resources, err := parse(raw)
		if err != nil {
			return
		}
		want, err := render(resources)
		if err != nil {
			t.Fatal(err)
		}
		var d digest
		if json.Unmarshal(raw, &d) != nil {
			t.Fatal("parse accepts what is not a preview")
		}
		urns := map[string]bool{}
		for _, step := range d.Steps {
			if urns[step.urn()] {
				return // the engine plans no resource twice
			}
			urns[step.urn()] = true
		}
		var preview struct {
			Steps []json.RawMessage `json:"steps"`
		}
		if json.Unmarshal(raw, &preview) != nil {
			t.Fatal("parse accepts what is not JSON")
		}
		for range 2 {
			slices.Reverse(preview.Steps)
			again, err := json.Marshal(preview)
			if err != nil {
				t.Fatal(err)
			}
			resources, err := parse(again)
			if err != nil {
				t.Fatalf("%s: %v", again, err)
			}
			if got, _ := render(resources); got != want {
				t.Errorf("%s is\n%s\nand with its steps in another order\n%s", raw, want, got)
			}
		}
	})
}
