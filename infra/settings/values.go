package settings

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Patterns of several settings.
const (
	// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
	tag   = `[\p{L}\p{N}_.:/=+@-]([\p{L}\p{Z}\p{N}_.:/=+@-]{0,254}[\p{L}\p{N}_.:/=+@-])?`
	email = `[^\s\p{Z}\p{C}@]+@[^\s\p{Z}\p{C}@]+\.[^\s\p{Z}\p{C}@]+`
	word  = `[^\s\p{Z}\p{C}]+`

	host     = `[A-Za-z0-9.-]+(:[0-9]+)?`
	escaped  = `%[0-9A-Fa-f]{2}`
	path     = `([/?]([!-$&-~]|` + escaped + `)*)?` // with a query and a fragment
	httpsURL = `https://` + host + path
	localURL = `http://(127\.0\.0\.1|localhost)(:[0-9]+)?` + path
	// SNS sends the user and the password in a URL as basic authentication.
	//
	// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
	webhook = `https://(([A-Za-z0-9._:~!$&'()*+,;=-]|` + escaped + `)+@)?` + host + path
)

// matching returns a Field that sets a field to a value if all of it matches the
// pattern.
func matching(field func(*Settings) *string, pattern string) func(*Settings, string) bool {
	whole := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return func(s *Settings, value string) bool {
		if !whole.MatchString(value) {
			return false
		}
		*field(s) = value
		return true
	}
}

// listOf returns a Field that sets a field to a list of one or more values if
// all of each matches the pattern. The engine passes a list as JSON.
func listOf(field func(*Settings) *[]string, pattern string) func(*Settings, string) bool {
	whole := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return func(s *Settings, value string) bool {
		var list []string
		if json.Unmarshal([]byte(value), &list) != nil || len(list) == 0 {
			return false
		}
		if slices.ContainsFunc(list, func(item string) bool { return !whole.MatchString(item) }) {
			return false
		}
		*field(s) = list
		return true
	}
}

// between returns a Field that sets a field to a whole number from min to max.
func between(field func(*Settings) *int, min, max int) func(*Settings, string) bool {
	return func(s *Settings, value string) bool {
		n, ok := wholeNumber(value)
		*field(s) = n
		return ok && min <= n && n <= max
	}
}

// boolean returns a Field that sets a field to true or false.
func boolean(field func(*Settings) *bool) func(*Settings, string) bool {
	return func(s *Settings, value string) bool {
		*field(s) = value == "true"
		return value == "true" || value == "false"
	}
}

// wholeNumber parses decimal digits without a sign or a leading zero.
func wholeNumber(value string) (int, bool) {
	n, err := strconv.Atoi(value)
	return n, err == nil && strconv.Itoa(n) == value
}

// list returns the numbers separated by commas.
func list(numbers []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}
