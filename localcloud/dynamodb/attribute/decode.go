package attribute

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// maxDepth is the number of levels of a value of an item.
const maxDepth = 32

// maxName is the length of the name of an attribute in bytes.
const maxName = 65535

// UnmarshalJSON decodes a value in DynamoDB's JSON, such as {"N": "1"}, and validates
// it. It returns a *cloud.Error: SerializationException for JSON of the wrong shape, and
// ValidationException, in DynamoDB's words, for values that DynamoDB refuses: none or
// several data types, invalid numbers, sets that are empty or have duplicates, nesting
// deeper than 32 levels. Empty strings and binary values are valid here; the service
// refuses them in keys.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
func (v *Value) UnmarshalJSON(data []byte) (err error) {
	*v, err = (&reader{data: data}).value(1)
	return err
}

// UnmarshalJSON decodes an item in DynamoDB's JSON, such as {"id": {"S": "a"}}, with the
// errors of [Value.UnmarshalJSON]. JSON's null is a nil Item.
func (i *Item) UnmarshalJSON(data []byte) (err error) {
	r := &reader{data: data}
	if r.peek() == 'n' {
		*i = nil
		return nil
	}
	*i, err = r.item(1)
	return err
}

// value decodes a value that is at that level of an item.
func (r *reader) value(level int) (v Value, err error) {
	if level > maxDepth {
		return Value{}, invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
	}
	members := 0
	switch r.peek() {
	case 'n':
		r.literal()
	case '{':
		err = r.object(func(name string) (err error) {
			if r.peek() == 'n' || !slices.Contains(types, Type(name)) {
				return r.skip() // as AWS ignores unknown members
			}
			members++
			v.data, err = r.content(Type(name), level)
			return err
		})
	default:
		err = r.unexpected("Structure")
	}
	switch {
	case err != nil:
		return Value{}, err
	case members == 0:
		return Value{}, invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case members > 1:
		return Value{}, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	return v, nil
}

var types = []Type{S, N, B, BOOL, NULL, M, L, SS, NS, BS}

// content decodes the content of a value of type t.
func (r *reader) content(t Type, level int) (any, error) {
	switch t {
	case S:
		return r.str()
	case N:
		return r.number()
	case B:
		return r.binary()
	case BOOL:
		return r.boolean()
	case NULL:
		_, err := r.boolean() // false counts as true
		return null{}, err
	case M:
		return r.item(level + 1)
	case L:
		return list(r, func() (Value, error) { return r.value(level + 1) })
	case SS:
		return r.stringSet()
	case NS:
		return r.numberSet()
	}
	return r.binarySet()
}

// item decodes an item or a map whose values are at that level.
func (r *reader) item(level int) (Item, error) {
	if r.peek() != '{' {
		return nil, r.unexpected("Map")
	}
	i := Item{}
	err := r.object(func(name string) (err error) {
		switch {
		case name == "":
			return invalid("One or more parameter values were invalid: Empty attribute name")
		case len(name) > maxName:
			return invalid("One or more parameter values were invalid: Attribute name is too large, must be less than 65536 bytes")
		}
		i[name], err = r.value(level)
		return err
	})
	return i, err
}

func (r *reader) str() (string, error) {
	if r.peek() != '"' {
		return "", r.unexpected("String")
	}
	return r.text()
}

func (r *reader) number() (Number, error) {
	text, err := r.str()
	if err != nil {
		return Number{}, err
	}
	return ParseNumber(text)
}

func (r *reader) boolean() (bool, error) {
	if c := r.peek(); c != 't' && c != 'f' {
		return false, r.unexpected("Boolean")
	}
	return r.literal() == "true", nil
}

func (r *reader) binary() ([]byte, error) {
	if r.peek() != '"' {
		return nil, r.unexpected("Blob")
	}
	text, err := r.text()
	if err != nil {
		return nil, err
	}
	switch i := strings.IndexAny(text, "\r\n"); {
	case len(text)%4 != 0:
		return nil, malformed("Base64 encoded length is expected a multiple of 4 bytes but found: %d", len(text))
	case i >= 0: // which encoding/base64 ignores
		return nil, malformed("Invalid Base64 character: '%c'", text[i])
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if corrupt, ok := errors.AsType[base64.CorruptInputError](err); ok {
		return nil, malformed("Invalid Base64 character: '%c'", text[min(int(corrupt), len(text)-1)])
	}
	return b, err
}

// list decodes a list of what element decodes.
func list[E any](r *reader, element func() (E, error)) ([]E, error) {
	if r.peek() != '[' {
		return nil, r.unexpected("List")
	}
	elements := []E{}
	err := r.each('[', ']', func() error {
		e, err := element()
		elements = append(elements, e)
		return err
	})
	return elements, err
}

func (r *reader) stringSet() ([]string, error) {
	set, err := list(r, r.str)
	switch {
	case err != nil:
		return nil, err
	case len(set) == 0:
		return nil, invalid("One or more parameter values were invalid: An string set  may not be empty")
	case slices.Contains(set, ""):
		return nil, invalid("One or more parameter values were invalid: An string set may not have a empty string as a member")
	case !distinct(set, func(s string) string { return s }):
		return nil, invalid("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(set, ", "))
	}
	return set, nil
}

func (r *reader) numberSet() ([]Number, error) {
	set, err := list(r, r.number)
	switch {
	case err != nil:
		return nil, err
	case len(set) == 0:
		return nil, invalid("One or more parameter values were invalid: An number set  may not be empty")
	case !distinct(set, func(n Number) Number { return n }):
		return nil, invalid("Input collection contains duplicates")
	}
	return set, nil
}

func (r *reader) binarySet() ([][]byte, error) {
	set, err := list(r, r.binary)
	switch {
	case err != nil:
		return nil, err
	case len(set) == 0:
		return nil, invalid("One or more parameter values were invalid: Binary sets should not be empty")
	case slices.ContainsFunc(set, func(b []byte) bool { return len(b) == 0 }):
		return nil, invalid("One or more parameter values were invalid: Binary sets may not contain null or empty values")
	case !distinct(set, func(b []byte) string { return string(b) }):
		var texts []string
		for _, b := range set {
			texts = append(texts, base64.StdEncoding.EncodeToString(b))
		}
		return nil, invalid("One or more parameter values were invalid: Input collection [%s]of type BS contains duplicates.", strings.Join(texts, ", "))
	}
	return set, nil
}

func distinct[E any, K comparable](set []E, key func(E) K) bool {
	seen := make(map[K]bool, len(set))
	for _, e := range set {
		seen[key(e)] = true
	}
	return len(seen) == len(set)
}

// unexpected returns the error for a value where DynamoDB expects another type.
func (r *reader) unexpected(want string) error {
	kind := "NUMBER"
	switch r.peek() {
	case '{':
		return malformed("Start of structure or map found where not expected")
	case '[':
		return malformed("Start of list found where not expected")
	case '"':
		kind = "STRING"
	case 't':
		kind = "TRUE"
	case 'f':
		kind = "FALSE"
	case 'n':
		kind = "NULL"
	}
	return malformed("%s_VALUE cannot be converted to %s", kind, want)
}

func malformed(format string, args ...any) error {
	return cloud.Errorf(0, "SerializationException", format, args...)
}
