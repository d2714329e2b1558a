package schema

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Diff compares a resource, given by its state and its old inputs, with the new
// inputs.
func (t *Type) Diff(state, old, want resource.PropertyMap) plugin.DiffResult {
	a, b := t.differing(state, old, want)
	detail := plugin.NewDetailedDiffFromObjectDiff(a.Diff(b), true)
	result := plugin.DiffResult{Changes: plugin.DiffNone, StableKeys: t.stable(), DetailedDiff: detail}
	for path, d := range detail {
		result.Changes = plugin.DiffSome
		root, _, _ := strings.Cut(path, ".")
		root, _, _ = strings.Cut(root, "[")
		if !slices.Contains(result.ChangedKeys, resource.PropertyKey(root)) {
			result.ChangedKeys = append(result.ChangedKeys, resource.PropertyKey(root))
		}
		if !t.input(resource.PropertyKey(root)).ForceNew {
			continue
		}
		d.Kind = d.Kind.AsReplace()
		detail[path] = d
		if !slices.Contains(result.ReplaceKeys, resource.PropertyKey(root)) {
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(root))
		}
	}
	slices.Sort(result.ChangedKeys)
	slices.Sort(result.ReplaceKeys)
	result.DeleteBeforeReplace = len(result.ReplaceKeys) > 0 && (t.DeleteBeforeReplace || t.keepsName(old, want))
	return result
}

// differing returns the old and the new values of the inputs that differ in
// meaning, with secrets revealed, and with archives as their hashes. The old ones
// include what the service chose.
func (t *Type) differing(state, old, want resource.PropertyMap) (a, b resource.PropertyMap) {
	old = t.Effective(state, old)
	a, b = resource.PropertyMap{}, resource.PropertyMap{}
	for k := range union(old, want) {
		x, y, p := reveal(old[k]), reveal(want[k]), t.input(k)
		if resource.IsInternalPropertyKey(k) || p.same(x, y) {
			continue
		}
		switch {
		case p.Kind == Object && x.IsObject() && y.IsObject():
			p.dropSame(x.ObjectValue(), y.ObjectValue())
		case p.Kind == Objects && x.IsArray() && y.IsArray():
			for i := range min(len(x.ArrayValue()), len(y.ArrayValue())) {
				if a, b := x.ArrayValue()[i], y.ArrayValue()[i]; a.IsObject() && b.IsObject() {
					p.dropSame(a.ObjectValue(), b.ObjectValue())
				}
			}
		}
		put(a, k, x)
		put(b, k, y)
	}
	return a, b
}

// dropSame removes the properties with the same meaning from both objects.
func (p Property) dropSame(x, y resource.PropertyMap) {
	for _, n := range p.Properties {
		key := resource.PropertyKey(n.Name)
		if n.same(x[key], y[key]) {
			delete(x, key)
			delete(y, key)
		}
	}
}

func put(m resource.PropertyMap, k resource.PropertyKey, v resource.PropertyValue) {
	switch {
	case v.IsNull():
	case v.IsArchive():
		m[k] = resource.NewStringProperty(v.ArchiveValue().Hash)
	default:
		m[k] = v
	}
}

func union(a, b resource.PropertyMap) map[resource.PropertyKey]bool {
	keys := map[resource.PropertyKey]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}

// keepsName reports whether the new resource would have the name of the old one,
// because the program chose it. Then the two cannot exist at once.
func (t *Type) keepsName(old, want resource.PropertyMap) bool {
	return slices.ContainsFunc(t.Inputs, func(p Property) bool {
		key := resource.PropertyKey(p.Name)
		return p.AutoName > 0 && !defaulted(want, p.Name) && p.same(reveal(old[key]), reveal(want[key]))
	})
}

// stable returns the outputs that no update changes.
func (t *Type) stable() []resource.PropertyKey {
	var keys []resource.PropertyKey
	for _, o := range t.Outputs {
		if len(o.Follows) == 0 {
			keys = append(keys, resource.PropertyKey(o.Name))
		}
	}
	return keys
}

// same reports whether two revealed values mean the same to the service. An
// absent value equals an empty one and, for a Computed property, any value.
func (p Property) same(a, b resource.PropertyValue) bool {
	switch {
	case a.ContainsUnknowns() || b.ContainsUnknowns():
		return a.DeepEquals(b)
	case p.Computed && (a.IsNull() || b.IsNull()), zero(a) && zero(b):
		return true
	case a.IsArchive() && b.IsArchive():
		return a.ArchiveValue().Hash == b.ArchiveValue().Hash
	case p.Kind == Policy && a.IsString() && b.IsString():
		return samePolicy(a.StringValue(), b.StringValue())
	case p.Kind == JSON && a.IsString() && b.IsString():
		return sameJSON(a.StringValue(), b.StringValue())
	case p.Kind == Object && a.IsObject() && b.IsObject():
		return p.sameObject(a, b)
	case p.Kind == Objects && a.IsArray() && b.IsArray():
		return slices.EqualFunc(a.ArrayValue(), b.ArrayValue(), p.sameObject)
	}
	return a.DeepEquals(b)
}

// sameObject compares an Object, or an element of Objects.
func (p Property) sameObject(a, b resource.PropertyValue) bool {
	if !a.IsObject() || !b.IsObject() {
		return a.DeepEquals(b)
	}
	return !slices.ContainsFunc(p.Properties, func(n Property) bool {
		key := resource.PropertyKey(n.Name)
		return !n.same(a.ObjectValue()[key], b.ObjectValue()[key])
	})
}

// zero reports whether v means the same to a service as no value.
func zero(v resource.PropertyValue) bool {
	switch x := v.V.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case float64:
		return x == 0
	case bool:
		return !x
	case []resource.PropertyValue:
		return len(x) == 0
	case resource.PropertyMap:
		return len(x) == 0
	}
	return false
}

// samePolicy compares policy documents: white space and the order of keys and
// of lists do not matter, and a list of one element equals the element.
func samePolicy(a, b string) bool {
	return sameDocument(a, b, canonical)
}

// sameJSON compares JSON documents: white space and the order of keys do not
// matter.
func sameJSON(a, b string) bool {
	return sameDocument(a, b, func(v any) any { return v })
}

func sameDocument(a, b string, canonical func(any) any) bool {
	if a == b {
		return true
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(canonical(x), canonical(y))
}

func canonical(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = canonical(e)
		}
	case []any:
		for i, e := range v {
			v[i] = canonical(e)
		}
		if len(v) == 1 {
			return v[0]
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
	}
	return v
}

// text returns the sort key of an element of a list; encoding/json sorts keys.
func text(v any) string {
	raw, _ := json.Marshal(v) // decoded from JSON, so it can be encoded
	return string(raw)
}
