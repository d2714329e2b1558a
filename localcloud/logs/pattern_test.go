package logs

import (
	"strings"
	"testing"

	"tally/localcloud/cloud"
)

func TestPattern(t *testing.T) {
	const request = `{"level":"ERROR","status":404,"sum":9007199254740993,"took":1.5e1,"ok":false,"none":null,` +
		`"user":{"name":"ada","ids":[7,8]},"list":[{"ip":"10.0.0.1"}]}`
	for _, c := range []struct {
		pattern, message string
		want             bool
	}{
		{"", "anything", true},
		{"  ", "", true},
		{"ERROR", "an ERROR occurred", true},
		{"ERROR", "an error occurred", false},
		{"ERROR file", "file: ERROR", true},
		{"ERROR file", "ERROR", false},
		{"ERROR -file", "ERROR", true},
		{"ERROR -file", "ERROR file", false},
		{"-file", "anything else", true},
		{"?ERROR ?WARN", "WARN", true},
		{"?ERROR ?WARN", "INFO", false},
		{"?ERROR WARN", "WARN", true},
		{"?ERROR -INFO", "WARN", true},
		{`"a b"`, "x a b y", true},
		{`"a b"`, "a  b", false},
		{`-"a b" c`, "a b c", false},
		{`?"a b"`, "a b", true},
		{`"say \"hi\" \\ \n"`, `say "hi" \ \n`, true},
		{"größe", "die größe", true},

		{`{ $.level = "ERROR" }`, request, true},
		{`{ $.level = ERROR }`, request, true},
		{`{$.level="E*R"}`, request, true},
		{`{ $.level = "e*" }`, request, false},
		{`{ $.level != "INFO" }`, request, true},
		{`{ $.level != "ERR*" }`, request, false},
		{`{ $.absent != "x" }`, request, false},
		{`{ $.status = 404 }`, request, true},
		{`{ $.status = 404.0 }`, request, true},
		{`{ $.status = "404" }`, request, false},
		{`{ $.status != 404 }`, request, false},
		{`{ $.status != 400 }`, request, true},
		{`{ $.level != 400 }`, request, true},
		{`{ $.level > 400 }`, request, false},
		{`{ $.status >= 404 && $.status < 500 }`, request, true},
		{`{ $.status > 404 || $.status <= 403 }`, request, false},
		{`{ $.sum = 9007199254740993 }`, request, true},
		{`{ $.sum = 9007199254740992 }`, request, false},
		{`{ $.took = 15 }`, request, true},
		{`{ $.user.name = "ada" }`, request, true},
		{`{ $.user.ids[1] = 8 }`, request, true},
		{`{ $.user.ids[2] = 8 }`, request, false},
		{`{ $.user.ids.x NOT EXISTS }`, request, true},
		{`{ $.list[0].ip = 10.0.* }`, request, true},
		{`{ $.list[0].ip != 10.0.* }`, request, false},
		{`{ $.none IS NULL }`, request, true},
		{`{ $.absent IS NULL }`, request, false},
		{`{ $.level IS NULL }`, request, false},
		{`{ $.ok IS FALSE }`, request, true},
		{`{ $.ok IS TRUE }`, request, false},
		{`{ $.absent NOT EXISTS }`, request, true},
		{`{ $.level NOT EXISTS }`, request, false},
		{`{ $.a = 1 || $.status = 404 && $.level = "INFO" }`, request, false},
		{`{ ($.status = 404 || $.a = 1) && $.level = "ERROR" }`, request, true},
		{`{ $.level = "a}b" }`, `{"level":"a}b"}`, true},
		{`{ $[0] = 1 }`, `[1]`, true},
		{`{ $.a = 1 }`, `{"a":1} and more`, false},
		{`{ $.a = 1 }`, `not JSON`, false},
		{`{ $.a NOT EXISTS }`, `not JSON`, false},
		{`{ $.a != 1 }`, `{"a":1e999999999999}`, false},
		{strings.Repeat("ä", maxPattern), strings.Repeat("ä", maxPattern), true},
	} {
		matches, err := parsePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := matches(c.message); got != c.want {
			t.Errorf("%s matches %s: %v, want %v", c.pattern, c.message, got, c.want)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"a:b":                      "Invalid character(s) in term 'a:b': a term with characters other than letters, digits and _ must be in double quotes",
		"a -":                      "Invalid character(s) in term '': a term with",
		"? a":                      "Invalid character(s) in term '': a term with",
		`"open`:                    `missing closing quote after "open`,
		"%a.*b%":                   "regular expressions (%…%) are not emulated",
		"[ip, user]":               "space-delimited patterns in [ ] are not emulated",
		"{":                        "expected a selector such as $.field at the end",
		"{ level = 1 }":            "expected a selector such as $.field at level = 1 }",
		"{ $ = 1 }":                "expected .name or [index] after $ at = 1 }",
		"{ $.a }":                  "expected =, !=, <, <=, >, >=, IS or NOT EXISTS at }",
		"{ $.a = }":                "expected a value after = at }",
		"{ $.a = 1":                "expected &&, || or } at the end",
		"{ $.a = 1 } x":            "expected nothing after } at x",
		"{ ($.a = 1 }":             "expected &&, || or ) at }",
		"{ $.a = 1 && }":           "expected a selector such as $.field at }",
		"{ $.a < one }":            `< compares numbers, and "one" is not a number`,
		`{ $.a >= "1" }`:           `>= compares numbers, and "1" is not a number`,
		"{ $.a = %x% }":            "regular expressions (%…%) are not emulated",
		"{ $.a IS 1 }":             "expected NULL, TRUE or FALSE after IS at 1 }",
		"{ $.a NOT NULL }":         "expected EXISTS after NOT at NULL }",
		`{ $.a = "open }`:          "missing closing quote after",
		strings.Repeat("a ", 1000): "longer than 1024 characters",
	} {
		_, err := parsePattern(pattern)
		if cloud.ErrorCode(err) != "InvalidParameterException" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", pattern, err, want)
		}
	}
}

// FuzzPattern checks that every pattern is either parsed or refused with an
// InvalidParameterException, and that a quoted phrase matches itself.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{
		"", "a -b ?c", `"a b"`, "%x%", "[a]", `{ $.a.b[0] = "x*" && ($.c >= 1e3 || $.d NOT EXISTS) }`, `{ $.a IS NULL }`, `{ $.a = 1e99999999 }`,
	} {
		f.Add(seed, `{"a":{"b":["xyz"]},"c":1000}`)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		matches, err := parsePattern(pattern)
		if err == nil {
			matches(message)
		} else if cloud.ErrorCode(err) != "InvalidParameterException" {
			t.Errorf("%q: %v", pattern, err)
		}
		phrase := `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(message) + `"`
		if len(phrase) > maxPattern || strings.TrimSpace(phrase) != phrase {
			return
		}
		matches, err = parsePattern(phrase)
		if err != nil || !matches("before "+message+" after") {
			t.Errorf("%s does not match itself: %v", phrase, err)
		}
	})
}
