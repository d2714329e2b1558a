package sns

import (
	"encoding/json"

	"tally/localcloud/sns/filter"
)

// filter is the compiled filter policy; nil for none.
func (sub Subscription) filter() (*filter.Policy, error) {
	if sub.FilterPolicy == "" {
		return nil, nil
	}
	return filter.Parse(sub.FilterPolicyScope, sub.FilterPolicy)
}

// wants tells whether the filter policy lets a message through.
func (sub Subscription) wants(body string, attributes map[string]Attribute) bool {
	policy, err := sub.filter()
	if policy == nil || err != nil { // no error: Subscribe has checked it
		return err == nil
	}
	if sub.FilterPolicyScope == filter.Body {
		return policy.MatchBody(body)
	}
	return policy.Match(values(attributes))
}

// values are attributes as a filter policy sees them. It does not see binary
// ones, nor an array that is none.
func values(attributes map[string]Attribute) map[string]any {
	seen := map[string]any{}
	for name, a := range attributes {
		switch kind := dataType.FindStringSubmatch(a.DataType); {
		case a.DataType == "String.Array":
			if array, ok := filter.Array(a.StringValue); ok {
				seen[name] = array
			}
		case kind[1] == "Number":
			seen[name] = json.Number(a.StringValue)
		case kind[1] == "String":
			seen[name] = a.StringValue
		}
	}
	return seen
}
