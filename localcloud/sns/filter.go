package sns

import (
	"encoding/json"

	"tally/localcloud/filter"
)

// selects reports whether a message matches the filter policy.
func (r row) selects(body string, attributes map[string]Attribute) bool {
	switch {
	case r.filter == nil:
		return true
	case r.FilterPolicyScope == filter.Body:
		return r.filter.MatchBody(body)
	}
	return r.filter.Match(values(attributes))
}

// values returns the attributes that a filter policy is matched against: all but
// Binary ones and arrays that are not valid JSON.
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
