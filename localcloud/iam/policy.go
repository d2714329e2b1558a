// Package iam emulates AWS Identity and Access Management: it stores the roles of the
// account, starts their sessions, and decides whether a caller may perform an
// action.
package iam

// Kind is the kind of a policy, which depends on what the policy is attached to. It
// determines which elements the policy must and must not have.
type Kind int

// The kinds of policies.
const (
	IdentityPolicy Kind = iota // of a role or user; has resources and no principals
	ResourcePolicy             // of a topic, function or queue; has resources and principals
	TrustPolicy                // of a role; has principals and no resources
	// KeyPolicy is a ResourcePolicy of a KMS key. Unlike any other, it must allow
	// each request: identity policies count only as far as it delegates to the
	// account.
	KeyPolicy
	// BoundaryPolicy is the permissions boundary of a role. It has the elements of
	// an IdentityPolicy, but limits what the role is allowed and allows nothing
	// itself.
	BoundaryPolicy
	// SessionPolicy is the inline policy of a role session. It has the elements of an
	// IdentityPolicy, but limits what the role's policies allow the session.
	SessionPolicy
)

// ofIdentity reports whether policies of the kind apply to an identity, and so
// name no principal.
func (k Kind) ofIdentity() bool { return k == IdentityPolicy || k.limits() }

// limits reports whether policies of the kind allow nothing themselves, but must allow
// what others do.
func (k Kind) limits() bool { return k == BoundaryPolicy || k == SessionPolicy }

// Policy is a parsed and valid policy document. It is read-only.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Policy struct {
	// Name identifies the policy in the Reasons of a Decision. ParsePolicy
	// leaves it empty, because a document does not contain a name.
	Name       string
	Kind       Kind
	Statements []Statement
	document   string // JSON
}

// Effect is the effect of a statement on the requests that it matches, and the
// outcome of a Decision.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Statement is one rule of a Policy.
type Statement struct {
	Sid    string // "" if it has none
	Effect Effect

	principals *principals // nil in identity policies
	actions    selection   // in lowercase: AWS ignores the case of actions
	resources  selection   // empty in trust policies
	conditions []condition
}

// matches reports whether every element of the statement matches the request.
func (s *Statement) matches(q query) bool {
	return (s.principals == nil || s.principals.include(q, s.Effect)) && s.appliesTo(q)
}

// appliesTo reports whether every element but the principals matches the request.
func (s *Statement) appliesTo(q query) bool {
	if !s.actions.includes(q.action, q.keys) {
		return false
	}
	if !s.resources.empty() && !s.resources.includes(q.Resource, q.keys) {
		return false
	}
	for _, c := range s.conditions {
		if !c.holds(q.keys) {
			return false
		}
	}
	return true
}

// selection is an Action or Resource element or, if except is set, a NotAction or
// NotResource element.
type selection struct {
	templates []template
	except    bool
}

func (s selection) empty() bool { return s.templates == nil }

// includes reports whether the element selects the value. A template with a
// variable that has no value matches nothing. In a NotAction or NotResource
// element, that would select everything, so there it makes the whole element
// select nothing.
func (s selection) includes(value string, k *keys) bool {
	for _, t := range s.templates {
		g, ok := t.expand(k)
		if !ok && s.except {
			return false
		}
		if ok && g.match(value) {
			return !s.except
		}
	}
	return s.except
}
