package provider

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// validARN admits ARNs.
func validARN(v any) error {
	_, err := cloud.ParseARN(v.(string))
	return err
}

// validARNs admits lists of at most so many ARNs.
func validARNs(most int) func(any) error {
	return func(v any) error {
		list := v.([]any)
		if len(list) > most {
			return fmt.Errorf("expected at most %d, got %d", most, len(list))
		}
		for i, e := range list {
			if err := validARN(e); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return nil
	}
}

// matching admits strings that match the whole pattern; words say what those
// are.
func matching(pattern, words string) func(any) error {
	re := regexp.MustCompile("^(?:" + pattern + ")$")
	return func(v any) error {
		if !re.MatchString(v.(string)) {
			return fmt.Errorf("must be %s, not %q", words, v)
		}
		return nil
	}
}

// longest admits strings of 1 to so many characters.
func longest(most int) func(any) error { return length(1, most) }

// length admits strings of so many characters.
func length(least, most int) func(any) error {
	return func(v any) error {
		if n := utf8.RuneCountInString(v.(string)); n < least || n > most {
			return fmt.Errorf("must be %d to %d characters long, not %d", least, most, n)
		}
		return nil
	}
}
