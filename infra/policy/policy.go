// Package policy holds the rules that the resources of every stack keep, before
// any of them is created: controls of AWS Security Hub and policies of Checkov
// as far as they concern what a stack here is made of, and a few of our own.
//
// What a stack leaves out on purpose is a [Waiver], with its reason.
//
// https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
// https://www.checkov.io/5.Policy%20Index/terraform.html
package policy

import (
	"fmt"
	"slices"
)

// Resource is one of a stack: what the program asks the engine for.
type Resource struct {
	Type, Name string         // "aws:sns/topic:Topic", "numbers"
	Parent     string         // its component's type and name, "tally:serverless:Topic numbers"; "" where it has none
	Inputs     map[string]any // as encoding/json decodes them
}

// Graph is every resource of one stack.
type Graph []Resource

// Unknown stands for an input that only a deployment gives. A preview has some;
// rules let them pass, since the same rules see the program with every value.
const Unknown = "(known after the deployment)"

// Rule is what each resource of some types must fulfil.
type Rule struct {
	// Controls that ask for it: "Lambda.1" of Security Hub, "CKV_AWS_301" of
	// Checkov, "TALLY.1" of our own.
	Controls []string
	Title    string
	Types    []string // of the resources it is about
	Property string   // that it looks at
	// Check says what is wrong with a resource of these types.
	Check func(r Resource, all Graph) error
}

// Rules are all there are.
func Rules() []Rule {
	return slices.Concat(lambdaRules, snsRules, sqsRules, apiRules, watchRules, iamRules)
}

// Finding is a resource that does not keep a rule.
type Finding struct {
	Rule     Rule
	Resource Resource
	Err      error
	Waiver   *Waiver // that lets it pass, or nil
}

func (f Finding) Error() string {
	return fmt.Sprintf("%s %s: %v (%s: %s)", f.Resource.Type, f.Resource.Name, f.Err, f.Rule.Controls[0], f.Rule.Title)
}

// Check finds every resource of the stack that does not keep a rule, those with
// a waiver too.
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

// input is the value at a path of the inputs, nil where there is none.
func (r Resource) input(path ...string) any {
	var v any = r.Inputs
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			// Unknown as a whole, so is its part.
			if v == Unknown {
				return Unknown
			}
			return nil
		}
		v = object[name]
	}
	return v
}

// has tells whether there is a value other than the zero of its type.
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

// siblings are the resources of a type in the same component.
func (g Graph) siblings(of Resource, kind string) []Resource {
	var found []Resource
	for _, r := range g {
		if r.Type == kind && r.Parent == of.Parent && r.Parent != "" {
			found = append(found, r)
		}
	}
	return found
}

// need is the check that an input is there.
func need(path ...string) func(Resource, Graph) error {
	return func(r Resource, _ Graph) error {
		if r.has(path...) {
			return nil
		}
		return fmt.Errorf("has no %s", path[len(path)-1])
	}
}
