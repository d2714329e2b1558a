package provider

import (
	"fmt"
	"strings"

	"tally/localcloud/provider/schema"
)

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
