// Package nearest finds the name that a misspelt one was probably meant to be,
// for error messages that suggest it.
package nearest

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// mostEdits is the number of letters that may be added, removed or replaced.
const mostEdits = 3

// Name returns the name closest to wrong, ignoring case, or "" if every one of
// them is more than three edits away.
func Name(wrong string, names []string) string {
	best, distance := "", mostEdits+1
	for _, name := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(wrong), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	return best
}
