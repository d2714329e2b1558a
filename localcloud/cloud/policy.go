package cloud

import "encoding/json"

// PolicyStatement holds the parts of a policy's statement that services restrict
// beyond the grammar of IAM.
type PolicyStatement struct {
	Sid        string
	Actions    []string
	Resources  []string
	Principals int // of all types
	Conditions int // pairs of an operator and a key
}

// PolicyStatements returns the statements of a policy, or nil if the document is not
// a policy. It does not check the document: that is the task of a [PolicyChecker].
func PolicyStatements(document string) []PolicyStatement {
	var policy struct {
		Statement oneOrMore[struct {
			Sid              string
			Action, Resource oneOrMore[string]
			Principal        principalCount
			Condition        map[string]map[string]json.RawMessage
		}]
	}
	if json.Unmarshal([]byte(document), &policy) != nil {
		return nil
	}
	statements := make([]PolicyStatement, len(policy.Statement))
	for i, s := range policy.Statement {
		statements[i] = PolicyStatement{Sid: s.Sid, Actions: s.Action, Resources: s.Resource, Principals: int(s.Principal)}
		for _, keys := range s.Condition {
			statements[i].Conditions += len(keys)
		}
	}
	return statements
}

// oneOrMore is a list in a policy. A list of one element may be written without
// brackets.
type oneOrMore[T any] []T

func (o *oneOrMore[T]) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		return json.Unmarshal(raw, (*[]T)(o))
	}
	*o = make([]T, 1)
	return json.Unmarshal(raw, &(*o)[0])
}

// principalCount is the number of principals in a Principal element, which is "*" or
// an object with a list for each type of principal.
type principalCount int

func (n *principalCount) UnmarshalJSON(raw []byte) error {
	if raw[0] != '{' {
		*n = 1
		return nil
	}
	var types map[string]oneOrMore[string]
	err := json.Unmarshal(raw, &types)
	for _, list := range types {
		*n += principalCount(len(list))
	}
	return err
}
