package gateway

import (
	"maps"
	"slices"
	"strconv"
)

// tag is a tag in the protocols that list tags.
type tag struct{ Key, Value string }

func tagMap(tags []tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

func tagsOf(tags map[string]string) []tag {
	list := []tag{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{key, tags[key]})
	}
	return list
}

// requestTags returns the condition keys of a request with these tags, or with these keys
// of tags to remove. It is never nil.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag
func requestTags(tags map[string]string, removed ...string) map[string][]string {
	keys := map[string][]string{}
	for key, value := range tags {
		keys["aws:RequestTag/"+key] = []string{value}
	}
	if names := slices.Concat(removed, slices.Sorted(maps.Keys(tags))); len(names) > 0 {
		keys["aws:TagKeys"] = names
	}
	return keys
}

// tagNew checks that the caller may perform the action that tags a resource which is to be
// created with tags: the permission to create it is not enough.
func (c *call) tagNew(action, resource string, tags map[string]string) error {
	if len(tags) == 0 {
		return nil
	}
	return c.authorize(action, target{resource: resource, context: requestTags(tags)})
}

// withKey adds a condition key to those of a request, which may be nil.
func withKey(keys map[string][]string, name string, values ...string) map[string][]string {
	if keys == nil {
		keys = map[string][]string{}
	}
	keys[name] = values
	return keys
}

func boolText(b bool) string { return strconv.FormatBool(b) }
