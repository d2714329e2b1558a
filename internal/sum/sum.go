// Package sum is the domain: it parses two integers and adds them.
//
// The integers may have up to MaxDigits digits and are never truncated or
// rounded. Any input other than exactly two integers is refused with InputErrors,
// which name each faulty field and state what is allowed.
package sum

import "math/big"

// MaxDigits is the maximum number of decimal digits in one integer, including
// leading zeros. It is the default limit of Python's int(), which exists because
// conversion takes time quadratic in the number of digits.
//
// https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation
const MaxDigits = 4300

// Numbers holds the two integers of one request. It marshals to JSON integers
// with all their digits: {"num1":3,"num2":4}.
type Numbers struct {
	Num1 *big.Int `json:"num1"`
	Num2 *big.Int `json:"num2"`
}

// Sum returns the exact sum of the two integers.
func (n Numbers) Sum() *big.Int { return new(big.Int).Add(n.Num1, n.Num2) }
