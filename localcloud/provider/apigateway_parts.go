package provider

import (
	"fmt"
	"strings"

	"tally/localcloud/provider/schema"
)

// number adapts a service's validator of a number.
func number(check func(float64) error) func(any) error {
	return func(v any) error { return check(v.(float64)) }
}

// flag adapts a service's validator of a boolean.
func flag(check func(bool) error) func(any) error {
	return func(v any) error { return check(v.(bool)) }
}

// orNilList returns nil for an empty list, which means not set.
func orNilList[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// partOf returns the ID of an API and that of a part of it. In an import, which
// has no state, id is "apiId/partId".
func partOf(id string, state schema.Values) (apiID, partID string, err error) {
	if api := state.String("apiId"); api != "" {
		return api, id, nil
	}
	apiID, partID, ok := strings.Cut(id, "/")
	if !ok {
		return "", "", fmt.Errorf("a part of an API is imported by \"apiId/partId\", not %q", id)
	}
	return apiID, partID, nil
}
