// Package policy checks the resources of a stack against rules before any of
// them is created. The rules implement the controls of AWS Security Hub and the
// policies of Checkov that apply to the resource types in use, and to what is often
// added to them, and a few controls of this project.
//
// A [Waiver] exempts stacks from a rule on purpose and states the reason.
//
// https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
// https://www.checkov.io/5.Policy%20Index/terraform.html
package policy

import (
	"fmt"
	"slices"
)

// Resource is one resource of a stack, as the program registers it with the
// engine.
type Resource struct {
	Type, Name string         // "aws:sns/topic:Topic", "numbers"
	Parent     string         // its component's type and name, "tally:serverless:Topic main-numbers"; "" for none
	Provider   string         // the name of its provider; "" for the default one
	Inputs     map[string]any // of the types that encoding/json decodes into an any
	// References lists, by input, the resources whose outputs the input contains,
	// each as its type and name: "aws:sns/topic:Topic main-alarms".
	References map[string][]string
}

// Graph is the list of all resources of one stack.
type Graph []Resource

// Unknown stands for an input whose value only a deployment determines. Rules
// accept it in a preview, because tests check them with every value known.
const Unknown = "(known after the deployment)"

// Rule is a requirement for every resource of some types.
type Rule struct {
	// Controls lists the IDs of the controls that the rule implements:
	// "Lambda.1" of Security Hub, "CKV_AWS_301" of Checkov, "TALLY.1" of this
	// project. The first identifies the rule in findings and waivers.
	Controls []string
	Title    string   // what compliant resources do, "topics are encrypted at rest"
	Types    []string // of the resources to check, "aws:sns/topic:Topic"
	Property string   // that the rule checks, for readers
	// Check returns nil if r complies, and otherwise an error that completes a
	// sentence about r: "has no kmsMasterKeyId". all is the graph r belongs to.
	Check func(r Resource, all Graph) error
}

// Rules returns every rule, in the order of the controls page.
func Rules() []Rule {
	return slices.Concat(lambdaRules, snsRules, sqsRules, dynamodbRules, secretRules, apiRules, schedulerRules, watchRules, iamRules)
}

// Finding reports a resource that violates a rule.
type Finding struct {
	Rule     Rule
	Resource Resource
	Err      error   // the error of the rule's Check
	Waiver   *Waiver // that exempts the stack from the rule, or nil
}

// Error returns the resource, the violation and the rule on one line.
func (f Finding) Error() string {
	return fmt.Sprintf("%s %s: %v (%s: %s)", f.Resource.Type, f.Resource.Name, f.Err, f.Rule.Controls[0], f.Rule.Title)
}

// Check returns a finding for every violation of a rule in the stack, including
// those that a waiver covers. The stack's name, such as "prod", selects the
// waivers.
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

// input returns the input at a path, or nil if there is none. If an object on
// the path is Unknown, so is the input.
func (r Resource) input(path ...string) any {
	var v any = r.Inputs
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			if v == Unknown {
				return Unknown
			}
			return nil
		}
		v = object[name]
	}
	return v
}

// has reports whether the input at a path is set to something other than the
// zero value of its type. An unknown input counts as set.
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

// siblings returns the resources of a type in the same component as r. It
// returns nil if r is not part of a component.
func (g Graph) siblings(r Resource, kind string) []Resource {
	var found []Resource
	for _, s := range g {
		if s.Type == kind && s.Parent == r.Parent && s.Parent != "" {
			found = append(found, s)
		}
	}
	return found
}

// require returns a check that fails for a resource without the input at a path.
func require(path ...string) func(Resource, Graph) error {
	return func(r Resource, _ Graph) error {
		if r.has(path...) {
			return nil
		}
		return fmt.Errorf("has no %s", path[len(path)-1])
	}
}
