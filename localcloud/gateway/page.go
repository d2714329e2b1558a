package gateway

import (
	"encoding/base64"
	"slices"
)

// page returns the first size items after those that token stands for, and the
// token of the next page, or "" if it is the last. Items are in the order of
// their keys, none of which is empty. A token holds the key of the last item
// returned, so that changes between two pages neither repeat nor skip others.
// ok is false if page did not make the token.
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
