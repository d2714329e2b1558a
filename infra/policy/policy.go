// Package policy holds rules for the resources of every stack, checked before any
// of them is created: the controls of AWS Security Hub and the policies of
// Checkov that concern the types of resources here, and a few of our own.
//
// A [Waiver] exempts stacks from a rule, and gives the reason.
//
// https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
// https://www.checkov.io/5.Policy%20Index/terraform.html
package policy

import (
	"fmt"
	"slices"
)

// Resource is one resource of a stack, as the program declares it.
type Resource struct {
	Type, Name string         // "aws:sns/topic:Topic", "numbers"
	Parent     string         // its component's type and name, "tally:serverless:Topic main-numbers"; "" for none
	Provider   string         // the name of its provider; "" for the default one
	Inputs     map[string]any // as encoding/json decodes them
}

// Graph is every resource of one stack.
type Graph []Resource

// Unknown stands for an input that is known after the deployment. Rules accept it
// in a preview, because tests check the same rules with every value known.
const Unknown = "(known after the deployment)"

// Rule is a requirement for each resource of some types.
type Rule struct {
	// Controls that require it: "Lambda.1" of Security Hub, "CKV_AWS_301" of
	// Checkov, "TALLY.1" of our own.
	Controls []string
	Title    string
	Types    []string // of the resources that it applies to
	Property string   // that it checks
	// Check returns an error if a resource of these types breaks the rule.
	Check func(r Resource, all Graph) error
}

// Rules returns all rules.
func Rules() []Rule {
	return slices.Concat(lambdaRules, snsRules, sqsRules, apiRules, watchRules, iamRules)
}

// Finding is a resource that breaks a rule.
type Finding struct {
	Rule     Rule
	Resource Resource
	Err      error
	Waiver   *Waiver // that exempts it, or nil
}

func (f Finding) Error() string {
	return fmt.Sprintf("%s %s: %v (%s: %s)", f.Resource.Type, f.Resource.Name, f.Err, f.Rule.Controls[0], f.Rule.Title)
}

// Check returns a finding for every resource of the stack that breaks a rule,
// also if there is a waiver.
func Check(stack string, all Graph) []Finding {
	var findings []Finding
	for _, rule := range Rules() {
		for _, r := range all {
			if !slices.Contains(rule.Types, r.Type) {
				continue
			}
			if err := rule.Check(r, all); err != nil {
				findings = append(findings, Finding{rule, r, err, waiver(stack, rule)})
			}
		}
	}
	return findings
}

// input returns the value at a path of the inputs, or nil if there is none.
func (r Resource) input(path ...string) any {
	var v any = r.Inputs
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			// A part of an unknown value is unknown.
			if v == Unknown {
				return Unknown
			}
			return nil
		}
		v = object[name]
	}
	return v
}

// has reports whether there is a value other than the zero value of its type.
func (r Resource) has(path ...string) bool {
	switch v := r.input(path...).(type) {
	case nil:
		return false
	case string:
		return v != ""
	case bool:
		return v
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	default:
		return true
	}
}

// siblings returns the resources of a type in the same component.
func (g Graph) siblings(of Resource, kind string) []Resource {
	var found []Resource
	for _, r := range g {
		if r.Type == kind && r.Parent == of.Parent && r.Parent != "" {
			found = append(found, r)
		}
	}
	return found
}

// need returns a check that an input is set.
func need(path ...string) func(Resource, Graph) error {
	return func(r Resource, _ Graph) error {
		if r.has(path...) {
			return nil
		}
		return fmt.Errorf("has no %s", path[len(path)-1])
	}
}
