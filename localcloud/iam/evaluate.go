package iam

import (
	"strings"

	"tally/localcloud/cloud"
)

// Decision is the outcome of Evaluate and the statements that led to it. A Deny
// without Reasons is implicit: nothing allowed the request.
type Decision struct {
	Effect  Effect
	Reasons []Reason // the deciding statements, in the order of the policies
}

// Reason identifies a statement that took part in a Decision.
type Reason struct {
	Policy    string // Name of the Policy
	Kind      Kind
	Statement int    // its index in the document, from 0
	Sid       string // "" if it has none
}

// Evaluate decides r by the policies, which are those attached to its caller
// and to its resource. It ignores r.ResourcePolicy, and adds nothing to
// r.Context.
//
// A statement that denies overrides all that allow; otherwise one that allows
// is enough, wherever it is attached, because caller and resource belong to the
// same account. An AWS service has no identity policies, so only the policy of
// the resource can allow it anything.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Evaluate(r cloud.Request, policies []*Policy) Decision {
	return decide(ask(r), policies)
}

func decide(q question, policies []*Policy) Decision {
	var allows, denies []Reason
	for _, p := range policies {
		for i := range p.Statements {
			s := &p.Statements[i]
			if !s.matches(q) {
				continue
			}
			if reason := (Reason{p.Name, p.Kind, i, s.Sid}); s.Effect == Deny {
				denies = append(denies, reason)
			} else {
				allows = append(allows, reason)
			}
		}
	}
	switch {
	case denies != nil:
		return Decision{Deny, denies}
	case allows != nil:
		return Decision{Allow, allows}
	}
	return Decision{Effect: Deny}
}

// question is a request prepared for comparison.
type question struct {
	cloud.Request
	action string // in lower case
	keys   keys
}

// keys are condition keys with their values; the names are in lower case, as
// AWS ignores their case.
type keys map[string][]string

func (k keys) set(name, value string) { k[name] = []string{value} }

func (k keys) add(context map[string][]string) {
	for name, values := range context {
		k[strings.ToLower(name)] = values
	}
}

func ask(r cloud.Request) question {
	q := question{Request: r, action: strings.ToLower(r.Action), keys: make(keys, 24)}
	q.keys.add(r.Context)
	return q
}
