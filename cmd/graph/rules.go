package main

import (
	"errors"

	"tally/infra/policy"
)

// keepsRules returns an error for each resource that breaks a rule of the stack.
func keepsRules(stack string, all []resource) error {
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
