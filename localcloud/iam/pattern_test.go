package iam

import (
	"regexp"
	"strings"
	"testing"
)

// FuzzGlob compares the matcher with the equivalent regular expression.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{
		{"arn:aws:sns:*:*:numbers", "arn:aws:sns:us-east-1:000000000000:numbers"},
		{"a*b*c", "aXbXbXc"}, {"a*b*c", "aXbX"}, {"*", ""}, {"?", ""}, {"?", "é"}, {"**?", "ab"},
		{"", ""}, {"", "a"}, {"*a", "aab"}, {"a?c*", "abcd"}, {"a.c", "abc"}, {"\n*", "\n\n"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		pattern, s = strings.ToValidUTF8(pattern, "�"), strings.ToValidUTF8(s, "�")
		expression := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile(`(?s)\A` + expression + `\z`).MatchString(s)

		template, err := syntax{wildcards: true}.parse(pattern)
		if err != nil {
			t.Fatal(err)
		}
		g, _ := template.expand(nil)
		if got := g.match(s); got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, s, got, want)
		}
	})
}

func TestTemplate(t *testing.T) {
	k := &keys{request: map[string][]string{"aws:username": {"jo"}, "aws:odd": {"*"}, "aws:two": {"a", "b"}}}
	everything := syntax{wildcards: true, variables: true}
	for _, tt := range []struct {
		template, value string
		want            bool
	}{
		{"${aws:username}-*", "jo-1", true},
		{"${aws:UserName}", "jo", true},
		{"x${aws:username}y${aws:username}z", "xjoyjoz", true},
		{"${aws:odd}", "anything", false}, // a "*" in a value is not a wildcard
		{"${aws:odd}", "*", true},
		{"${*}${?}${$}", "*?$", true},
		{"${*}", "x", false},
		{"$x{y}", "$x{y}", true},
		{"${aws:two}", "a", false}, // a key with several values
		{"${aws:none}", "", false},
		{"${aws:none, 'default'}", "default", true},
		{"${aws:none,''}", "", true},
		{"${aws:username, 'default'}", "jo", true},
	} {
		x, err := everything.parse(tt.template)
		if err != nil {
			t.Errorf("%q: %v", tt.template, err)
			continue
		}
		g, ok := x.expand(k)
		if got := ok && g.match(tt.value); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.template, tt.value, got, tt.want)
		}
	}
	for _, wrong := range []string{"${", "${aws:username", "${}", "${username}", "${aws:}", "${aws:a, b}", "${aws:a, 'b}"} {
		if _, err := everything.parse(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}
