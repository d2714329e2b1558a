package schema

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// suffix is the number of hex digits after the logical name, as the bridge
// has them: "numbers-1a2b3c4".
const suffix = 7

// autoName invents the value of an auto-named property, or keeps the one
// invented before.
func (r CheckRequest) autoName(p Property) (string, error) {
	if old := r.Old[resource.PropertyKey(p.Name)]; old.IsString() && defaulted(r.Old, p.Name) {
		return old.StringValue(), nil
	}
	if a := r.Autonaming; a != nil {
		switch {
		case a.Mode == plugin.AutonamingModeDisabled:
			return "", errors.New("automatic naming is disabled but no explicit name was provided")
		case a.ProposedName != "":
			return r.proposed(p, p.AutoPrefix+a.ProposedName)
		}
	}
	return resource.NewUniqueName(r.Seed, p.AutoPrefix+r.Name+"-", suffix, p.AutoName, nil)
}

func (r CheckRequest) proposed(p Property, name string) (string, error) {
	if len(name) > p.AutoName {
		return "", fmt.Errorf("the name %q is longer than maximum length %d", name, p.AutoName)
	}
	return name, nil
}

// Nearest is the name that wrong was probably meant to be: the one within two
// edits, or "".
func Nearest(wrong string, names []string) string {
	best, distance := "", 3
	for _, n := range names {
		if d := edits(wrong, n); d < distance {
			best, distance = n, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
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
