// Package nearest finds what a misspelt name was probably meant to be, for
// errors that say so.
package nearest

import "strings"

// most is how many letters may be wrong.
const most = 3

// Name is the one of names that is the fewest letters away from wrong, their
// case aside: up to three added, removed or replaced. It is "" where none is so
// near.
func Name(wrong string, names []string) string {
	best, distance := "", most+1
	for _, name := range names {
		if d := edits(strings.ToLower(wrong), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1) // distances of a's first i letters to each start of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
