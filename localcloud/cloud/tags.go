package cloud

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxTags     = 50
	maxTagKey   = 128 // characters
	maxTagValue = 256 // characters
)

// notInTag reports whether tags cannot contain the character.
func notInTag(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r)
}

// CheckTags validates the tags of a resource. The error describes the first
// violation of AWS's rules. Each service returns it under its own error code.
//
// https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html
func CheckTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return fmt.Errorf("a resource can have at most %d tags, not %d", maxTags, len(tags))
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if err := CheckTag(key, tags[key]); err != nil {
			return err
		}
	}
	return nil
}

// Retagged returns a copy of tags to which some were added, with their new values, and from
// which those with the keys in remove were then removed. It is never nil.
func Retagged(tags, add map[string]string, remove []string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, tags)
	maps.Copy(all, add)
	for _, key := range remove {
		delete(all, key)
	}
	return all
}

// CheckTag validates one tag: the key must have 1 to 128 characters and not begin
// with "aws:", and the value must have at most 256 characters.
func CheckTag(key, value string) error {
	switch n, m := utf8.RuneCountInString(key), utf8.RuneCountInString(value); {
	case n < 1 || n > maxTagKey:
		return fmt.Errorf("the tag key %q must be 1 to %d characters long, not %d", key, maxTagKey, n)
	case m > maxTagValue:
		return fmt.Errorf("the value of the tag %q must be at most %d characters long, not %d", key, maxTagValue, m)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return fmt.Errorf("the tag key %q begins with aws:, which is reserved for AWS", key)
	case strings.ContainsFunc(key, notInTag) || strings.ContainsFunc(value, notInTag):
		return fmt.Errorf("the tag %q can contain only letters, digits, spaces and _ . : / = + - @", key)
	}
	return nil
}
