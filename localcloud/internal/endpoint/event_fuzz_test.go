package endpoint

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzQuery compares the parameters in an event with a decoder of each part of the query
// string, and reads parameters that are encoded correctly.
func FuzzQuery(f *testing.F) {
	for _, raw := range []string{"", "a=1&b=2", "a=1&a=2", "a", "=", "&&", "a=%zz&b=1", "a;b=1", "a+b=%2B&%61=x", "a=1,2&a=3"} {
		f.Add(raw, "name", "value")
	}
	f.Add("", "é&=;", "%+ ,")
	f.Fuzz(func(t *testing.T, raw, name, value string) {
		want := map[string]string{}
		for part := range strings.SplitSeq(raw, "&") {
			n, v, _ := strings.Cut(part, "=")
			n, err := url.QueryUnescape(n)
			v, err2 := url.QueryUnescape(v)
			if part == "" || strings.Contains(part, ";") || err != nil || err2 != nil {
				continue
			}
			if before, repeated := want[n]; repeated {
				v = before + "," + v
			}
			want[n] = v
		}
		got := query(raw)
		if len(got) != len(want) || (got == nil) != (len(want) == 0) {
			t.Errorf("%q is %q, want %q", raw, got, want)
		}
		for n, v := range want {
			if got[n] != v {
				t.Errorf("%q is %q, want %q", raw, got, want)
			}
		}
		encoded := url.Values{name: {value, value}}.Encode()
		if got := query(encoded); len(got) != 1 || got[name] != value+","+value {
			t.Errorf("%q is %q", encoded, got)
		}
	})
}

// FuzzCookies reads cookies from one header and from several.
func FuzzCookies(f *testing.F) {
	f.Add("a=1; b=2", "c=3")
	f.Add(";; a ;", " ")
	f.Add("a=\"x;y\"", "\u00a0")
	f.Fuzz(func(t *testing.T, first, second string) {
		got := cookies(http.Header{"Cookie": {first, second}})
		if joined := cookies(http.Header{"Cookie": {first + ";" + second}}); !slices.Equal(got, joined) {
			t.Errorf("%q and %q: %q, in one header %q", first, second, got, joined)
		}
		for _, c := range got {
			if c == "" || strings.Contains(c, ";") || strings.TrimSpace(c) != c {
				t.Errorf("%q and %q: %q", first, second, got)
			}
		}
		if again := cookies(http.Header{"Cookie": {strings.Join(got, "; ")}}); !slices.Equal(got, again) {
			t.Errorf("%q, and again %q", got, again)
		}
		spaces := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if all := spaces(strings.Join(got, "")); all != spaces(strings.ReplaceAll(first+second, ";", "")) {
			t.Errorf("%q and %q: %q", first, second, got)
		}
	})
}
