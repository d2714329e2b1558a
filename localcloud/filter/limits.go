package filter

import (
	"fmt"
	"slices"
)

// The limits of a policy.
//
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const (
	maxBytes          = 256 * 1024
	maxKeys           = 5 // leaf keys, whose values are arrays of patterns
	maxCombinations   = 150
	maxWildcards      = 3 // in one pattern
	maxWildcardPoints = 100
)

// The wildcard points of a pattern: onePoint for a single wildcard or anything-but,
// threePoints for several wildcards.
const (
	onePoint    = 1
	threePoints = 3
)

// check returns an error if the policy exceeds a limit, or if it is nested and the
// scope does not allow that.
func (o object) check(scope string) error {
	switch c := o.complexity(); {
	case scope != Body && o.nests():
		return refusal("Filter policy scope " + Attributes + " does not support nested filter policy")
	case o.keys() > maxKeys:
		return refusal(fmt.Sprintf("Filter policy can not have more than %d keys", maxKeys))
	case o.combinations(1) > maxCombinations:
		return refusal("Filter policy is too complex")
	case c.wildcards && c.points > maxWildcardPoints: // the limit is that of policies with wildcards
		return refusal(fmt.Sprintf("Filter policy is too complex: its wildcard complexity is %d points, but at most %d are allowed", c.points, maxWildcardPoints))
	}
	return nil
}

// keys returns the number of distinct leaf keys. AWS does not document how it counts
// the keys of a $or list; here, a key of several alternatives counts once.
func (o object) keys() int {
	leaves := map[string]bool{}
	o.addLeaves("", leaves)
	return len(leaves)
}

func (o object) addLeaves(path string, leaves map[string]bool) {
	for name, f := range o.fields {
		if f.nested != nil {
			f.nested.addLeaves(path+name+"\x00", leaves)
		} else {
			leaves[path+name] = true
		}
	}
	for _, alternatives := range o.either {
		for _, a := range alternatives {
			a.addLeaves(path, leaves)
		}
	}
}

// nests reports whether the value of any key is an object.
func (o object) nests() bool {
	for _, f := range o.fields {
		if f.nested != nil {
			return true
		}
	}
	return slices.ContainsFunc(o.either, func(list []object) bool { return slices.ContainsFunc(list, object.nests) })
}

// combinations returns the product, over all keys, of the number of a key's values
// and its depth. The objects of a $or list count as the sum of their
// combinations. It returns at most maxCombinations+1.
func (o object) combinations(depth int) int {
	product := 1
	times := func(n int) { product = min(product*min(n, maxCombinations+1), maxCombinations+1) }
	for _, f := range o.fields {
		if f.nested != nil {
			times(f.nested.combinations(depth + 1))
		} else {
			times(len(f.patterns) * depth)
		}
	}
	for _, alternatives := range o.either {
		sum := 0
		for _, o := range alternatives {
			sum += o.combinations(depth)
		}
		times(sum)
	}
	return product
}

// complexity is the wildcard complexity of a pattern, a field or a policy.
type complexity struct {
	points    int
	wildcards bool // whether there is any wildcard
}

func (c complexity) plus(other complexity) complexity {
	return complexity{c.points + other.points, c.wildcards || other.wildcards}
}

// addWildcards raises the points of a pattern to those for n wildcards.
func (c *complexity) addWildcards(n int) {
	switch c.wildcards = n > 0; {
	case n == 1:
		c.points = max(c.points, onePoint)
	case n > 1:
		c.points = max(c.points, threePoints)
	}
}

// complexity returns the sum over all fields. The points of a field are the sum of
// its patterns' points times the number of its patterns. AWS does not document
// whether exact values count as patterns; here, they do.
func (o object) complexity() (all complexity) {
	for _, f := range o.fields {
		if f.nested != nil {
			all = all.plus(f.nested.complexity())
		} else {
			all = all.plus(complexity{f.points * len(f.patterns), f.wildcards})
		}
	}
	for _, alternatives := range o.either {
		for _, a := range alternatives {
			all = all.plus(a.complexity())
		}
	}
	return all
}
