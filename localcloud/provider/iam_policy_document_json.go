package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// policyDocument is a policy whose fields are in the order in which they are written.
// Parsing retains what IAM may refuse.
type policyDocument struct {
	Version   string            `json:",omitempty"`
	ID        string            `json:"Id,omitempty"`
	Statement []policyStatement `json:",omitempty"`
}

type policyStatement struct {
	Sid          string           `json:",omitempty"`
	Effect       string           `json:",omitempty"`
	Action       any              `json:",omitempty"`
	NotAction    any              `json:",omitempty"`
	Resource     any              `json:",omitempty"`
	NotResource  any              `json:",omitempty"`
	Principal    policyPrincipals `json:",omitempty"`
	NotPrincipal policyPrincipals `json:",omitempty"`
	Condition    policyConditions `json:",omitempty"`
}

func parsePolicyDocument(text string) (policyDocument, error) {
	var doc policyDocument
	if text == "" {
		return doc, nil
	}
	err := json.Unmarshal([]byte(text), &doc)
	return doc, err
}

// addSources adds documents whose Sids must all differ.
func (d *policyDocument) addSources(texts []string) error {
	sids := map[string]bool{}
	for i, text := range texts {
		source, err := parsePolicyDocument(text)
		if err != nil {
			return fmt.Errorf("writing IAM Policy Document: merging source document %d: %w", i, err)
		}
		for j, s := range source.Statement {
			if sids[s.Sid] {
				//lint:ignore ST1005 the words are the real provider's
				return fmt.Errorf("writing IAM Policy Document: merging source document %d: duplicate Sid (%s) in source_policy_documents (statement %d). "+
					"Remove the Sid or ensure Sids are unique.", i, s.Sid, j)
			}
			sids[s.Sid] = s.Sid != ""
		}
		d.add(source)
	}
	return nil
}

// add adds the statements of another document, which replace those with the same Sid. The
// other document's ID and its version, if it is later, replace those of d.
func (d *policyDocument) add(other policyDocument) {
	if other.ID != "" {
		d.ID = other.ID
	}
	d.Version = max(d.Version, other.Version)
next:
	for _, s := range other.Statement {
		for i := range d.Statement {
			if s.Sid != "" && d.Statement[i].Sid == s.Sid {
				d.Statement[i] = s
				continue next
			}
		}
		d.Statement = append(d.Statement, s)
	}
}

// policyPrincipals holds identifiers by the type of principal: a string, or a []string
// from the greatest to the least.
type policyPrincipals map[string]any

// add adds a block of identifiers, which are in order. Blocks of the same type form a list.
func (p policyPrincipals) add(kind string, identifiers []string) {
	switch before := p[kind].(type) {
	case nil:
		if p[kind] = any(identifiers); len(identifiers) == 1 {
			p[kind] = identifiers[0]
		}
	case string:
		p[kind] = append([]string{before}, identifiers...)
	case []string:
		p[kind] = append(before, identifiers...)
	}
}

// MarshalJSON writes "*" for everyone: AWS treats {"AWS": "*"} differently in the trust
// policies of roles, which is why that is left alone.
func (p policyPrincipals) MarshalJSON() ([]byte, error) {
	if len(p) == 1 {
		all, isList := p["*"].([]string)
		if p["*"] == any("*") || isList && len(all) == 1 && all[0] == "*" {
			return []byte(`"*"`), nil
		}
	}
	return json.Marshal(map[string]any(p))
}

// UnmarshalJSON reads an object, or "*" or any other string, which stands for everyone.
func (p *policyPrincipals) UnmarshalJSON(raw []byte) error {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	*p = policyPrincipals{}
	switch value := value.(type) {
	case string:
		(*p)["*"] = "*"
	case map[string]any:
		for kind, identifiers := range value {
			read, err := readIdentifiers(kind, identifiers)
			if err != nil {
				return err
			}
			(*p)[kind] = read
		}
	default:
		return fmt.Errorf("a principal must be a string or an object, not %s", raw)
	}
	return nil
}

// readIdentifiers returns the identifiers of one type. A list with one element remains a
// list.
func readIdentifiers(kind string, value any) (any, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case []any:
		list, err := readStrings(value)
		if err != nil {
			return nil, fmt.Errorf("the principal %s: %w", kind, err)
		}
		slices.Sort(list)
		slices.Reverse(list)
		return list, nil
	}
	return nil, fmt.Errorf("the principal %s must have a string or a list, not %v", kind, value)
}

// policyConditions holds a string or a []string by operator and key.
type policyConditions map[string]map[string]any

// add adds a condition. Conditions with the same operator and key form a list.
func (c policyConditions) add(test, variable string, values []string) {
	if c[test] == nil {
		c[test] = map[string]any{}
	}
	switch before := c[test][variable].(type) {
	case string:
		values = append([]string{before}, values...)
	case []string:
		values = append(before, values...)
	}
	if c[test][variable] = any(values); len(values) == 1 {
		c[test][variable] = values[0]
	}
}

// UnmarshalJSON reads strings, booleans and lists of strings. As with the real provider,
// other values are missing from the result.
func (c *policyConditions) UnmarshalJSON(raw []byte) error {
	var operators map[string]map[string]any
	if err := json.Unmarshal(raw, &operators); err != nil {
		return err
	}
	*c = policyConditions{}
	for test, keys := range operators {
		for variable, value := range keys {
			switch value := value.(type) {
			case string:
				c.add(test, variable, []string{value})
			case bool:
				c.add(test, variable, []string{strconv.FormatBool(value)})
			case []any:
				list, err := readStrings(value)
				if err != nil {
					return fmt.Errorf("the condition %s of %s: %w", test, variable, err)
				}
				c.add(test, variable, list)
			}
		}
	}
	return nil
}

func readStrings(list []any) ([]string, error) {
	out := make([]string, len(list))
	for i, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, fmt.Errorf("element %d must be a string, not %v", i, e)
		}
		out[i] = s
	}
	return out, nil
}
