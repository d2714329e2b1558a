package provider

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
)

// oneOf accepts only these values; numbers are float64.
func oneOf(allowed ...any) func(any) error {
	return func(v any) error {
		if slices.Contains(allowed, v) {
			return nil
		}
		words := make([]string, len(allowed))
		for i, a := range allowed {
			words[i] = fmt.Sprintf("%#v", a)
		}
		return fmt.Errorf("the local cloud accepts %s, not %#v", strings.Join(words, ", "), v)
	}
}

// off accepts false, and returns an error with the reason for true.
func off(reason string) func(any) error {
	return func(v any) error {
		if v.(bool) {
			return errors.New(reason)
		}
		return nil
	}
}

// between accepts numbers from low to high.
func between(low, high float64) func(any) error {
	return func(v any) error {
		if n := v.(float64); n < low || n > high {
			return fmt.Errorf("expected a number from %v to %v, got %v", low, high, n)
		}
		return nil
	}
}

// policyOf accepts valid policy documents of that kind.
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

// number adapts a service's validator of a number.
func number(check func(float64) error) func(any) error {
	return func(v any) error { return check(v.(float64)) }
}

// flag adapts a service's validator of a boolean.
func flag(check func(bool) error) func(any) error {
	return func(v any) error { return check(v.(bool)) }
}

// texts adapts a service's validator of a list of strings.
func texts(check func([]string) error) func(any) error {
	return func(v any) error {
		var list []string
		for _, e := range v.([]any) {
			list = append(list, e.(string))
		}
		return check(list)
	}
}

// mapped adapts a service's validator of a map of strings.
func mapped(check func(map[string]string) error) func(any) error {
	return func(v any) error {
		m := map[string]string{}
		for k, e := range v.(map[string]any) {
			m[k], _ = e.(string)
		}
		return check(m)
	}
}

// tagged returns the property for tags, with a service's validator.
func tagged(check func(map[string]string) error) schema.Property {
	p := schema.TagProperty()
	p.Check = mapped(check)
	return p
}

// resourcePolicy accepts documents that both a service's validator and IAM's
// grammar of policies accept. The function reword turns IAM's error into the service's.
func resourcePolicy(check func(string) error, reword func(error) error) func(any) error {
	return func(v any) error { return cmp.Or(text(check)(v), reword(policyOf(iam.ResourcePolicy)(v))) }
}
