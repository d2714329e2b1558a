package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// requiredTags identify the owner of a resource, on a bill and in an incident.
var requiredTags = []string{"project", "environment", "owner", "cost-centre"}

// tagged checks a resource's own tags and those that its provider adds.
func tagged(r Resource, all Graph) error {
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
		return fmt.Errorf("has no tag %s", strings.Join(missing, ", "))
	}
	return nil
}

// object returns a value as an object; in the configuration of a provider it may
// be JSON text.
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
