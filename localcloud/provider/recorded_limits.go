package provider

import (
	"fmt"
	"regexp"
	"sync"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// arnOf accepts ARNs of that service.
func arnOf(service string) func(any) error {
	return func(v any) error {
		arn, err := cloud.ParseARN(v.(string))
		if err == nil && arn.Service != service {
			err = fmt.Errorf("must be an ARN of the service %s, not %q", service, v)
		}
		return err
	}
}

// each accepts lists whose elements check accepts.
func each(check func(any) error) func(any) error {
	return func(v any) error {
		for i, e := range v.([]any) {
			if err := check(e); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return nil
	}
}

// matching accepts strings that match the pattern as a whole. Its error contains
// description. It compiles the pattern when it is first used: most processes and most
// programs use none, and those with large counts take a millisecond each.
func matching(pattern, description string) func(any) error {
	re := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") })
	return func(v any) error {
		if !re().MatchString(v.(string)) {
			return fmt.Errorf("must be %s, not %q", description, v)
		}
		return nil
	}
}

// nonEmpty accepts strings of 1 to limit characters.
func nonEmpty(limit int) func(any) error { return length(1, limit) }

// length accepts strings of low to high characters.
func length(low, high int) func(any) error {
	return func(v any) error {
		if n := utf8.RuneCountInString(v.(string)); n < low || n > high {
			return fmt.Errorf("must be %d to %d characters long, not %d", low, high, n)
		}
		return nil
	}
}
