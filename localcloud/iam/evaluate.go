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
	// OutOfSession means the same of the session policy.
	OutOfSession bool
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
// If there is a BoundaryPolicy or a SessionPolicy, it must allow the request as well, unless a
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
	q.delegated = delegated(q, policies)
	unlimited := false
	var outside []Kind // the limiting policies that do not allow the request
	for _, p := range policies {
		inside := false
		for i := range p.Statements {
			s := &p.Statements[i]
			if !s.matches(q) {
				continue
			}
			switch reason := (Reason{p.Name, p.Kind, i, s.Sid}); {
			case s.Effect == Deny:
				denies = append(denies, reason)
			case p.Kind.limits():
				inside = true
			case p.Kind == IdentityPolicy && !q.delegated:
			default:
				allows = append(allows, reason)
				unlimited = unlimited || s.principals.unbounded(q)
			}
		}
		if p.Kind.limits() && !inside {
			outside = append(outside, p.Kind)
		}
	}
	switch {
	case denies != nil:
		return Decision{Effect: Deny, Reasons: denies}
	case allows == nil:
		return Decision{Effect: Deny, Undelegated: !q.delegated}
	case len(outside) > 0 && !unlimited:
		return Decision{Effect: Deny, OutOfBounds: slices.Contains(outside, BoundaryPolicy), OutOfSession: slices.Contains(outside, SessionPolicy)}
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
	keys      *keys
	bounded   bool // whether the caller has a permissions boundary
	delegated bool // whether identity policies may allow the request
}

// keys holds the condition keys of a request. Their names are in lowercase, because
// AWS ignores their case. A value is determined when a statement needs it, which few
// do. The zero keys and nil contain none.
type keys struct {
	// In the order of precedence: the keys of the caller's role, those that derive
	// determines, those of the client's request, and those of the request.
	role            map[string][]string // with names in lowercase
	derive          func(name string) (value string, ok bool)
	client, request map[string][]string
}

// get returns the values of the key with that name in lowercase, or nil.
func (k *keys) get(name string) []string {
	if k == nil {
		return nil
	}
	if values, ok := k.role[name]; ok {
		return values
	}
	if k.derive != nil {
		if value, ok := k.derive(name); ok {
			return []string{value}
		}
	}
	if values, ok := find(k.client, name); ok {
		return values
	}
	values, _ := find(k.request, name)
	return values
}

// find returns the values of the key with that name in any case.
func find(context map[string][]string, name string) ([]string, bool) {
	for key, values := range context {
		if strings.EqualFold(key, name) {
			return values, true
		}
	}
	return nil, false
}

// newQuery prepares a request whose only condition keys are those in r.Context.
func newQuery(r cloud.Request) query {
	return query{Request: r, action: strings.ToLower(r.Action), keys: &keys{request: r.Context}}
}
