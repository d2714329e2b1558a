package gateway

import (
	"encoding/base64"
	"slices"
)

// page returns the page of at most size items that token refers to, which is the
// first page if token is "", and the token of the next page, or "" if there is
// none. The items must be sorted by key, and no key may be empty. A token holds
// the key of the last item of the previous page, so that an item that is added or
// removed between two requests causes no other to be repeated or skipped. ok is
// false if token is malformed.
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
