package schema

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Diff compares a resource, given by its state and its old inputs, with the new
// inputs.
func (t *Type) Diff(state, old, want resource.PropertyMap) *pulumirpc.DiffResponse {
	a, b := t.differing(state, old, want)
	res := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, Stables: t.stable(),
		HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	eachInObject(nil, a.Diff(b), func(path resource.PropertyPath, kind pulumirpc.PropertyDiff_Kind) {
		res.Changes = pulumirpc.DiffResponse_DIFF_SOME
		input := path[0].(string)
		res.Diffs = append(res.Diffs, input)
		if t.input(resource.PropertyKey(input)).ForceNew {
			kind++ // from ADD to ADD_REPLACE, and so on
			res.Replaces = append(res.Replaces, input)
		}
		res.DetailedDiff[path.String()] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
	})
	res.Diffs, res.Replaces = set(res.Diffs), set(res.Replaces)
	res.DeleteBeforeReplace = len(res.Replaces) > 0 && (t.DeleteBeforeReplace || t.keepsName(old, want))
	return res
}

func set(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// change receives the path of a value that was added, deleted or updated.
type change func(path resource.PropertyPath, kind pulumirpc.PropertyDiff_Kind)

// eachInObject calls f for each innermost difference between two objects. The path of
// the objects is at; their difference is nil if they are the same.
func eachInObject(at resource.PropertyPath, d *resource.ObjectDiff, f change) {
	if d == nil {
		return
	}
	for k := range d.Adds {
		f(append(at, string(k)), pulumirpc.PropertyDiff_ADD)
	}
	for k := range d.Deletes {
		f(append(at, string(k)), pulumirpc.PropertyDiff_DELETE)
	}
	for k, v := range d.Updates {
		eachInValue(append(at, string(k)), v, f)
	}
}

func eachInValue(at resource.PropertyPath, d resource.ValueDiff, f change) {
	switch {
	case d.Object != nil:
		eachInObject(at, d.Object, f)
	case d.Array != nil:
		for i := range d.Array.Adds {
			f(append(at, i), pulumirpc.PropertyDiff_ADD)
		}
		for i := range d.Array.Deletes {
			f(append(at, i), pulumirpc.PropertyDiff_DELETE)
		}
		for i, v := range d.Array.Updates {
			eachInValue(append(at, i), v, f)
		}
	case d.Old.IsNull():
		f(at, pulumirpc.PropertyDiff_ADD)
	case d.New.IsNull():
		f(at, pulumirpc.PropertyDiff_DELETE)
	default:
		f(at, pulumirpc.PropertyDiff_UPDATE)
	}
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
		if p.Unordered && x.IsArray() && y.IsArray() {
			y = p.align(x.ArrayValue(), y.ArrayValue())
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
func (t *Type) stable() []string {
	var names []string
	for _, o := range t.Outputs {
		if len(o.Follows) == 0 {
			names = append(names, o.Name)
		}
	}
	return names
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
	case p.Unordered && a.IsArray() && b.IsArray():
		b = p.align(a.ArrayValue(), b.ArrayValue())
		return slices.EqualFunc(a.ArrayValue(), b.ArrayValue(), p.sameElement)
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

// align returns the elements of a set in the order of another one: those that are in both
// have the same indexes, and the others follow in their own order.
func (p Property) align(to, set []resource.PropertyValue) resource.PropertyValue {
	rest := slices.Clone(set)
	aligned := make([]resource.PropertyValue, len(set))
	var free []int
	for i := range aligned {
		at := -1
		if i < len(to) {
			at = slices.IndexFunc(rest, func(e resource.PropertyValue) bool { return p.sameElement(to[i], e) })
		}
		if at < 0 {
			free = append(free, i)
			continue
		}
		aligned[i] = rest[at]
		rest = slices.Delete(rest, at, at+1)
	}
	for i, e := range rest[:min(len(rest), len(free))] {
		aligned[free[i]] = e
	}
	return resource.NewArrayProperty(aligned)
}

// sameElement compares two elements of a List or Objects.
func (p Property) sameElement(a, b resource.PropertyValue) bool {
	if p.Kind == Objects {
		return p.sameObject(a, b)
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
