package attribute

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
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
	*v, err = decode(data, 1)
	return err
}

// UnmarshalJSON decodes an item in DynamoDB's JSON, such as {"id": {"S": "a"}}, with the
// errors of [Value.UnmarshalJSON]. JSON's null is a nil Item.
func (i *Item) UnmarshalJSON(data []byte) (err error) {
	*i, err = decodeItem(data, 1)
	return err
}

// decode decodes a value that is at that level of an item.
func decode(data []byte, level int) (v Value, err error) {
	if level > maxDepth {
		return Value{}, invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
	}
	if first(data) != '{' && string(data) != "null" {
		return Value{}, unexpected(data, "Structure")
	}
	members := 0
	err = eachMember(data, func(name string, data []byte) error {
		if string(data) == "null" || !slices.Contains(types, Type(name)) {
			return nil // as AWS ignores unknown members
		}
		members++
		content, err := decodeType(Type(name), data, level)
		v = Value{content}
		return err
	})
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

// decodeType decodes the content of a value of type t.
func decodeType(t Type, data []byte, level int) (any, error) {
	switch t {
	case S:
		return decodeString(data)
	case N:
		return decodeNumberText(data)
	case B:
		return decodeBinary(data)
	case BOOL:
		return decodeBool(data)
	case NULL:
		_, err := decodeBool(data) // false counts as true
		return null{}, err
	case M:
		return decodeItem(data, level+1)
	case L:
		return decodeList(data, func(data []byte) (Value, error) { return decode(data, level+1) })
	case SS:
		return decodeStringSet(data)
	case NS:
		return decodeNumberSet(data)
	}
	return decodeBinarySet(data)
}

// decodeItem decodes an item or a map whose values are at that level.
func decodeItem(data []byte, level int) (Item, error) {
	if string(data) == "null" {
		return nil, nil
	}
	if first(data) != '{' {
		return nil, unexpected(data, "Map")
	}
	i := Item{}
	err := eachMember(data, func(name string, data []byte) (err error) {
		if len(name) > maxName {
			return invalid("One or more parameter values were invalid: Attribute name is too large, must be less than 65536 bytes")
		}
		i[name], err = decode(data, level)
		return err
	})
	return i, err
}

func decodeString(data []byte) (string, error) {
	var s string
	if first(data) != '"' {
		return "", unexpected(data, "String")
	}
	return s, json.Unmarshal(data, &s)
}

func decodeNumberText(data []byte) (Number, error) {
	text, err := decodeString(data)
	if err != nil {
		return Number{}, err
	}
	return ParseNumber(text)
}

func decodeBool(data []byte) (bool, error) {
	switch string(data) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, unexpected(data, "Boolean")
}

func decodeBinary(data []byte) ([]byte, error) {
	if first(data) != '"' {
		return nil, unexpected(data, "Blob")
	}
	text, err := decodeString(data)
	if err != nil {
		return nil, err
	}
	if len(text)%4 != 0 {
		return nil, malformed("Base64 encoded length is expected a multiple of 4 bytes but found: %d", len(text))
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if corrupt, ok := errors.AsType[base64.CorruptInputError](err); ok {
		return nil, malformed("Invalid Base64 character: '%c'", text[min(int(corrupt), len(text)-1)])
	}
	return b, err
}

func decodeList[E any](data []byte, element func([]byte) (E, error)) ([]E, error) {
	if first(data) != '[' {
		return nil, unexpected(data, "List")
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(data, &elements); err != nil {
		return nil, err
	}
	list := make([]E, 0, len(elements))
	for _, data := range elements {
		e, err := element(data)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

func decodeStringSet(data []byte) ([]string, error) {
	set, err := decodeList(data, decodeString)
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

func decodeNumberSet(data []byte) ([]Number, error) {
	set, err := decodeList(data, decodeNumberText)
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

func decodeBinarySet(data []byte) ([][]byte, error) {
	set, err := decodeList(data, decodeBinary)
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

// eachMember calls f for each member of a JSON object, in order. null has none.
func eachMember(data []byte, f func(name string, data []byte) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var data json.RawMessage
		if err := d.Decode(&data); err != nil {
			return err
		}
		if err := f(name.(string), data); err != nil {
			return err
		}
	}
	return nil
}

// first returns the first byte of a JSON value, which tells its kind.
func first(data []byte) byte {
	if data = bytes.TrimLeft(data, " \t\r\n"); len(data) > 0 {
		return data[0]
	}
	return 0
}

// unexpected returns the error for a JSON value where DynamoDB expects another type.
func unexpected(data []byte, want string) error {
	kinds := map[byte]string{'"': "STRING", 't': "TRUE", 'f': "FALSE", 'n': "NULL"}
	switch kind := first(data); {
	case kind == '{':
		return malformed("Start of structure or map found where not expected")
	case kind == '[':
		return malformed("Start of list found where not expected")
	case kinds[kind] != "":
		return malformed("%s_VALUE cannot be converted to %s", kinds[kind], want)
	}
	return malformed("NUMBER_VALUE cannot be converted to %s", want)
}

func malformed(format string, args ...any) error {
	return cloud.Errorf(0, "SerializationException", format, args...)
}
