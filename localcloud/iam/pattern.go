package iam

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// glob is text with wildcards. Wildcards are negative runes, which never occur in
// text, so a "*" in the value of a variable is an ordinary character.
type glob []rune

const (
	anyRun rune = -1 // "*": any number of characters
	anyOne rune = -2 // "?": exactly one character
)

// match reports whether g matches all of s. It backtracks only to the last "*" it
// has reached. That is enough, because the last one can match whatever an earlier
// one could match in its place.
func (g glob) match(s string) bool {
	i, j := 0, 0           // next byte of s, next rune of g
	star, resume := -1, -1 // the last "*" of g, and where s continues after it
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case j < len(g) && g[j] == anyRun:
			star, resume = j, i
			j++
		case j < len(g) && (g[j] == anyOne || g[j] == r):
			i += size
			j++
		case star >= 0:
			_, size = utf8.DecodeRuneInString(s[resume:])
			resume += size
			i, j = resume, star+1
		default:
			return false
		}
	}
	for j < len(g) && g[j] == anyRun {
		j++
	}
	return j == len(g)
}

// lower returns g with its letters in lowercase.
func (g glob) lower() glob {
	lower := make(glob, len(g))
	for i, r := range g {
		lower[i] = unicode.ToLower(r)
	}
	return lower
}

// split splits g at colons into at most n parts.
func (g glob) split(n int) []glob {
	var parts []glob
	start := 0
	for i, r := range g {
		if r == ':' && len(parts) < n-1 {
			parts = append(parts, g[start:i])
			start = i + 1
		}
	}
	return append(parts, g[start:])
}

// template is a glob with policy variables, such as
// "arn:aws:sns:*:*:${aws:username}-*".
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
type template []part

// part is a part of a template: either plain text or a variable.
type part struct {
	plain    glob
	name     string  // of the variable, as written; "" if the part is plain text
	key      string  // name in lowercase
	fallback *string // the default value, or nil if there is none
}

// syntax selects how a template is parsed.
type syntax struct {
	wildcards bool // "*" and "?" are wildcards
	variables bool // "${…}" is a variable
	lower     bool // letters are converted to lowercase
}

// variable is the text between "${" and "}": a condition key, optionally with a
// default value in single quotes.
var variable = regexp.MustCompile(`^\s*([A-Za-z0-9-]+:[^\s,']+)\s*(?:,\s*'([^']*)'\s*)?$`)

func (x syntax) parse(s string) (template, error) {
	var t template
	var plain glob
	for s != "" {
		if x.variables && strings.HasPrefix(s, "${") {
			name, rest, closed := strings.Cut(s[2:], "}")
			if !closed {
				return nil, fmt.Errorf("%q has no closing brace", s)
			}
			s = rest
			if name == "*" || name == "?" || name == "$" {
				plain = append(plain, rune(name[0]))
				continue
			}
			v, err := parseVariable(name)
			if err != nil {
				return nil, err
			}
			t, plain = append(t, part{plain: plain}, v), nil
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		s, plain = s[size:], append(plain, x.special(r))
	}
	return append(t, part{plain: plain}), nil
}

func (x syntax) special(r rune) rune {
	switch {
	case x.wildcards && r == '*':
		return anyRun
	case x.wildcards && r == '?':
		return anyOne
	case x.lower:
		return unicode.ToLower(r)
	}
	return r
}

func parseVariable(name string) (part, error) {
	m := variable.FindStringSubmatchIndex(name)
	if m == nil {
		return part{}, fmt.Errorf(`${%s} is not a policy variable; use ${aws:key}, ${aws:key, 'default'}, ${*}, ${?} or ${$}`, name)
	}
	p := part{name: name[m[2]:m[3]], key: strings.ToLower(name[m[2]:m[3]])}
	if m[4] >= 0 {
		fallback := name[m[4]:m[5]]
		p.fallback = &fallback
	}
	return p, nil
}

// expand replaces the variables with their values and reports whether each of them
// has one. A key with several values cannot be used as a variable. The glob is
// read-only.
func (t template) expand(k *keys) (g glob, ok bool) {
	if len(t) == 1 && t[0].key == "" {
		return t[0].plain, true
	}
	for _, p := range t {
		switch values := k.get(p.key); {
		case p.key == "":
			g = append(g, p.plain...)
		case len(values) == 1:
			g = append(g, []rune(values[0])...)
		case len(values) == 0 && p.fallback != nil:
			g = append(g, []rune(*p.fallback)...)
		default:
			return nil, false
		}
	}
	return g, true
}
