package filter

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// pattern tells whether a single value, or absent, is one it wants.
type pattern func(v any) bool

// equals wants a string, true, false or null.
func equals(want any) pattern { return func(v any) bool { return v == want } }

func equalsNumber(want float64) pattern { return between(want, want, true, true) }

// between wants a number of a range, which holds its ends where told so.
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

// text wants a string that passes.
func text(pass func(string) bool) pattern {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && pass(s)
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

func exists(wanted bool) pattern {
	return func(v any) bool { return (v != absent{}) == wanted }
}

// not wants any value that none of the patterns wants.
func not(patterns ...pattern) pattern {
	return func(v any) bool {
		return v != absent{} && !slices.ContainsFunc(patterns, func(p pattern) bool { return p(v) })
	}
}

// cidr wants an address of a network, "10.0.0.0/24".
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

// maxWildcards is how many one pattern may hold.
const maxWildcards = 3

// wildcard wants what the pattern says, whose * stand for any characters; \*
// and \\ stand for themselves.
func wildcard(p string) (pattern, error) {
	var expression strings.Builder
	wildcards, last := 0, -2
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] == '*' && last == i-1:
			return nil, refusal(fmt.Sprintf("Consecutive wildcard characters at pos %d", last))
		case p[i] == '*':
			expression.WriteString(`.*`)
			wildcards, last = wildcards+1, i
		case p[i] == '\\':
			if i++; i == len(p) || p[i] != '*' && p[i] != '\\' {
				return nil, refusal(fmt.Sprintf("Invalid escape character at pos %d", i-1))
			}
			expression.WriteString(regexp.QuoteMeta(p[i : i+1]))
		default:
			expression.WriteString(regexp.QuoteMeta(p[i : i+1]))
		}
	}
	if wildcards > maxWildcards {
		return nil, refusal(fmt.Sprintf("A pattern can not have more than %d wildcards", maxWildcards))
	}
	// Compiled as (?s)\A…\z: linear in the length of the value.
	matches, err := regexp.Compile(`(?s)\A` + expression.String() + `\z`)
	if err != nil {
		return nil, err
	}
	return text(matches.MatchString), nil
}
