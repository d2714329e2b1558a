package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// requiredTags lists the tags that attribute a resource on a bill and in an
// incident.
var requiredTags = []string{"project", "environment", "owner", "cost-centre"}

// hasRequiredTags returns an error if a required tag is missing or empty in both
// the resource's own tags and the default tags of an aws provider in the graph.
func hasRequiredTags(r Resource, all Graph) error {
	tags := map[string]any{}
	for _, p := range all {
		if p.Type == "pulumi:providers:aws" && p.Name == r.Provider {
			maps.Copy(tags, object(object(p.Inputs["defaultTags"])["tags"]))
		}
	}
	maps.Copy(tags, object(r.Inputs["tags"]))
	var missing []string
	for _, name := range requiredTags {
		if value, _ := tags[name].(string); value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("lacks the required tags: %s", strings.Join(missing, ", "))
	}
	return nil
}

// object returns v as an object, decoding it if it is JSON text, as in the inputs
// of a provider. It returns nil if v is not an object.
func object(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case string:
		var o map[string]any
		if json.Unmarshal([]byte(v), &o) == nil {
			return o
		}
	}
	return nil
}
