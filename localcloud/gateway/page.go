package gateway

import (
	"encoding/base64"
	"slices"
)

// page cuts what a token leaves of items, ordered by a key that is never
// empty, into the first page and the token of the next, "" where there is
// none. A token names the last item given out, so that changes between two
// pages neither repeat nor skip others. False means that the token is none of
// these.
func page[T any](items []T, token string, size int, key func(T) string) (first []T, next string, ok bool) {
	after, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, "", false
	}
	if token != "" {
		items = slices.DeleteFunc(slices.Clone(items), func(item T) bool { return key(item) <= string(after) })
	}
	if len(items) > size {
		items = items[:size]
		next = base64.RawURLEncoding.EncodeToString([]byte(key(items[size-1])))
	}
	return items, next, true
}
