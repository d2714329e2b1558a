// Package iam is the local cloud's AWS Identity and Access Management: the
// roles of the account, their sessions, and the decision whether a caller may
// do what it asks for.
package iam

// Kind is where a policy is attached, which decides the elements it must and
// must not have.
type Kind int

// The kinds of policies.
const (
	IdentityPolicy Kind = iota // of a role or user: resources, no principal
	ResourcePolicy             // of a topic, function or queue: resources and principals
	TrustPolicy                // of a role: principals, no resources
)

// Policy is a policy document that ParsePolicy found to be valid.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Policy struct {
	// Name tells policies apart in the Reasons of a Decision. ParsePolicy
	// leaves it empty: a document does not know its name.
	Name       string
	Kind       Kind
	Statements []Statement
}

// Effect is what a statement does to the requests it matches, and what becomes
// of a request in the end.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Statement is one rule of a Policy.
type Statement struct {
	Sid    string // "" where it has none
	Effect Effect

	principals *principals // nil in identity policies
	actions    selection   // in lower case: AWS ignores the case of actions
	resources  selection   // empty in trust policies
	conditions []condition
}

// matches tells whether every element of the statement fits the request.
func (s *Statement) matches(q question) bool {
	if s.principals != nil && !s.principals.include(q, s.Effect) {
		return false
	}
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

// selection is an Action or Resource element, or with except its Not… twin.
type selection struct {
	templates []template
	except    bool
}

func (s selection) empty() bool { return s.templates == nil }

// includes tells whether the element selects the value. A variable without a
// value matches nothing; in a Not… element that must not widen the statement
// to everything, so there it makes the whole element match nothing.
func (s selection) includes(value string, k keys) bool {
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
