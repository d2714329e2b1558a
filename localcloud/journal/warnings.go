package journal

import (
	"slices"
	"strings"
	"unicode"

	"tally/localcloud/cloud"
)

// maxKinds is the number of different warnings, and of different losses, that a journal
// holds.
const maxKinds = 100

// summary holds the newest entries. Similar ones are one entry, the newest of them, so
// that a flood of them does not displace others.
type summary struct {
	entries []cloud.Entry // the newest last
	kinds   []string      // of entries
}

// add adds an entry.
func (s *summary) add(e cloud.Entry) {
	kind := kindOf(e)
	i := slices.Index(s.kinds, kind)
	if i >= 0 {
		e.Repeats += s.entries[i].Repeats + 1
	} else if i = 0; len(s.entries) < maxKinds {
		i = -1
	}
	if i >= 0 {
		s.entries, s.kinds = slices.Delete(s.entries, i, i+1), slices.Delete(s.kinds, i, i+1)
	}
	s.entries, s.kinds = append(s.entries, e), append(s.kinds, kind)
}

// kindOf returns what similar entries have in common: everything but the words that
// contain digits, such as IDs, durations and ARNs.
func kindOf(e cloud.Entry) string {
	var kind strings.Builder
	kind.WriteString(e.Service + "\x00" + e.Resource + "\x00")
	for rest := e.Message; rest != ""; {
		end := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
		if end < 0 {
			end = len(rest)
		}
		if word := rest[:end]; strings.ContainsAny(word, "0123456789") {
			kind.WriteByte('#')
		} else {
			kind.WriteString(word)
		}
		next := strings.IndexFunc(rest[end:], isWord)
		if next < 0 {
			next = len(rest) - end
		}
		kind.WriteString(rest[end : end+next])
		rest = rest[end+next:]
	}
	return kind.String()
}

func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.:/", r)
}

// Warnings returns the newest n losses and the newest n other warnings, ordered by time.
// An entry stands for all similar ones, as its Repeats say.
func (j *Journal) Warnings(n int) []cloud.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var newest []cloud.Entry
	for _, s := range []summary{j.losses, j.warnings} {
		newest = append(newest, s.entries[max(0, len(s.entries)-n):]...)
	}
	slices.SortStableFunc(newest, func(a, b cloud.Entry) int { return a.Time.Compare(b.Time) })
	return newest
}
