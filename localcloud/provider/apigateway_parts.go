package provider

import (
	"fmt"
	"strings"

	"tally/localcloud/provider/schema"
)

// orNilList is nil for an empty list: not set.
func orNilList[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// partOf finds the API of one of its parts and the part's own ID: in the state,
// or in an import in the ID "apiId/partId".
func partOf(id string, state schema.Values) (apiID, partID string, err error) {
	if api := state.String("apiId"); api != "" {
		return api, id, nil
	}
	apiID, partID, ok := strings.Cut(id, "/")
	if !ok {
		return "", "", fmt.Errorf("it is imported by the API's ID, a slash, and its own ID, not by %q", id)
	}
	return apiID, partID, nil
}
