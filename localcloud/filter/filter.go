// Package filter parses the filter policies of SNS's subscriptions and the filters of
// Lambda's event source mappings, and matches messages against them. It has no state and
// does no I/O.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
package filter

import (
	"bytes"
	"encoding/json"
	"slices"
)

// The scopes of a filter policy: the part of a message that it applies to.
const (
	Attributes = "MessageAttributes"
	Body       = "MessageBody"
)

// Policy is a parsed and validated filter policy.
type Policy struct{ root object }

// object is a JSON object of a policy. A message matches if every field matches and
// at least one object of each $or list matches.
type object struct {
	fields map[string]field
	either [][]object
}

// field is the condition on one key: either a list of patterns, of which at least
// one must match, or a nested object.
type field struct {
	patterns []pattern
	nested   *object
	complexity
}

// absent is the value of a key that the message does not have.
type absent struct{}

// Match reports whether the message matches the policy. The message's values have
// the types to which encoding/json decodes with UseNumber: string, json.Number,
// bool, nil, []any and map[string]any.
func (p *Policy) Match(message map[string]any) bool { return p.root.match(message) }

// MatchBody reports whether the body matches the policy. A body that is not a JSON
// object does not match.
func (p *Policy) MatchBody(body string) bool {
	var message map[string]any
	return decode(body, &message) && message != nil && p.Match(message)
}

// Array decodes the value of a String.Array attribute. It returns false if text
// is not a JSON array.
func Array(text string) (array []any, ok bool) { return array, decode(text, &array) }

func decode(text string, into any) bool {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	return json.Valid([]byte(text)) && d.Decode(into) == nil
}

func (o object) match(message map[string]any) bool {
	for name, f := range o.fields {
		if !f.match(lookup(message, name)) {
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

// lookup returns the value of a key, or absent{}. As on AWS, a dot in the key may also
// stand for nesting: "a.b" is the key of 1 in both {"a.b": 1} and {"a": {"b": 1}}. Of
// several such values, as in an array of objects, each may match.
//
// https://github.com/localstack/localstack/pull/9319
func lookup(message map[string]any, key string) any {
	var found []any
	if v, ok := message[key]; ok {
		found = append(found, v)
	}
	for i := range len(key) {
		if key[i] != '.' {
			continue
		}
		for _, o := range objects(message[key[:i]]) {
			if v := lookup(o, key[i+1:]); v != any(absent{}) {
				found = append(found, v)
			}
		}
	}
	switch len(found) {
	case 0:
		return absent{}
	case 1:
		return found[0]
	}
	return found
}

// objects returns v if it is an object, and the objects in v if it is an array.
func objects(v any) (all []map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		all = append(all, v)
	case []any:
		for _, e := range v {
			all = append(all, objects(e)...)
		}
	}
	return all
}

func (f field) match(v any) bool {
	if b, ok := v.(messageBody); ok {
		if b.json != (f.nested != nil) {
			return false
		}
		v = b.value
	}
	if f.nested == nil {
		return slices.ContainsFunc(leaves(v), func(leaf any) bool {
			return slices.ContainsFunc(f.patterns, func(p pattern) bool { return p(leaf) })
		})
	}
	switch v := v.(type) {
	case map[string]any:
		return f.nested.match(v)
	case []any:
		// A single element must match the whole nested object.
		if len(v) > 0 {
			return slices.ContainsFunc(v, f.match)
		}
	}
	return f.nested.match(nil)
}

// leaves returns the values that patterns are matched against: the elements of an
// array, however deeply nested, or v itself. If there are none, as in an object
// or an empty array, it returns absent{}.
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
