package attribute_test

import (
	"strings"
	"testing"

	"tally/localcloud/dynamodb/attribute"
)

// number parses a number that must be valid.
func number(t testing.TB, text string) attribute.Number {
	t.Helper()
	n, err := attribute.ParseNumber(text)
	if err != nil {
		t.Fatalf("ParseNumber(%q): %v", text, err)
	}
	return n
}

func TestNumberIsWrittenWithoutExponent(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.00": "0", "0e1000": "0", "-0e-99999999999": "0",
		"42": "42", "0042.1200": "42.12", "+3": "3", ".123": "0.123", "0001.23": "1.23", "5.": "5",
		"-7.1234": "-7.1234", "-17e5": "-1700000", "-17.4E37": "-174" + strings.Repeat("0", 36),
		"1e+5": "100000", "1.5E2": "150", "1.0": "1", "3.1400": "3.14", "100": "100", "1E2": "100",
		"1E125": "1" + strings.Repeat("0", 125), "1e-130": "0." + strings.Repeat("0", 129) + "1",
		"9.9999999999999999999999999999999999999E+125": strings.Repeat("9", 38) + strings.Repeat("0", 88),
		"12345678901234567890123456789012345678":       "12345678901234567890123456789012345678",
		"3.1415926535897932384626433832795028841":      "3.1415926535897932384626433832795028841",
		"0." + strings.Repeat("0", 37) + "1":           "0." + strings.Repeat("0", 37) + "1",
	} {
		n := number(t, text)
		if n.String() != want {
			t.Errorf("%s is written as %s, want %s", text, n, want)
		}
		if again := number(t, n.String()); again != n {
			t.Errorf("%s is not the number that it is written as", text)
		}
	}
}

func TestNumberRefusals(t *testing.T) {
	const (
		numeric   = "ValidationException: The parameter cannot be converted to a numeric value"
		digits    = "ValidationException: Attempting to store more than 38 significant digits in a Number"
		overflow  = "ValidationException: Number overflow. Attempting to store a number with magnitude larger than supported range"
		underflow = "ValidationException: Number underflow. Attempting to store a number with magnitude smaller than supported range"
	)
	refusals := map[string]string{
		"":      numeric,
		"1e126": overflow, "-1e126": overflow, "11e125": overflow, "1.0e100000000": overflow, "1e99999999999": overflow,
		"1e-131": underflow, "-1e-131": underflow, "0.9e-130": underflow, "1e-99999999999": underflow,
		"123456789012345678901234567890123456789": digits, "-1.23456789012345678901234567890123456789": digits,
		"314159265358979323846264338327950288419e30": digits,
	}
	for _, text := range []string{"b", "NaN", "Infinity", "-Infinity", "dog", "-dog", " 1", "1 ", "1,5", "--1", "+-1", "1e", "1e+", "e5", ".", "-", "1.2.3", "0x1", "1_000", "1e5.5", "１"} {
		refusals[text] = numeric + ": " + text
	}
	for text, want := range refusals {
		if n, err := attribute.ParseNumber(text); err == nil || err.Error() != want {
			t.Errorf("ParseNumber(%q) = %v, %v, want %s", text, n, err, want)
		}
	}
}

func TestNumberArithmetic(t *testing.T) {
	const overflow = "Number overflow. Attempting to store a number with magnitude larger than supported range"
	for _, c := range []struct{ a, b, sum, difference string }{
		{"5", "2", "7", "3"},
		{"0", "0", "0", "0"},
		{"0", "2.5", "2.5", "-2.5"},
		{"-1", "1", "0", "-2"},
		{"0.1", "0.2", "0.3", "-0.1"},
		{"1.05", "0.95", "2", "0.1"},
		{"1", "10000000000000000000000", "10000000000000000000001", "-9999999999999999999999"},
		{"99999999999999999999999999999999999999", "1", "1" + strings.Repeat("0", 38), "99999999999999999999999999999999999998"},
		{"9e125", "9e125", overflow, "0"},
		{"9e125", "-9e125", "0", overflow},
		{"1e50", "1", overflow, overflow},
		{"1e125", "1e-130", overflow, overflow},
		{"1.1e-130", "1e-130", "0." + strings.Repeat("0", 129) + "21", "underflow"},
	} {
		a, b := number(t, c.a), number(t, c.b)
		sum, err := a.Add(b)
		checkResult(t, c.a+" + "+c.b, sum, err, c.sum)
		difference, err := a.Sub(b)
		checkResult(t, c.a+" - "+c.b, difference, err, c.difference)
	}
}

func checkResult(t *testing.T, what string, n attribute.Number, err error, want string) {
	t.Helper()
	if err != nil && strings.Contains(err.Error(), want) || err == nil && n.String() == want {
		return
	}
	t.Errorf("%s = %v, %v, want %s", what, n, err, want)
}

func TestNumberOrder(t *testing.T) {
	ascending := []string{
		"-9.9e125", "-1e125", "-101", "-100.5", "-100", "-99", "-10", "-9", "-1.5", "-1", "-0.15", "-1e-129", "-1.1e-130", "-1e-130", "0",
		"1e-130", "1.1e-130", "1e-129", "0.0001", "0.15", "1", "1.01", "1.5", "9", "10", "99", "100", "100.5", "101", "1e125", "9.9e125",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			order := number(t, a).Compare(number(t, b))
			if want := sign(i - j); order != want {
				t.Errorf("Compare(%s, %s) = %d, want %d", a, b, order, want)
			}
		}
	}
}

func sign(i int) int { return max(-1, min(1, i)) }

func TestInt64(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "12e2": 1200, "-42": -42, "9223372036854775807": 1<<63 - 1, "-9223372036854775808": -1 << 63} {
		if i, ok := number(t, text).Int64(); !ok || i != want {
			t.Errorf("Int64 of %s = %d, %t", text, i, ok)
		}
		if n := attribute.Int(want).N(); n != number(t, text) {
			t.Errorf("Int(%d) = %s", want, n)
		}
	}
	for _, text := range []string{"0.5", "-1.2", "9223372036854775808", "1e19", "1e125"} {
		if i, ok := number(t, text).Int64(); ok {
			t.Errorf("Int64 of %s = %d", text, i)
		}
	}
}
