package gateway

import (
	"maps"
	"slices"
	"strconv"
)

// tag is a tag in the JSON protocols.
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

// tagKeys returns the condition keys of a request with these tags, or with these keys of
// tags to remove.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag
func tagKeys(tags []tag, removed ...string) map[string][]string {
	var keys map[string][]string
	names := slices.Clone(removed)
	for _, t := range tags {
		keys = withKey(keys, "aws:RequestTag/"+t.Key, t.Value)
		names = append(names, t.Key)
	}
	if len(names) > 0 {
		keys = withKey(keys, "aws:TagKeys", names...)
	}
	return keys
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
