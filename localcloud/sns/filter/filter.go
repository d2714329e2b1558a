// Package filter is the language of subscription filter policies: which
// messages of a topic a subscription wants. It is pure.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
package filter

import (
	"bytes"
	"encoding/json"
	"slices"
)

// The scopes of a filter policy: what of a message it looks at.
const (
	Attributes = "MessageAttributes"
	Body       = "MessageBody"
)

// Policy is a filter policy that has been checked.
type Policy struct{ root object }

// object is a JSON object of a policy. A message matches where every field
// does, and of each of the $or lists one object.
type object struct {
	fields map[string]field
	either [][]object
}

// field is what a policy wants of one key: one of some patterns, or an object.
type field struct {
	patterns []pattern
	nested   *object
}

// absent stands for the value of a key that is not there.
type absent struct{}

// Match tells whether the policy lets a message through, which holds what
// encoding/json decodes with UseNumber: string, json.Number, bool, nil, []any
// and map[string]any.
func (p *Policy) Match(message map[string]any) bool { return p.root.match(message) }

// MatchBody is Match of a body, which must be a JSON object.
func (p *Policy) MatchBody(body string) bool {
	var message map[string]any
	return decode(body, &message) && message != nil && p.Match(message)
}

// Array reads the value of a String.Array attribute.
func Array(text string) (array []any, ok bool) { return array, decode(text, &array) }

func decode(text string, into any) bool {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	return json.Valid([]byte(text)) && d.Decode(into) == nil
}

func (o object) match(message map[string]any) bool {
	for name, f := range o.fields {
		v, ok := message[name]
		if !ok {
			v = absent{}
		}
		if !f.match(v) {
			return false
		}
	}
	for _, alternatives := range o.either {
		if !slices.ContainsFunc(alternatives, func(o object) bool { return o.match(message) }) {
			return false
		}
	}
	return true
}

func (f field) match(v any) bool {
	if f.nested == nil {
		return slices.ContainsFunc(leaves(v), func(leaf any) bool {
			return slices.ContainsFunc(f.patterns, func(p pattern) bool { return p(leaf) })
		})
	}
	switch v := v.(type) {
	case map[string]any:
		return f.nested.match(v)
	case []any:
		// One element must satisfy all that is wanted of the objects in it.
		if len(v) > 0 {
			return slices.ContainsFunc(v, f.match)
		}
	}
	return f.nested.match(nil)
}

// leaves are the values that patterns look at: an array counts by its
// elements, and what has no values, such as an object, as absent.
func leaves(v any) []any {
	all := appendLeaves(nil, v)
	if len(all) == 0 {
		return []any{absent{}}
	}
	return all
}

func appendLeaves(all []any, v any) []any {
	switch v := v.(type) {
	case absent, map[string]any:
		return all
	case []any:
		for _, e := range v {
			all = appendLeaves(all, e)
		}
		return all
	}
	return append(all, v)
}

// maxKeys and maxCombinations bound a policy. Only the keys at the top count.
//
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const (
	maxKeys         = 5
	maxCombinations = 150
)

func (o object) keys() int { return len(o.fields) + len(o.either) }

// nests tells whether a key holds an object.
func (o object) nests() bool {
	for _, f := range o.fields {
		if f.nested != nil {
			return true
		}
	}
	return slices.ContainsFunc(o.either, func(list []object) bool { return slices.ContainsFunc(list, object.nests) })
}

// combinations multiplies the number of values of each key with its depth; the
// objects of a $or add up. Beyond the limit it counts no further.
func (o object) combinations(depth int) int {
	product := 1
	times := func(n int) { product = min(product*min(n, maxCombinations+1), maxCombinations+1) }
	for _, f := range o.fields {
		if f.nested != nil {
			times(f.nested.combinations(depth + 1))
		} else {
			times(len(f.patterns) * depth)
		}
	}
	for _, alternatives := range o.either {
		sum := 0
		for _, o := range alternatives {
			sum += o.combinations(depth)
		}
		times(sum)
	}
	return product
}
