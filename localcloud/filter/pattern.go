package filter

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// pattern reports whether it matches a single value, which may be absent{}.
type pattern func(v any) bool

// equals matches a string, true, false or null.
func equals(want any) pattern { return func(v any) bool { return v == want } }

func equalsNumber(want float64) pattern { return between(want, want, true, true) }

// between matches the numbers in a range, including bottom if withBottom is set and
// top if withTop is set.
func between(bottom, top float64, withBottom, withTop bool) pattern {
	return func(v any) bool {
		number, ok := v.(json.Number)
		if !ok {
			return false
		}
		n, err := number.Float64()
		return err == nil && (n > bottom || withBottom && n == bottom) && (n < top || withTop && n == top)
	}
}

// text matches the strings for which accepts returns true.
func text(accepts func(string) bool) pattern {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && accepts(s)
	}
}

func prefix(p string) pattern {
	return text(func(s string) bool { return strings.HasPrefix(s, p) })
}

func suffix(p string) pattern {
	return text(func(s string) bool { return strings.HasSuffix(s, p) })
}

func equalsFold(p string) pattern {
	return text(func(s string) bool { return strings.EqualFold(s, p) })
}

func exists(want bool) pattern {
	return func(v any) bool { return (v != absent{}) == want }
}

// not matches every value that is present and that none of the patterns matches.
func not(patterns ...pattern) pattern {
	return func(v any) bool {
		return v != absent{} && !slices.ContainsFunc(patterns, func(p pattern) bool { return p(v) })
	}
}

// cidr matches the IP addresses in a network such as "10.0.0.0/24".
func cidr(network string) (pattern, error) {
	p, err := netip.ParsePrefix(network)
	if err != nil {
		return nil, refusal("Malformed CIDR, one '/' required")
	}
	return text(func(s string) bool {
		address, err := netip.ParseAddr(s)
		return err == nil && p.Contains(address)
	}), nil
}

// wildcard matches the strings that fit p, in which * stands for any number of
// characters, \* for an asterisk and \\ for a backslash. It also returns the number
// of wildcards.
func wildcard(p string) (matches pattern, wildcards int, err error) {
	var expression strings.Builder
	last := -2
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] == '*' && last == i-1:
			return nil, 0, refusal(fmt.Sprintf("Consecutive wildcard characters at pos %d", last))
		case p[i] == '*':
			expression.WriteString(`.*`)
			wildcards, last = wildcards+1, i
		case p[i] == '\\':
			if i++; i == len(p) || p[i] != '*' && p[i] != '\\' {
				return nil, 0, refusal(fmt.Sprintf("Invalid escape character at pos %d", i-1))
			}
			expression.WriteString(regexp.QuoteMeta(p[i : i+1]))
		default:
			expression.WriteString(regexp.QuoteMeta(p[i : i+1]))
		}
	}
	if wildcards > maxWildcards {
		return nil, 0, refusal(fmt.Sprintf("A pattern can not have more than %d wildcards", maxWildcards))
	}
	// Matching takes time linear in the length of the value.
	compiled, err := regexp.Compile(`(?s)\A` + expression.String() + `\z`)
	if err != nil {
		return nil, 0, err
	}
	return text(compiled.MatchString), wildcards, nil
}
