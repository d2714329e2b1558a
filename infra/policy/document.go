package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// statement is one statement of a policy document.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type statement struct {
	Effect                  string
	Principal, NotPrincipal principals
	Action, NotAction       stringList
	Resource, NotResource   stringList
	Condition               map[string]map[string]stringList // values by operator and key
}

// stringList is a list of strings. A policy document may hold a single string in
// its place, or a boolean as the value of a condition.
type stringList []string

func (l *stringList) UnmarshalJSON(raw []byte) error {
	var one any
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	switch one.(type) {
	case string, bool:
		*l = stringList{fmt.Sprint(one)}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(l))
}

// principals holds principals by kind: "AWS", "Service" or "Federated". A policy
// document may hold "*" in its place, which is decoded as {"AWS": "*"}.
type principals map[string]stringList

func (p *principals) UnmarshalJSON(raw []byte) error {
	var everyone string
	if json.Unmarshal(raw, &everyone) == nil {
		*p = principals{"AWS": {everyone}}
		return nil
	}
	return json.Unmarshal(raw, (*map[string]stringList)(p))
}

// statements returns the statements of the policy document in an input, which
// is JSON text or already decoded. It returns none if the input is unset or
// Unknown.
func (r Resource) statements(input string) ([]statement, error) {
	var raw []byte
	switch v := r.Inputs[input].(type) {
	case nil:
		return nil, nil
	case string:
		if v == Unknown {
			return nil, nil
		}
		raw = []byte(v)
	default:
		var err error
		if raw, err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	var document struct{ Statement json.RawMessage }
	if err := json.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("has no valid policy document in %s: %w", input, err)
	}
	var all []statement
	if one := (statement{}); json.Unmarshal(document.Statement, &one) == nil {
		return []statement{one}, nil
	}
	if err := json.Unmarshal(document.Statement, &all); err != nil {
		return nil, fmt.Errorf("has no valid policy document in %s: %w", input, err)
	}
	return all, nil
}

// eachAllow returns a check that applies check to every Allow statement of the
// policy document in an input.
func eachAllow(input string, check func(statement) error) func(Resource, Graph) error {
	return func(r Resource, _ Graph) error {
		all, err := r.statements(input)
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.Effect != "Allow" {
				continue
			}
			if err := check(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// notPublic returns an error if the statement allows anonymous access, unless a
// condition restricts it.
func notPublic(s statement) error {
	if (slices.Contains(s.Principal["AWS"], "*") || s.NotPrincipal != nil) && !s.restricted() {
		return fmt.Errorf("allows anyone to perform %s", s.actions())
	}
	return nil
}

// ownAccountOnly returns an error if the statement may allow access from
// another account: if it allows any principal without a condition that
// restricts it. This includes services, since a service acts on behalf of every
// account.
func ownAccountOnly(s statement) error {
	const advice = "without a condition on the account: restrict it with aws:SourceAccount or aws:SourceArn"
	if s.restricted() {
		return nil
	}
	if s.NotPrincipal != nil {
		return fmt.Errorf("allows all principals with exceptions to perform %s %s", s.actions(), advice)
	}
	for kind, names := range s.Principal {
		if len(names) > 0 {
			return fmt.Errorf("allows the %s principal %s to perform %s %s", kind, names[0], s.actions(), advice)
		}
	}
	return nil
}

// notEveryAction returns an error if the statement allows every action, or every
// action of a service.
func notEveryAction(s statement) error {
	if s.NotAction != nil {
		return fmt.Errorf("allows %s", s.actions())
	}
	for _, action := range s.Action {
		if action == "*" || strings.HasSuffix(action, ":*") {
			return fmt.Errorf("allows every action (%s)", action)
		}
	}
	return nil
}

// actions returns the actions of the statement for an error.
func (s statement) actions() string {
	if s.NotAction != nil {
		return "every action except " + strings.Join(s.NotAction, ", ")
	}
	return strings.Join(s.Action, ", ")
}

// restricted reports whether a condition limits the statement to an account, an
// organization or a resource.
func (s statement) restricted() bool {
	for operator, keys := range s.Condition {
		if !slices.Contains([]string{"StringEquals", "StringLike", "ArnEquals", "ArnLike"}, operator) {
			continue
		}
		for key, values := range keys {
			switch strings.ToLower(key) {
			case "aws:sourceaccount", "aws:sourcearn", "aws:sourceowner", "aws:principalaccount", "aws:principalorgid":
				if !slices.Contains(values, "*") {
					return true
				}
			}
		}
	}
	return false
}

// deniesPlainHTTP reports whether one of the statements denies everyone requests
// without TLS.
func deniesPlainHTTP(all []statement) bool {
	return slices.ContainsFunc(all, func(s statement) bool {
		return s.Effect == "Deny" &&
			slices.Contains(s.Principal["AWS"], "*") &&
			slices.Contains(s.Condition["Bool"]["aws:SecureTransport"], "false")
	})
}
