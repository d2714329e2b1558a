package ssm

import (
	"strings"
	"testing"

	"tally/localcloud/cloud"
)

var here = cloud.Place{Region: "us-east-1", Account: "000000000000"}

// FuzzCheckName compares the rules of names with their description in the documentation,
// level by level.
func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"a", "/a", "/a/b", "a/b", "/a/", "//a", "aws", "/Aws/a", "/awsome/a", "/ssm", "/a/ssm", "", "/", "/a b", "/ä", strings.Repeat("/a", 15), strings.Repeat("/a", 16), "/" + strings.Repeat("a", 990)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		rest, rooted := strings.CutPrefix(name, "/")
		levels := strings.Split(rest, "/")
		valid := (rooted || len(levels) == 1) && len(levels) <= 15 && len("arn:aws:ssm:us-east-1:000000000000:parameter/"+rest) <= 1011
		for _, level := range levels {
			valid = valid && level != "" && strings.Trim(level, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
			for _, r := range level {
				valid = valid && (r == '_' || r == '.' || r == '-' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z' && r < 0x80)
			}
		}
		for _, reserved := range []string{"aws", "ssm"} {
			valid = valid && (len(rest) < 3 || !strings.EqualFold(rest[:3], reserved))
		}
		if err := CheckName(here, name); (err == nil) != valid {
			t.Errorf("%q: %v, want valid: %v", name, err, valid)
		}
		if !valid {
			return
		}
		for _, reference := range []string{name, here.ARN("ssm", "parameter/"+rest).String()} {
			if got, selector := split(reference + ":7"); keyOf(got) != rest || selector != "7" {
				t.Errorf("%q is split into %q and %q", reference+":7", got, selector)
			}
		}
	})
}

// FuzzBelow compares the selection by paths with one that compares the lists of levels.
func FuzzBelow(f *testing.F) {
	for _, s := range [][2]string{{"/a/b", "/a"}, {"/a/b/c", "/a/"}, {"/ab", "/a"}, {"a", "/"}, {"/a", "/a"}, {"/a/b", "/"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, name, path string) {
		if CheckName(here, name) != nil || !pathForm.MatchString(path) {
			return
		}
		levels, parents := strings.Split(keyOf(name), "/"), strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
		under := len(levels) > len(parents)
		for i := range parents {
			under = under && parents[i] == levels[i]
		}
		if got := below(name, path, true); got != under {
			t.Errorf("%q below %q: %v", name, path, got)
		}
		if got, want := below(name, path, false), under && len(levels) == len(parents)+1; got != want {
			t.Errorf("%q directly below %q: %v", name, path, got)
		}
	})
}
