package schema

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
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
		replaces []resource.PropertyKey
		first    bool // delete before replace
	}{
		"nothing":                 {},
		"policy, reformatted":     {change: map[string]any{"policy": `{ "Statement": {"Effect":"Allow", "Action":["a","b"]} }`}},
		"policy, omitted":         {change: map[string]any{"policy": nil}},
		"policy, changed":         {change: map[string]any{"policy": `{}`}, detail: map[string]string{"policy": "update"}},
		"empty is nothing":        {change: map[string]any{"dim": false, "tags": map[string]any{}}},
		"computed inside":         {change: map[string]any{"shade": map[string]any{"size": 1, "fabric": "silk", "labels": map[string]any{"a": "1", "b": "2"}}}, detail: map[string]string{"shade.fabric": "update"}},
		"the same computed":       {change: map[string]any{"shade": map[string]any{"size": 1, "fabric": "linen", "labels": map[string]any{"a": "1", "b": "2"}}}},
		"add":                     {change: map[string]any{"dim": true}, detail: map[string]string{"dim": "add"}},
		"delete":                  {change: map[string]any{"colours": nil}, detail: map[string]string{"colours": "delete"}},
		"list":                    {change: map[string]any{"colours": []any{"red", "green"}}, detail: map[string]string{"colours[1]": "update"}},
		"nested":                  {change: map[string]any{"shade": map[string]any{"size": 1, "labels": map[string]any{"a": "3", "c": "4"}}}, detail: map[string]string{"shade.labels.a": "update", "shade.labels.b": "delete", "shade.labels.c": "add"}},
		"secret, same":            {change: map[string]any{"watts": resource.MakeSecret(resource.NewNumberProperty(40))}},
		"float":                   {change: map[string]any{"warmth": 2.75}, detail: map[string]string{"warmth": "update"}},
		"document, reformatted":   {change: map[string]any{"plan": `{ "b": 1.0, "a": [1, 2] }`}},
		"document, reordered":     {change: map[string]any{"plan": `{"a":[2,1],"b":1}`}, detail: map[string]string{"plan": "update"}},
		"objects, computed":       {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E27", "watts": 9}}}},
		"objects, changed":        {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E14"}}}, detail: map[string]string{"bulbs[0].socket": "update"}},
		"objects, one more":       {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E27"}, map[string]any{"socket": "E14"}}}, detail: map[string]string{"bulbs[1]": "add"}},
		"archive moved":           {change: map[string]any{"code": &archive.Archive{Sig: archive.ArchiveSig, Path: "elsewhere/x.zip", Hash: "one"}}},
		"archive changed":         {change: map[string]any{"code": hash("two")}, detail: map[string]string{"code": "update"}},
		"unknown":                 {change: map[string]any{"watts": unknown()}, detail: map[string]string{"watts": "update"}},
		"replace, generated name": {change: map[string]any{"room": "attic"}, detail: map[string]string{"room": "update-replace"}, replaces: []resource.PropertyKey{"room"}},
		"replace, unknown":        {change: map[string]any{"room": unknown()}, detail: map[string]string{"room": "update-replace"}, replaces: []resource.PropertyKey{"room"}},
		"replace, named":          {change: map[string]any{"room": "attic", defaults: []any{}}, detail: map[string]string{"room": "update-replace"}, replaces: []resource.PropertyKey{"room"}, first: true},
		"replace, renamed":        {change: map[string]any{"name": "new", defaults: []any{}}, detail: map[string]string{"name": "update-replace"}, replaces: []resource.PropertyKey{"name"}},
		"replace and an update":   {change: map[string]any{"room": "attic", "watts": 60}, detail: map[string]string{"room": "update-replace", "watts": "update"}, replaces: []resource.PropertyKey{"room"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := lamp().Diff(state, base, with(base, tc.change))
			detail := map[string]string{}
			for path, d := range got.DetailedDiff {
				detail[path] = d.Kind.String()
			}
			if !maps.Equal(detail, tc.detail) || !slices.Equal(got.ReplaceKeys, tc.replaces) || got.DeleteBeforeReplace != tc.first {
				t.Errorf("diff %v, replaces %v, delete first %v", detail, got.ReplaceKeys, got.DeleteBeforeReplace)
			}
			if changed := len(tc.detail) > 0; changed != (got.Changes == plugin.DiffSome) {
				t.Errorf("changes: %v", got.Changes)
			}
			if !slices.Equal(got.StableKeys, []resource.PropertyKey{"arn"}) {
				t.Errorf("stables: %v", got.StableKeys)
			}
		})
	}
}
