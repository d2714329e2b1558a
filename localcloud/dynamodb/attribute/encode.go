package attribute

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
)

// MarshalJSON encodes v in DynamoDB's JSON. The zero Value is an error.
func (v Value) MarshalJSON() ([]byte, error) { return v.append(nil) }

// MarshalJSON encodes the item in DynamoDB's JSON, with sorted names. A nil Item is null.
func (i Item) MarshalJSON() ([]byte, error) {
	if i == nil {
		return []byte("null"), nil
	}
	return i.append(nil)
}

func (v Value) append(dst []byte) (_ []byte, err error) {
	dst = append(append(append(dst, `{"`...), v.Type()...), `":`...)
	switch data := v.data.(type) {
	case string:
		dst, err = appendString(dst, data)
	case Number:
		dst, err = appendDecimal(dst, data)
	case []byte:
		dst, err = appendBinary(dst, data)
	case bool:
		dst = strconv.AppendBool(dst, data)
	case null:
		dst = strconv.AppendBool(dst, true)
	case Item:
		dst, err = data.append(dst)
	case []Value:
		dst, err = appendList(dst, data, func(dst []byte, v Value) ([]byte, error) { return v.append(dst) })
	case []string:
		dst, err = appendList(dst, data, appendString)
	case []Number:
		dst, err = appendList(dst, data, appendDecimal)
	case [][]byte:
		dst, err = appendList(dst, data, appendBinary)
	default:
		err = errors.New("attribute: no value")
	}
	return append(dst, '}'), err
}

func (i Item) append(dst []byte) (_ []byte, err error) {
	dst = append(dst, '{')
	for n, name := range slices.Sorted(maps.Keys(i)) {
		if n > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendString(dst, name); err != nil {
			return nil, err
		}
		if dst, err = i[name].append(append(dst, ':')); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func appendList[E any](dst []byte, list []E, element func([]byte, E) ([]byte, error)) (_ []byte, err error) {
	dst = append(dst, '[')
	for n, e := range list {
		if n > 0 {
			dst = append(dst, ',')
		}
		if dst, err = element(dst, e); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendString(dst []byte, s string) ([]byte, error) {
	text, err := json.Marshal(s)
	return append(dst, text...), err
}

func appendDecimal(dst []byte, n Number) ([]byte, error) {
	return append(append(append(dst, '"'), n.String()...), '"'), nil
}

func appendBinary(dst, b []byte) ([]byte, error) {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"'), nil
}
