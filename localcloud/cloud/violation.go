package cloud

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Violated returns the error with which AWS refuses a value that violates a constraint of the
// API's model; see [Violations] and [Violation].
func Violated(code string, value any, member, rule string, args ...any) *Error {
	return Violations(code, Violation(value, member, rule, args...))
}

// Violations returns the error with which AWS refuses a request for all its violations, of
// which there is at least one: "2 validation errors detected: …; …". The code depends on the
// service; in most it is "ValidationException".
func Violations(code string, all ...string) *Error {
	noun := "errors"
	if len(all) == 1 {
		noun = "error"
	}
	return Errorf(http.StatusBadRequest, code, "%d validation %s detected: %s", len(all), noun, strings.Join(all, "; "))
}

// Violation returns the part of the message for one value: "Value 'f' at 'name' failed to
// satisfy constraint: Member must have length greater than or equal to 3". The value is nil if
// it is missing, and Hidden if the message does not show it. The rule is a format.
func Violation(value any, member, rule string, args ...any) string {
	shown := fmt.Sprintf(" '%v'", value)
	switch value.(type) {
	case nil:
		shown = " null"
	case hidden:
		shown = ""
	}
	return fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: %s", shown, member, fmt.Sprintf(rule, args...))
}

// Hidden is a value that is not shown, because it is secret or long.
var Hidden hidden

type hidden struct{}

// CheckRange refuses a number that is less than low or greater than high; see [Violated].
func CheckRange(code, member string, n, low, high int) error {
	switch {
	case n < low:
		return Violated(code, n, member, "Member must have value greater than or equal to %d", low)
	case n > high:
		return Violated(code, n, member, "Member must have value less than or equal to %d", high)
	}
	return nil
}

// CheckText refuses a text with more characters than most; see [Violated]. The error shows
// only its beginning.
func CheckText(code, member, text string, most int) error {
	if utf8.RuneCountInString(text) <= most {
		return nil
	}
	return Violated(code, string([]rune(text)[:min(20, most)])+"…", member, "Member must have length less than or equal to %d", most)
}
