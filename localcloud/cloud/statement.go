package cloud

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Grant is a statement that AddPermission adds to the policy of a topic or a queue.
type Grant struct {
	Sid      string
	Accounts []string // twelve digits each
	Prefix   string   // of the actions: "SNS:"
	Actions  []string // without the prefix
	Resource string   // ARN
}

// HasStatement reports whether a policy has a statement with that ID.
func HasStatement(document, sid string) bool {
	return slices.ContainsFunc(PolicyStatements(document), func(s PolicyStatement) bool { return s.Sid == sid })
}

// AddStatement returns a policy with a further statement. The policy "" is empty.
func AddStatement(document string, g Grant) (string, error) {
	return editStatements(document, func(all []json.RawMessage) ([]json.RawMessage, error) {
		principals, actions := make([]string, len(g.Accounts)), make([]string, len(g.Actions))
		for i, account := range g.Accounts {
			principals[i] = "arn:aws:iam::" + account + ":root"
		}
		for i, action := range g.Actions {
			actions[i] = g.Prefix + action
		}
		statement, err := json.Marshal(struct {
			Sid, Effect string
			Principal   map[string]any
			Action      any
			Resource    string
		}{g.Sid, "Allow", map[string]any{"AWS": unlisted(principals)}, unlisted(actions), g.Resource})
		return append(all, statement), err
	})
}

// unlisted returns the element of a list of one element, as AWS writes it.
func unlisted(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// RemoveStatement returns a policy without the statements with that ID.
func RemoveStatement(document, sid string) (string, error) {
	return editStatements(document, func(all []json.RawMessage) ([]json.RawMessage, error) {
		return slices.DeleteFunc(all, func(raw json.RawMessage) bool {
			var s struct{ Sid string }
			return json.Unmarshal(raw, &s) == nil && s.Sid == sid
		}), nil
	})
}

func editStatements(document string, edit func([]json.RawMessage) ([]json.RawMessage, error)) (string, error) {
	var policy struct {
		Version   string
		ID        string                     `json:"Id,omitempty"`
		Statement oneOrMore[json.RawMessage] `json:"Statement"`
	}
	policy.Version = "2008-10-17" // the older version, as on AWS
	if document != "" {
		if err := json.Unmarshal([]byte(document), &policy); err != nil {
			return "", fmt.Errorf("the policy cannot be changed: %w", err)
		}
	}
	statements, err := edit(policy.Statement)
	if err != nil {
		return "", err
	}
	policy.Statement = statements
	raw, err := json.Marshal(policy)
	return string(raw), err
}
