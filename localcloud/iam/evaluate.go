package iam

import (
	"strings"

	"tally/localcloud/cloud"
)

// Decision is the outcome of Evaluate and what it rests on. A Deny without
// Reasons is implicit: nothing allowed the request.
type Decision struct {
	Effect  Effect
	Reasons []Reason // the statements that decided, in the order of the policies
}

// Reason names a statement that took part in a Decision.
type Reason struct {
	Policy    string // Name of the Policy
	Kind      Kind
	Statement int    // its index in the document, from 0
	Sid       string // "" where it has none
}

// Evaluate decides r by the policies, which are those attached to its caller
// and to its resource; r.ResourcePolicy itself is not read, nor is anything
// added to r.Context.
//
// A statement that denies wins over all that allow; otherwise one that allows
// is enough, wherever it is attached, as caller and resource are of the same
// account. An AWS service has no identity policies, so only those of the
// resource can allow it anything.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Evaluate(r cloud.Request, policies []*Policy) Decision {
	q := ask(r)
	reasons := map[Effect][]Reason{}
	for _, p := range policies {
		for i := range p.Statements {
			if s := &p.Statements[i]; s.matches(q) {
				reasons[s.Effect] = append(reasons[s.Effect], Reason{p.Name, p.Kind, i, s.Sid})
			}
		}
	}
	if denies := reasons[Deny]; denies != nil {
		return Decision{Deny, denies}
	}
	if allows := reasons[Allow]; allows != nil {
		return Decision{Allow, allows}
	}
	return Decision{Effect: Deny}
}

// question is a request made ready for comparison.
type question struct {
	cloud.Request
	action string // in lower case
	keys   keys
}

// keys are condition keys with their values; the names are in lower case, as
// AWS ignores their case.
type keys map[string][]string

func ask(r cloud.Request) question {
	q := question{Request: r, action: strings.ToLower(r.Action), keys: make(keys, len(r.Context))}
	for name, values := range r.Context {
		q.keys[strings.ToLower(name)] = values
	}
	return q
}
