package attribute

import (
	"bytes"
	"errors"
)

const lastDigit = 100

var errKey = errors.New("attribute: invalid encoding of a key")

// DecodeKey decodes the first value that [AppendKey] encoded in src, and returns what
// follows it.
func DecodeKey(src []byte) (v Value, rest []byte, err error) {
	if len(src) == 0 {
		return Value{}, nil, errKey
	}
	switch kind, src := src[0], src[1:]; kind {
	case keyNumber:
		n, rest, err := decodeNumber(src)
		return Value{n}, rest, err
	case keyString:
		data, rest, err := unescape(src)
		return Value{string(data)}, rest, err
	case keyBinary:
		data, rest, err := unescape(src)
		return Value{data}, rest, err
	}
	return Value{}, nil, errKey
}

func unescape(src []byte) (data, rest []byte, err error) {
	data = []byte{}
	for {
		i := bytes.IndexByte(src, 0)
		if i < 0 || i+1 == len(src) {
			return nil, nil, errKey
		}
		data = append(data, src[:i]...)
		escaped := src[i+1]
		src = src[i+2:]
		switch escaped {
		case 1:
			return data, src, nil
		case 255:
			data = append(data, 0)
		default:
			return nil, nil, errKey
		}
	}
}

func decodeNumber(src []byte) (n Number, rest []byte, err error) {
	if len(src) < 2 {
		return Number{}, nil, errKey
	}
	var flip byte
	if src[0] < 0x80 {
		flip = mirror
	}
	end := bytes.IndexByte(src[1:], digitEnd^flip) + 1
	if end == 0 {
		return Number{}, nil, errKey
	}
	var digits []byte
	for _, b := range src[1:end] {
		b ^= flip
		if b < firstDigit || b > lastDigit {
			return Number{}, nil, errKey
		}
		digits = append(digits, '0'+(b-firstDigit)/10, '0'+(b-firstDigit)%10)
	}
	exponent := 2*(int(src[0]^flip)-positive) + 1
	if len(digits) > 0 && digits[0] == '0' {
		digits, exponent = digits[1:], exponent-1
	}
	return newNumber(flip != 0, string(digits), exponent), src[end+1:], nil
}
