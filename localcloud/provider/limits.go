package provider

import (
	"fmt"
	"slices"
	"strings"

	"tally/localcloud/iam"
)

// oneOf admits these values alone; numbers are float64.
func oneOf(allowed ...any) func(any) error {
	return func(v any) error {
		if slices.Contains(allowed, v) {
			return nil
		}
		words := make([]string, len(allowed))
		for i, a := range allowed {
			words[i] = fmt.Sprintf("%#v", a)
		}
		return fmt.Errorf("the local cloud takes %s, not %#v", strings.Join(words, ", "), v)
	}
}

// between admits whole numbers of a range.
func between(low, high float64) func(any) error {
	return func(v any) error {
		if n := v.(float64); n < low || n > high {
			return fmt.Errorf("expected a number from %v to %v, got %v", low, high, n)
		}
		return nil
	}
}

// policyOf admits valid policy documents of a kind.
func policyOf(kind iam.Kind) func(any) error {
	return func(v any) error {
		_, err := iam.ParsePolicy(kind, v.(string))
		return err
	}
}

// text adapts a service's validator of a string.
func text(check func(string) error) func(any) error {
	return func(v any) error { return check(v.(string)) }
}

// whole adapts a service's validator of a whole number.
func whole(check func(int) error) func(any) error {
	return func(v any) error { return check(int(v.(float64))) }
}
