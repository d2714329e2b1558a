package logs

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPattern is the maximum length of a filter pattern in characters.
const maxPattern = 1024

// predicate reports whether a message matches a filter pattern.
type predicate func(message string) bool

// parsePattern parses a filter pattern: empty, terms, or { a JSON expression }.
// The empty pattern matches every message. parsePattern returns an
// InvalidParameterException that names the part that it cannot parse. It refuses
// regular expressions and [space, delimited] patterns, which are not emulated.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func parsePattern(pattern string) (predicate, error) {
	if utf8.RuneCountInString(pattern) > maxPattern {
		return nil, invalid("Invalid filter pattern: longer than %d characters", maxPattern)
	}
	trimmed := strings.TrimSpace(pattern)
	switch {
	case strings.HasPrefix(trimmed, "{"):
		return parseJSONPattern(trimmed)
	case strings.HasPrefix(trimmed, "["):
		return nil, invalid("Invalid filter pattern: space-delimited patterns in [ ] are not emulated; use terms or { $.field = value }")
	}
	return parseTerms(trimmed)
}

// terms is an unstructured pattern. If all its terms are optional, a message matches
// if it contains at least one of them. Otherwise a message matches if it contains
// all required terms and none of the excluded ones. Terms match anywhere in the
// message and are case-sensitive.
type terms struct{ required, excluded, optional []string }

func parseTerms(pattern string) (predicate, error) {
	var t terms
	for pattern != "" {
		list := &t.required
		switch pattern[0] {
		case '?':
			list, pattern = &t.optional, pattern[1:]
		case '-':
			list, pattern = &t.excluded, pattern[1:]
		}
		term, rest, err := nextTerm(pattern)
		if err != nil {
			return nil, err
		}
		*list = append(*list, term)
		pattern = strings.TrimLeftFunc(rest, unicode.IsSpace)
	}
	return t.match, nil
}

func (t terms) match(message string) bool {
	for _, term := range t.required {
		if !strings.Contains(message, term) {
			return false
		}
	}
	for _, term := range t.excluded {
		if strings.Contains(message, term) {
			return false
		}
	}
	// AWS ignores optional terms if there are others.
	if len(t.optional) == 0 || len(t.required)+len(t.excluded) > 0 {
		return true
	}
	for _, term := range t.optional {
		if strings.Contains(message, term) {
			return true
		}
	}
	return false
}

// nextTerm splits s after its first term, a word or a "quoted phrase".
func nextTerm(s string) (term, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		return quoted(s)
	}
	if strings.HasPrefix(s, "%") {
		return "", "", invalid("Invalid filter pattern: regular expressions (%%…%%) are not emulated")
	}
	end := strings.IndexFunc(s, unicode.IsSpace)
	if end < 0 {
		end = len(s)
	}
	term, rest = s[:end], s[end:]
	if term == "" || strings.ContainsFunc(term, func(r rune) bool { return !isWord(r) }) {
		return "", "", invalid("Invalid character(s) in term '%s': a term with characters other than letters, digits and _ must be in double quotes", term)
	}
	return term, rest, nil
}

// quoted splits s after its first term, a string in double quotes, and returns the
// string without the quotes. A backslash escapes a double quote or a backslash.
func quoted(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", invalid("Invalid filter pattern: missing closing quote after %s", abbreviate(s))
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// abbreviate returns at most the first 20 characters of s, for error messages.
func abbreviate(s string) string {
	if utf8.RuneCountInString(s) <= 20 {
		return s
	}
	return string([]rune(s)[:20]) + "…"
}
