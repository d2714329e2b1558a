package attribute

import (
	"cmp"
	"math/big"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

// Limits of numbers: significant digits, and the power of ten of the first digit.
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// Number is a number of up to 38 significant decimal digits, exact. The zero Number is 0.
// Equal numbers are equal with ==, whatever they were parsed from, so a Number can be the
// key of a map. That, and an encoding that orders them, are why the digits are a string;
// sums use math/big.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
type Number struct {
	negative bool
	digits   string // without leading and trailing zeros; "" is 0
	exponent int    // the power of ten of the first digit
}

// ParseNumber parses a number such as "-12.50" or "1e3". It returns a ValidationException
// if text is not a number, has more than 38 significant digits, or has a magnitude outside
// of 1E-130 to 9.9999999999999999999999999999999999999E+125.
func ParseNumber(text string) (Number, error) {
	if text == "" {
		return Number{}, invalid("The parameter cannot be converted to a numeric value")
	}
	n, ok := scanNumber(text)
	if !ok {
		return Number{}, invalid("The parameter cannot be converted to a numeric value: %s", text)
	}
	if err := n.check(); err != nil {
		return Number{}, err
	}
	return n, nil
}

// scanNumber parses text without checking the limits.
func scanNumber(text string) (n Number, ok bool) {
	mantissa, power, hasPower := cut(text, "eE")
	unsigned := strings.TrimLeft(mantissa, "+-")
	if len(mantissa)-len(unsigned) > 1 {
		return Number{}, false
	}
	whole, fraction, _ := strings.Cut(unsigned, ".")
	if !isDigits(whole) || !isDigits(fraction) || whole+fraction == "" {
		return Number{}, false
	}
	exponent, ok := 0, true
	if hasPower {
		exponent, ok = scanPower(power)
	}
	significant := strings.TrimLeft(whole+fraction, "0")
	exponent += len(whole) - 1 - (len(whole) + len(fraction) - len(significant))
	return newNumber(mantissa[0] == '-', significant, exponent), ok
}

// cut splits text before and after the first of the characters.
func cut(text, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(text, chars); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// scanPower parses the power of ten after an "e". Powers too large for any number are
// only sure to be too large.
func scanPower(text string) (int, bool) {
	unsigned := strings.TrimLeft(text, "+-")
	if len(text)-len(unsigned) > 1 || unsigned == "" || !isDigits(unsigned) {
		return 0, false
	}
	power, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		power = 1 << 31
		if text[0] == '-' {
			power = -power
		}
	}
	return int(power), true
}

// newNumber returns the number whose first digit has that power of ten. digits has no
// leading zeros.
func newNumber(negative bool, digits string, exponent int) Number {
	digits = strings.TrimRight(digits, "0")
	if digits == "" {
		return Number{}
	}
	return Number{negative: negative, digits: digits, exponent: exponent}
}

func intNumber(i int64) Number {
	n, _ := scanNumber(strconv.FormatInt(i, 10))
	return n
}

func (n Number) check() error {
	switch {
	case n.digits == "":
		return nil
	case n.exponent > maxExponent:
		return errOverflow()
	case n.exponent < minExponent:
		return invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(n.digits) > maxDigits:
		return invalid("Attempting to store more than 38 significant digits in a Number")
	}
	return nil
}

func errOverflow() error {
	return invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
}

// String returns n as DynamoDB writes it: in decimal notation without an exponent, and
// without leading or trailing zeros.
func (n Number) String() string {
	sign := ""
	if n.negative {
		sign = "-"
	}
	switch after := n.exponent + 1 - len(n.digits); {
	case n.digits == "":
		return "0"
	case after >= 0:
		return sign + n.digits + strings.Repeat("0", after)
	case n.exponent >= 0:
		return sign + n.digits[:n.exponent+1] + "." + n.digits[n.exponent+1:]
	}
	return sign + "0." + strings.Repeat("0", -n.exponent-1) + n.digits
}

// Int64 returns n if n is an integer that fits.
func (n Number) Int64() (i int64, ok bool) {
	if n.exponent > 18 {
		return 0, false
	}
	i, err := strconv.ParseInt(n.String(), 10, 64)
	return i, err == nil
}

// Compare returns -1 if n < m, 0 if n == m, and 1 if n > m.
func (n Number) Compare(m Number) int {
	if order := cmp.Compare(n.sign(), m.sign()); order != 0 {
		return order
	}
	magnitude := cmp.Or(cmp.Compare(n.exponent, m.exponent), strings.Compare(n.digits, m.digits))
	return n.sign() * magnitude
}

func (n Number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.negative:
		return -1
	}
	return 1
}

// Add returns n + m, or a ValidationException if the sum is out of range or has more than
// 38 significant digits.
func (n Number) Add(m Number) (Number, error) {
	scale := min(n.last(), m.last())
	sum := new(big.Int).Add(n.scaled(scale), m.scaled(scale))
	digits := new(big.Int).Abs(sum).String()
	if sum.Sign() == 0 {
		return Number{}, nil
	}
	result := newNumber(sum.Sign() < 0, digits, scale+len(digits)-1)
	if len(result.digits) > maxDigits {
		return Number{}, errOverflow() // DynamoDB does not say that these are digits
	}
	return result, result.check()
}

// Sub returns n - m, with the errors of [Number.Add].
func (n Number) Sub(m Number) (Number, error) {
	m.negative = !m.negative && m.digits != ""
	return n.Add(m)
}

// last returns the power of ten of the last digit.
func (n Number) last() int { return n.exponent + 1 - len(n.digits) }

// scaled returns n divided by 10^scale, which must be an integer.
func (n Number) scaled(scale int) *big.Int {
	i, ok := new(big.Int).SetString("0"+n.digits, 10)
	if !ok {
		panic("attribute: the digits of a number are not digits")
	}
	i.Mul(i, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.last()-scale)), nil))
	if n.negative {
		i.Neg(i)
	}
	return i
}

func invalid(format string, args ...any) error {
	return cloud.Errorf(0, "ValidationException", format, args...)
}
