package main

import (
	"errors"

	"tally/infra/policy"
)

// checkRules returns an error that lists each violation of a rule that is not
// waived for the stack.
func checkRules(stack string, all []resource) error {
	var g policy.Graph
	for _, r := range all {
		g = append(g, policy.Resource(r))
	}
	var errs []error
	for _, f := range policy.Check(stack, g) {
		if f.Waiver == nil {
			errs = append(errs, f)
		}
	}
	return errors.Join(errs...)
}
