package iam

import (
	"strings"

	"tally/localcloud/cloud"
)

// Decision is the result of Evaluate, with the statements that led to it. A Deny
// without Reasons is implicit: no statement allowed the request.
type Decision struct {
	Effect  Effect
	Reasons []Reason // the deciding statements, in the order of the policies
}

// Reason identifies a statement that led to a Decision.
type Reason struct {
	Policy    string // Name of the Policy
	Kind      Kind
	Statement int    // its index in the document, from 0
	Sid       string // "" if it has none
}

// Evaluate decides whether the policies allow r. They are the policies attached to
// the caller and to the resource. Evaluate ignores r.ResourcePolicy, and uses no
// condition keys except those in r.Context.
//
// A statement that denies the request overrides all others. Otherwise, one
// statement that allows it is enough, in any policy, because the caller and the
// resource belong to the same account. An AWS service has no identity policies, so
// only the resource policy can allow its requests.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Evaluate(r cloud.Request, policies []*Policy) Decision {
	return decide(newQuery(r), policies)
}

func decide(q query, policies []*Policy) Decision {
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

// query is a request prepared for evaluation.
type query struct {
	cloud.Request
	action string // in lowercase
	keys   keys
}

// keys maps the names of condition keys to their values. The names are in
// lowercase, because AWS ignores their case.
type keys map[string][]string

func (k keys) set(name, value string) { k[name] = []string{value} }

func (k keys) add(context map[string][]string) {
	for name, values := range context {
		k[strings.ToLower(name)] = values
	}
}

// newQuery prepares a request whose only condition keys are those in r.Context.
func newQuery(r cloud.Request) query {
	q := query{Request: r, action: strings.ToLower(r.Action), keys: make(keys, 24)}
	q.keys.add(r.Context)
	return q
}
