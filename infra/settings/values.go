package settings

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Patterns that several settings share.
const (
	// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
	tag      = `[\p{L}\p{N}_.:/=+@-]([\p{L}\p{Z}\p{N}_.:/=+@-]{0,254}[\p{L}\p{N}_.:/=+@-])?`
	email    = `[^\s@]+@[^\s@]+\.[^\s@]+`
	httpsURL = `https://[^\s/]+(/\S*)?`
)

// matching sets a field to a value that matches the pattern as a whole.
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

// listOf sets a field to a list of one or more values, each of which matches the
// pattern as a whole. The engine passes a list as JSON.
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

// between sets a field to a whole number from least to most.
func between(field func(*Settings) *int, least, most int) func(*Settings, string) bool {
	return func(s *Settings, value string) bool {
		n, ok := wholeNumber(value)
		*field(s) = n
		return ok && least <= n && n <= most
	}
}

// truth sets a field to true or false.
func truth(field func(*Settings) *bool) func(*Settings, string) bool {
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

func list(numbers []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}
