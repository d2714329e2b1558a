// Package nearest finds the name that a misspelled one was probably meant to be,
// for suggestions in error messages.
package nearest

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxEdits is the maximum number of letters that are added, removed or replaced.
const maxEdits = 3

// Name returns the name closest to wrong, ignoring case, or "" if none is within
// three edits.
func Name(wrong string, names []string) string { return Within(maxEdits, wrong, names) }

// Within is like Name, with another number of edits.
func Within(edits int, wrong string, names []string) string {
	best, distance := "", edits+1
	for _, name := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(wrong), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	return best
}
