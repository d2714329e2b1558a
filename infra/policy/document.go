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
	Effect    string
	Principal principals
	Action    texts
	Resource  texts
	Condition map[string]map[string]texts
}

// texts is a list of strings that may be written as a single string; in a
// condition, as true or false.
type texts []string

func (t *texts) UnmarshalJSON(raw []byte) error {
	var one any
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	switch one.(type) {
	case string, bool:
		*t = texts{fmt.Sprint(one)}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(t))
}

// principals by their kind: "AWS", "Service", "Federated".
type principals map[string]texts

func (p *principals) UnmarshalJSON(raw []byte) error {
	var everyone string
	if json.Unmarshal(raw, &everyone) == nil {
		*p = principals{"AWS": {everyone}}
		return nil
	}
	return json.Unmarshal(raw, (*map[string]texts)(p))
}

// statements returns those of the policy in an input, which is text or already
// decoded. It returns none if there is no policy, or if it is not known yet.
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
		return nil, fmt.Errorf("the %s is not a policy document: %w", input, err)
	}
	var all []statement
	if one := (statement{}); json.Unmarshal(document.Statement, &one) == nil {
		return []statement{one}, nil
	}
	if err := json.Unmarshal(document.Statement, &all); err != nil {
		return nil, fmt.Errorf("the %s is not a policy document: %w", input, err)
	}
	return all, nil
}

// allowed returns a check of each statement that allows something.
func allowed(input string, check func(statement) error) func(Resource, Graph) error {
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

// notPublic refuses anonymous access, unless a condition limits it.
func notPublic(s statement) error {
	for _, p := range s.Principal["AWS"] {
		if p == "*" && !s.bound() {
			return fmt.Errorf("allows anybody %s", strings.Join(s.Action, ", "))
		}
	}
	return nil
}

// ownAccountOnly refuses principals that may belong to another account, and
// services that may act for any account.
func ownAccountOnly(s statement) error {
	for kind, names := range s.Principal {
		if len(names) > 0 && !s.bound() {
			return fmt.Errorf("allows %s %s %s for any account: limit it by aws:SourceAccount or aws:SourceArn", kind, names[0], strings.Join(s.Action, ", "))
		}
	}
	return nil
}

// notEveryAction refuses to allow every action of a service, or of all.
func notEveryAction(s statement) error {
	for _, action := range s.Action {
		if action == "*" || strings.HasSuffix(action, ":*") {
			return fmt.Errorf("allows every action, %s", action)
		}
	}
	return nil
}

// bound reports whether a condition names the account, the organization or the
// resource that a caller must belong to.
func (s statement) bound() bool {
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

// deniesPlainHTTP reports whether one of the statements denies every request
// without TLS.
func deniesPlainHTTP(all []statement) bool {
	return slices.ContainsFunc(all, func(s statement) bool {
		return s.Effect == "Deny" &&
			slices.Contains(s.Principal["AWS"], "*") &&
			slices.Contains(s.Condition["Bool"]["aws:SecureTransport"], "false")
	})
}
