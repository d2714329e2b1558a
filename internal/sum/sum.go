// Package sum is the domain: it reads two integers and adds them.
//
// The integers may be of any size up to MaxDigits and are never truncated or
// rounded. Every input that is not exactly two integers is refused with
// InputErrors, which name each field that is wrong and say what it may be.
package sum

import "math/big"

// MaxDigits bounds the decimal digits of one integer, leading zeros included.
// It is the limit of Python's int(), set there because the time to convert
// grows with the square of the length.
const MaxDigits = 4300

// Numbers are the two integers of one request. They marshal as JSON integers
// with all their digits: {"num1":3,"num2":4}.
type Numbers struct {
	Num1 *big.Int `json:"num1"`
	Num2 *big.Int `json:"num2"`
}

// Sum is exact.
func (n Numbers) Sum() *big.Int { return new(big.Int).Add(n.Num1, n.Num2) }
