package attribute

import "fmt"

// The first byte of an encoded key is its type.
const (
	keyBinary = 'B'
	keyNumber = 'N'
	keyString = 'S'
)

// AppendKey appends an encoding of v, of type S, N or B, to dst. The bytes of the
// encodings are in the order of the values of one type: strings by their UTF-8 bytes,
// binary values by unsigned bytes, numbers by value. No encoding is the prefix of another
// one, so encodings can be concatenated: then they are in the order of the first values,
// and among equal ones in the order of the second. It panics for other types.
func AppendKey(dst []byte, v Value) []byte {
	if n, ok := v.data.(Number); ok {
		return appendNumber(append(dst, keyNumber), n)
	}
	return append(AppendKeyPrefix(dst, v), 0, 1)
}

// AppendKeyPrefix appends what the encodings of all strings or binary values that begin
// with v, and no others, begin with. It panics if v is not of type S or B.
func AppendKeyPrefix(dst []byte, v Value) []byte {
	switch data := v.data.(type) {
	case string:
		return appendEscaped(append(dst, keyString), []byte(data))
	case []byte:
		return appendEscaped(append(dst, keyBinary), data)
	}
	panic(fmt.Sprintf("attribute: a value of type %s is no key", v.Type()))
}

// appendEscaped appends data with each 0 replaced by 0 255, so that 0 1 can end it.
func appendEscaped(dst, data []byte) []byte {
	for _, b := range data {
		if dst = append(dst, b); b == 0 {
			dst = append(dst, 255)
		}
	}
	return dst
}

// The first byte of an encoded number combines its sign and its power of 100, from -65 to
// 62. Digits of base 100 follow, each plus 1, and a 0. For negative numbers, all of these
// are mirrored.
const (
	positive   = 0x80 + 65 // power 0
	mirror     = 0xff
	digitEnd   = 0
	firstDigit = 1
)

// pairs returns the number of digits of n in base 100.
func (n Number) pairs() int { return (len(n.digits) + n.alignment() + 1) / 2 }

// alignment returns 1 if the first digit of n is also a digit of base 100, and 0 if that
// consists of two.
func (n Number) alignment() int { return 1 - n.exponent&1 }

// pair returns digit i of n in base 100.
func (n Number) pair(i int) byte {
	decimal := func(i int) byte {
		if i < 0 || i >= len(n.digits) {
			return 0
		}
		return n.digits[i] - '0'
	}
	i = 2*i - n.alignment()
	return 10*decimal(i) + decimal(i+1)
}

func appendNumber(dst []byte, n Number) []byte {
	if n.digits == "" {
		return append(dst, 0x80, digitEnd)
	}
	start := len(dst)
	dst = append(dst, byte(positive+n.exponent>>1))
	for i := range n.pairs() {
		dst = append(dst, firstDigit+n.pair(i))
	}
	dst = append(dst, digitEnd)
	if n.negative {
		for i := start; i < len(dst); i++ {
			dst[i] = mirror - dst[i]
		}
	}
	return dst
}
