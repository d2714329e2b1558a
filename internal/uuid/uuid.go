// Package uuid makes and recognizes the IDs of sums, which are UUIDs in their text form, in
// lowercase.
//
// https://www.rfc-editor.org/rfc/rfc9562
package uuid

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// New returns a random UUID, of version 4.
func New() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return format(b, 4)
}

// For returns the UUID, of version 8, that belongs to a caller's key: the same for the same
// two, and another one for any others.
func For(caller, key string) string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(caller), caller, key)) // the length separates the two
	return format([16]byte(digest[:16]), 8)
}

// Valid reports whether s is the text form of a UUID of any version, in lowercase.
func Valid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		digit := '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
		if hyphen != (c == '-') || !hyphen && !digit {
			return false
		}
	}
	return true
}

// format returns the text form of b after it has set the version and the variant.
func format(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
