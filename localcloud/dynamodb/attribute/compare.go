package attribute

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// Equal reports whether v and w have the same type and the same content. Numbers are
// compared by value, sets regardless of order, lists and maps deeply.
func (v Value) Equal(w Value) bool {
	switch a := v.data.(type) {
	case []byte:
		b, ok := w.data.([]byte)
		return ok && bytes.Equal(a, b)
	case Item:
		b, ok := w.data.(Item)
		return ok && a.Equal(b)
	case []Value:
		b, ok := w.data.([]Value)
		return ok && slices.EqualFunc(a, b, Value.Equal)
	case []string:
		b, ok := w.data.([]string)
		return ok && sameSet(a, b, func(s string) string { return s })
	case []Number:
		b, ok := w.data.([]Number)
		return ok && sameSet(a, b, func(n Number) Number { return n })
	case [][]byte:
		b, ok := w.data.([][]byte)
		return ok && sameSet(a, b, func(b []byte) string { return string(b) })
	}
	switch w.data.(type) {
	case string, Number, bool, null, nil:
		return v.data == w.data
	}
	return false
}

// sameSet reports whether a and b have the same elements. The elements of each are
// distinct.
func sameSet[E any, K comparable](a, b []E, key func(E) K) bool {
	if len(a) != len(b) {
		return false
	}
	in := make(map[K]bool, len(a))
	for _, e := range a {
		in[key(e)] = true
	}
	return !slices.ContainsFunc(b, func(e E) bool { return !in[key(e)] })
}

// Equal reports whether both items have the same attributes with equal values.
func (i Item) Equal(other Item) bool { return maps.EqualFunc(i, other, Value.Equal) }

// Compare compares two values of the same type S, N or B: strings and binary values by
// their unsigned bytes, numbers by value. ok is false for other types, and if the types
// differ.
func (v Value) Compare(w Value) (order int, ok bool) {
	switch a := v.data.(type) {
	case string:
		if b, ok := w.data.(string); ok {
			return strings.Compare(a, b), true
		}
	case Number:
		if b, ok := w.data.(Number); ok {
			return a.Compare(b), true
		}
	case []byte:
		if b, ok := w.data.([]byte); ok {
			return bytes.Compare(a, b), true
		}
	}
	return 0, false
}
