package schema

import (
	"encoding/json"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// FuzzCheck passes arbitrary JSON to Check, which must not panic, and must accept
// its own output unchanged.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		`{"room":"hall"}`, `{"room":null,"shade":{"size":1.5}}`, `{"tags":{"a":["b"]},"colours":{"x":1}}`,
		`{"room":"r","bulbs":[{"socket":"s"},{}],"plan":"[1]","warmth":0.5}`,
		`{"room":"r","policy":{"Statement":[{"Effect":"Allow"}]},"code":"x","__defaults":["name"]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m map[string]any
		if json.Unmarshal(raw, &m) != nil {
			return
		}
		in, failures := lamp().Check(CheckRequest{Name: "lamp", New: props(m), Old: props(m)})
		lamp().PreviewUpdate(props(m), props(m), in)
		if len(failures) > 0 {
			return
		}
		program := in.Copy()
		delete(program, tagsAll) // Check adds it, and refuses it in a program
		again, failures := lamp().Check(CheckRequest{Name: "lamp", New: program, Old: in})
		if len(failures) > 0 {
			t.Fatalf("accepted, then refused: %v", failures)
		}
		if d := lamp().Diff(nil, in, again); d.Changes != pulumirpc.DiffResponse_DIFF_NONE {
			t.Errorf("checked twice: %v", d.DetailedDiff)
		}
	})
}
