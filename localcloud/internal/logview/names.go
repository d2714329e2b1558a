package logview

import (
	"strings"

	"tally/localcloud/cloud"
)

// names are short names of functions, by their full names.
type names struct {
	short map[string]string
	width int // that of the longest short name
}

// shorten returns the names without what autonaming appends to them, and without the words that begin all of
// them. Short names that are not unique stay as they are.
func shorten(full []string) names {
	bare, count := map[string]string{}, map[string]int{}
	prefix, first := "", true
	for _, name := range full {
		b := cloud.Stem(name)
		bare[name] = b
		count[b]++
		if words := b[:strings.LastIndex(b, "-")+1]; first || len(words) < len(prefix) {
			prefix, first = words, false
		}
	}
	for _, b := range bare {
		for !strings.HasPrefix(b, prefix) {
			prefix = prefix[:strings.LastIndex(prefix[:len(prefix)-1], "-")+1]
		}
	}
	if len(full) == 1 {
		prefix = ""
	}
	n := names{short: map[string]string{}}
	for name, b := range bare {
		if count[b] > 1 {
			b = name
		}
		n.short[name] = strings.TrimPrefix(b, prefix)
		n.width = max(n.width, len([]rune(n.short[name])))
	}
	return n
}

// of returns the short name of a function.
func (n names) of(full string) string {
	if short, ok := n.short[full]; ok {
		return short
	}
	return full
}
