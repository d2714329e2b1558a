package schema

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestDiff(t *testing.T) {
	hash := func(h string) *archive.Archive {
		return &archive.Archive{Sig: archive.ArchiveSig, Path: "x.zip", Hash: h}
	}
	base := props(map[string]any{
		"name": "lamp-1234567", "room": "hall", "watts": 40, "colours": []any{"red", "blue"},
		"policy": `{"Statement":[{"Action":["b","a"],"Effect":"Allow"}]}`,
		"shade":  map[string]any{"size": 1, "labels": map[string]any{"a": "1", "b": "2"}},
		"code":   hash("one"), "plan": `{"a":[1,2],"b":1}`, "warmth": 2.5, "bulbs": []any{map[string]any{"socket": "E27"}}, defaults: []any{"name"},
	})
	state := with(base, map[string]any{"bulbs": []any{map[string]any{"socket": "E27", "watts": 9}}, "shade": map[string]any{"size": 1, "fabric": "linen", "labels": map[string]any{"a": "1", "b": "2"}}})
	for name, tc := range map[string]struct {
		change   map[string]any
		detail   map[string]string
		replaces []string
		first    bool // delete before replace
	}{
		"nothing":                 {},
		"policy, reformatted":     {change: map[string]any{"policy": `{ "Statement": {"Effect":"Allow", "Action":["a","b"]} }`}},
		"policy, omitted":         {change: map[string]any{"policy": nil}},
		"policy, changed":         {change: map[string]any{"policy": `{}`}, detail: map[string]string{"policy": "UPDATE"}},
		"empty is nothing":        {change: map[string]any{"dim": false, "tags": map[string]any{}}},
		"computed inside":         {change: map[string]any{"shade": map[string]any{"size": 1, "fabric": "silk", "labels": map[string]any{"a": "1", "b": "2"}}}, detail: map[string]string{"shade.fabric": "UPDATE"}},
		"the same computed":       {change: map[string]any{"shade": map[string]any{"size": 1, "fabric": "linen", "labels": map[string]any{"a": "1", "b": "2"}}}},
		"add":                     {change: map[string]any{"dim": true}, detail: map[string]string{"dim": "ADD"}},
		"delete":                  {change: map[string]any{"colours": nil}, detail: map[string]string{"colours": "DELETE"}},
		"list":                    {change: map[string]any{"colours": []any{"red", "green"}}, detail: map[string]string{"colours[1]": "UPDATE"}},
		"nested":                  {change: map[string]any{"shade": map[string]any{"size": 1, "labels": map[string]any{"a": "3", "c": "4"}}}, detail: map[string]string{"shade.labels.a": "UPDATE", "shade.labels.b": "DELETE", "shade.labels.c": "ADD"}},
		"secret, same":            {change: map[string]any{"watts": resource.MakeSecret(resource.NewNumberProperty(40))}},
		"float":                   {change: map[string]any{"warmth": 2.75}, detail: map[string]string{"warmth": "UPDATE"}},
		"document, reformatted":   {change: map[string]any{"plan": `{ "b": 1.0, "a": [1, 2] }`}},
		"document, reordered":     {change: map[string]any{"plan": `{"a":[2,1],"b":1}`}, detail: map[string]string{"plan": "UPDATE"}},
		"objects, computed":       {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E27", "watts": 9}}}},
		"objects, changed":        {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E14"}}}, detail: map[string]string{"bulbs[0].socket": "UPDATE"}},
		"objects, one more":       {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E27"}, map[string]any{"socket": "E14"}}}, detail: map[string]string{"bulbs[1]": "ADD"}},
		"archive moved":           {change: map[string]any{"code": &archive.Archive{Sig: archive.ArchiveSig, Path: "elsewhere/x.zip", Hash: "one"}}},
		"archive changed":         {change: map[string]any{"code": hash("two")}, detail: map[string]string{"code": "UPDATE"}},
		"unknown":                 {change: map[string]any{"watts": unknown()}, detail: map[string]string{"watts": "UPDATE"}},
		"replace, generated name": {change: map[string]any{"room": "attic"}, detail: map[string]string{"room": "UPDATE_REPLACE"}, replaces: []string{"room"}},
		"replace, unknown":        {change: map[string]any{"room": unknown()}, detail: map[string]string{"room": "UPDATE_REPLACE"}, replaces: []string{"room"}},
		"replace, named":          {change: map[string]any{"room": "attic", defaults: []any{}}, detail: map[string]string{"room": "UPDATE_REPLACE"}, replaces: []string{"room"}, first: true},
		"replace, renamed":        {change: map[string]any{"name": "new", defaults: []any{}}, detail: map[string]string{"name": "UPDATE_REPLACE"}, replaces: []string{"name"}},
		"replace and an update":   {change: map[string]any{"room": "attic", "watts": 60}, detail: map[string]string{"room": "UPDATE_REPLACE", "watts": "UPDATE"}, replaces: []string{"room"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := lamp().Diff(state, base, with(base, tc.change))
			detail := map[string]string{}
			for path, d := range got.DetailedDiff {
				detail[path] = d.Kind.String()
			}
			if !maps.Equal(detail, tc.detail) || !slices.Equal(got.Replaces, tc.replaces) || got.DeleteBeforeReplace != tc.first {
				t.Errorf("diff %v, replaces %v, delete first %v", detail, got.Replaces, got.DeleteBeforeReplace)
			}
			if changed := len(tc.detail) > 0; changed != (got.Changes == pulumirpc.DiffResponse_DIFF_SOME) {
				t.Errorf("changes: %v", got.Changes)
			}
			if !slices.Equal(got.Stables, []string{"arn"}) {
				t.Errorf("stables: %v", got.Stables)
			}
		})
	}
}

// FuzzDetails compares the paths of differences with those that Pulumi's own library
// finds.
func FuzzDetails(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":[1,{"c":2}],"d":{"e f":null,"g":{"h":1}},"i":[[1]]}`), []byte(`{"a":2,"b":[1,{"c":3},4],"d":{"e f":1,"g":null},"i":[[],1]}`))
	f.Add([]byte(`{"a":[1,2],"b":{},"c":null}`), []byte(`{"a":[],"b":{"x.y":1},"c":{"z":1},"d":{}}`))
	f.Fuzz(func(t *testing.T, raw, other []byte) {
		var a, b map[string]any
		if json.Unmarshal(raw, &a) != nil || json.Unmarshal(other, &b) != nil {
			return
		}
		diff := props(a).Diff(props(b))
		got, want := map[string]pulumirpc.PropertyDiff_Kind{}, map[string]pulumirpc.PropertyDiff_Kind{}
		eachInObject(nil, diff, func(path resource.PropertyPath, kind pulumirpc.PropertyDiff_Kind) { got[path.String()] = kind })
		for path, d := range plugin.NewDetailedDiffFromObjectDiff(diff, true) {
			want[path] = pulumirpc.PropertyDiff_Kind(d.Kind) // the same numbers
		}
		if !maps.Equal(got, want) {
			t.Errorf("%v, Pulumi %v", got, want)
		}
	})
}
