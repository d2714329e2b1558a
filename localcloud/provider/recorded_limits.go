package provider

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// validARN accepts ARNs.
func validARN(v any) error {
	_, err := cloud.ParseARN(v.(string))
	return err
}

// arnOf accepts ARNs of a service.
func arnOf(service string) func(any) error {
	return func(v any) error {
		arn, err := cloud.ParseARN(v.(string))
		if err == nil && arn.Service != service {
			err = fmt.Errorf("must be the ARN of a resource of %s, not %q", service, v)
		}
		return err
	}
}

// validARNs accepts lists of at most so many ARNs.
func validARNs(most int) func(any) error {
	return func(v any) error {
		if n := len(v.([]any)); n > most {
			return fmt.Errorf("expected at most %d, got %d", most, n)
		}
		return each(validARN)(v)
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

// matching accepts strings that match the whole pattern, which words describe.
func matching(pattern, words string) func(any) error {
	re := regexp.MustCompile("^(?:" + pattern + ")$")
	return func(v any) error {
		if !re.MatchString(v.(string)) {
			return fmt.Errorf("must be %s, not %q", words, v)
		}
		return nil
	}
}

// longest accepts strings of 1 to so many characters.
func longest(most int) func(any) error { return length(1, most) }

// length accepts strings of so many characters.
func length(least, most int) func(any) error {
	return func(v any) error {
		if n := utf8.RuneCountInString(v.(string)); n < least || n > most {
			return fmt.Errorf("must be %d to %d characters long, not %d", least, most, n)
		}
		return nil
	}
}
