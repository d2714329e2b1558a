package attribute

import "errors"

// AppendKey appends an encoding of v, of type S, N or B, to dst. The bytes of the
// encodings are in the order of the values of one type: strings by their UTF-8 bytes,
// binary values by unsigned bytes, numbers by value. No encoding is the prefix of another
// one, so encodings can be concatenated: then they are in the order of the first values,
// and among equal ones in the order of the second. It panics for other types.
func AppendKey(dst []byte, v Value) []byte { return dst }

// DecodeKey decodes the first value that [AppendKey] encoded in src, and returns what
// follows it.
func DecodeKey(src []byte) (v Value, rest []byte, err error) {
	return Value{}, nil, errors.ErrUnsupported
}
