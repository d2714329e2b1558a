package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// object is a JSON object. Its names are unique: of two members with the same
// name, encoding/json would ignore the first, so the policy that is evaluated
// would differ from the one that its author reads.
type object struct {
	names   []string       // in the order in which they are written
	members map[string]any // *object, []any, string, json.Number, bool or nil
}

// decodeDocument decodes one JSON value.
func decodeDocument(document string) (any, error) {
	if !json.Valid([]byte(document)) {
		return nil, errors.New("not valid JSON")
	}
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	return decodeValue(d)
}

func decodeValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return decodeObject(d)
	case json.Delim('['):
		return decodeList(d)
	}
	return token, nil
}

func decodeObject(d *json.Decoder) (*object, error) {
	o := &object{members: map[string]any{}}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) // the document is valid JSON
		if _, ok := o.members[name]; ok {
			return nil, fmt.Errorf("%q appears twice in one object", name)
		}
		value, err := decodeValue(d)
		if err != nil {
			return nil, err
		}
		o.names = append(o.names, name)
		o.members[name] = value
	}
	_, err := d.Token()
	return o, err
}

func decodeList(d *json.Decoder) ([]any, error) {
	list := []any{}
	for d.More() {
		value, err := decodeValue(d)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := d.Token()
	return list, err
}

// oneOrMore returns v if it is a list, and otherwise a list that contains only v.
// The grammar allows a single value in place of a list.
func oneOrMore(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// texts returns the strings in v, which is a string or a list of strings. It
// returns false if v is anything else.
func texts(v any) ([]string, bool) {
	var all []string
	for _, one := range oneOrMore(v) {
		s, ok := one.(string)
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}
