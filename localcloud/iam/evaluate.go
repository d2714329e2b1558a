package iam

import (
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// Decision is the result of Evaluate, with the statements that led to it. A Deny
// without Reasons is implicit: no statement allowed the request.
type Decision struct {
	Effect  Effect
	Reasons []Reason // the deciding statements, in the order of the policies
	// OutOfBounds means that policies allowed the request, but the permissions
	// boundary did not.
	OutOfBounds bool
	// Undelegated means that the key policy allows the request neither to the caller
	// nor to the identity policies of its account.
	Undelegated bool
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
// If there is a BoundaryPolicy, it must allow the request as well, unless a
// resource policy allows it to everyone or to the ARN of the caller's session. A
// resource policy that allows it to the ARN of a role is not enough.
//
// If there is a KeyPolicy, identity policies allow the request only if a statement of
// the key policy allows it to the account.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
func Evaluate(r cloud.Request, policies []*Policy) Decision {
	return decide(newQuery(r), policies)
}

func decide(q query, policies []*Policy) Decision {
	var allows, denies []Reason
	q.bounded = slices.ContainsFunc(policies, func(p *Policy) bool { return p.Kind == BoundaryPolicy })
	inBounds := !q.bounded
	q.delegated = delegated(q, policies)
	for _, p := range policies {
		for i := range p.Statements {
			s := &p.Statements[i]
			if !s.matches(q) {
				continue
			}
			switch reason := (Reason{p.Name, p.Kind, i, s.Sid}); {
			case s.Effect == Deny:
				denies = append(denies, reason)
			case p.Kind == BoundaryPolicy:
				inBounds = true
			case p.Kind == IdentityPolicy && !q.delegated:
			default:
				allows = append(allows, reason)
				inBounds = inBounds || s.principals.unbounded(q)
			}
		}
	}
	switch {
	case denies != nil:
		return Decision{Effect: Deny, Reasons: denies}
	case allows == nil:
		return Decision{Effect: Deny, Undelegated: !q.delegated}
	case !inBounds:
		return Decision{Effect: Deny, OutOfBounds: true}
	}
	return Decision{Effect: Allow, Reasons: allows}
}

// delegated reports whether identity policies may allow the request: unless it is for a
// key whose policy does not delegate to the account of the caller.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-root-enable-iam
func delegated(q query, policies []*Policy) bool {
	keyed := false
	for _, p := range policies {
		if p.Kind != KeyPolicy {
			continue
		}
		keyed = true
		for i := range p.Statements {
			s := &p.Statements[i]
			if s.Effect == Allow && s.principals.delegate(q) && s.appliesTo(q) {
				return true
			}
		}
	}
	return !keyed
}

// query is a request prepared for evaluation.
type query struct {
	cloud.Request
	action    string // in lowercase
	keys      keys
	bounded   bool // whether the caller has a permissions boundary
	delegated bool // whether identity policies may allow the request
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
