// Package iam is the local cloud's AWS Identity and Access Management: the
// roles of the account, their sessions, and the decision whether a caller may
// perform an action.
package iam

// Kind is where a policy is attached, which determines the elements that it
// must and must not have.
type Kind int

// The kinds of policies.
const (
	IdentityPolicy Kind = iota // of a role or user: resources, no principal
	ResourcePolicy             // of a topic, function or queue: resources and principals
	TrustPolicy                // of a role: principals, no resources
	// KeyPolicy is a ResourcePolicy of a KMS key. It is recorded and never
	// evaluated, so its conditions may use any key.
	KeyPolicy
)

// Policy is a valid policy document, as ParsePolicy returns it. It is read-only.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Policy struct {
	// Name identifies the policy in the Reasons of a Decision. ParsePolicy
	// leaves it empty, because a document does not contain its name.
	Name       string
	Kind       Kind
	Statements []Statement
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
	actions    selection   // in lower case: AWS ignores the case of actions
	resources  selection   // empty in trust policies
	conditions []condition
}

// matches reports whether every element of the statement matches the request.
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

// selection is an Action or Resource element, or with except its Not… form.
type selection struct {
	templates []template
	except    bool
}

func (s selection) empty() bool { return s.templates == nil }

// includes reports whether the element selects the value. A variable without a
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
