package sum

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// allowed describes a valid value in error messages.
const allowed = `must be an integer of at most 4300 digits, such as 3 or "3"`

// integer converts the value of one field; member documents its types. The error
// is the Reason of an InputError.
func integer(value any) (*big.Int, error) {
	var n *big.Int
	var digits int
	switch v := value.(type) {
	case json.Number:
		n, digits = parseText(string(v)) // rejects fractions and exponents
	case string:
		n, digits = parseText(v)
	}
	if digits > MaxDigits {
		return nil, fmt.Errorf("%s, not one of %d digits", allowed, digits)
	}
	if n == nil {
		return nil, fmt.Errorf("%s, not %s", allowed, describe(value))
	}
	return n, nil
}

// parseText parses the base-10 syntax of Python's int() and counts the digits.
// It returns nil if s is not an integer or has more than MaxDigits digits; in the
// latter case digits exceeds MaxDigits.
//
// https://docs.python.org/3/library/functions.html#int
func parseText(s string) (n *big.Int, digits int) {
	s = strings.TrimSpace(s)
	text := make([]byte, 0, 1+min(len(s), MaxDigits))
	if s != "" && (s[0] == '+' || s[0] == '-') {
		text, s = append(text, s[0]), s[1:]
	}
	afterDigit := false
	for _, r := range s {
		if r == '_' && afterDigit {
			afterDigit = false
			continue
		}
		value, ok := digit(r)
		if !ok {
			return nil, 0
		}
		if digits++; digits <= MaxDigits {
			text = append(text, '0'+value)
		}
		afterDigit = true
	}
	if !afterDigit || digits > MaxDigits {
		return nil, digits
	}
	n, _ = new(big.Int).SetString(string(text), 10)
	return n, digits
}

// digit returns the value of a decimal digit of any script; ok is false if r is
// not one. Unicode guarantees that the digits of a script occupy contiguous code
// points from 0 to 9. The value is therefore the distance from the start of the
// run of digits around r, modulo 10, as the digits of several scripts may adjoin.
//
// https://www.unicode.org/policies/stability_policy.html (Numeric_Type)
func digit(r rune) (value byte, ok bool) {
	if '0' <= r && r <= '9' {
		return byte(r - '0'), true
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	first := r
	for unicode.Is(unicode.Nd, first-1) {
		first--
	}
	return byte((r - first) % 10), true
}

// describe returns a short text for a refused value in an error message.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return shorten(v.String())
	case string:
		if v == "" {
			return "an empty string"
		}
		return strconv.Quote(shorten(v))
	case map[string]any:
		return "an object"
	default: // []any, or the json.Delim that opens an array
		return "an array"
	}
}

// shorten returns the first 40 runes of s, followed by "…" if it has more.
func shorten(s string) string {
	const maxRunes = 40
	runes := 0
	for i := range s {
		if runes++; runes > maxRunes {
			return s[:i] + "…"
		}
	}
	return s
}
