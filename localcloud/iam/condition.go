package iam

import (
	"slices"
	"strconv"
	"strings"
)

// condition is one operator of a Condition element, applied to one key.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type condition struct {
	key string // in lowercase
	comparison
	tests []test // one for each value in the policy
}

// comparison is an operator as written, such as
// "ForAnyValue:StringNotLikeIfExists".
type comparison struct {
	operator
	set      string // "ForAnyValue", "ForAllValues", or "" for keys with a single value
	ifExists bool   // the condition holds if the key is missing
	null     bool   // tests whether the key is missing, not its value
}

// holds reports whether the request meets the condition.
//
// If the key is missing, only negated conditions and ForAllValues hold: there is no
// value that could violate them.
func (c condition) holds(k *keys) bool {
	values := k.get(c.key)
	if c.null {
		values = []string{strconv.FormatBool(len(values) == 0)}
	}
	accepts := func(value string) bool {
		matches := func(t test) bool { return t(value, k) }
		return slices.ContainsFunc(c.tests, matches) != c.negated
	}
	rejects := func(value string) bool { return !accepts(value) }
	switch every := c.set == "ForAllValues" || c.set == "" && c.negated; {
	case len(values) == 0:
		return c.ifExists || every
	case every:
		return !slices.ContainsFunc(values, rejects)
	default:
		return slices.ContainsFunc(values, accepts)
	}
}

// parseComparison parses the name of an operator and reports whether it exists.
func parseComparison(name string) (comparison, bool) {
	var c comparison
	if set, rest, ok := strings.Cut(name, ":"); ok {
		if set != "ForAnyValue" && set != "ForAllValues" {
			return c, false
		}
		c.set, name = set, rest
	}
	if name == "Null" {
		c.null, c.operator = true, operator{compile: boolean}
		return c, c.set == ""
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	op, known := operators[name]
	c.operator = op
	return c, known
}
