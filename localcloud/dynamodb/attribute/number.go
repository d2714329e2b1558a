package attribute

import "errors"

// Number is a number of up to 38 significant decimal digits, exact. The zero Number is 0.
// Equal numbers are equal with ==, whatever they were parsed from, so a Number can be the
// key of a map.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
type Number struct {
	negative bool
	digits   string
	exponent int
}

// ParseNumber parses a number such as "-12.50" or "1e3". It returns a ValidationException
// if text is not a number, has more than 38 significant digits, or has a magnitude outside
// of 1E-130 to 9.9999999999999999999999999999999999999E+125.
func ParseNumber(text string) (Number, error) { return Number{}, errors.ErrUnsupported }

// String returns n as DynamoDB writes it.
func (n Number) String() string { return "" }

// Int64 returns n if n is an integer that fits.
func (n Number) Int64() (i int64, ok bool) { return 0, false }

// Compare returns -1 if n < m, 0 if n == m, and 1 if n > m.
func (n Number) Compare(m Number) int { return 0 }

// Add returns n + m, or a ValidationException if the sum is out of range or has more than
// 38 significant digits.
func (n Number) Add(m Number) (Number, error) { return Number{}, errors.ErrUnsupported }

// Sub returns n - m, with the errors of [Number.Add].
func (n Number) Sub(m Number) (Number, error) { return Number{}, errors.ErrUnsupported }

func intNumber(int64) Number { return Number{} }
