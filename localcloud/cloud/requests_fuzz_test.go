package cloud

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzCheckPage sends requests with any Host, Origin and Sec-Fetch-Site. One that names
// another machine is refused, and so is one from a page of any other origin.
func FuzzCheckPage(f *testing.F) {
	for _, host := range []string{"127.0.0.1:4567", "localhost", "[::1]:4567", "::1", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[localhost]", "127.0.0.1@evil.example", "localhost:x", "]localhost["} {
		f.Add(host, "http://"+host, "")
		f.Add(host, "", "cross-site")
	}
	f.Add("localhost", "null", "none")
	f.Add("localhost", "https://evil.example", "same-origin")
	f.Fuzz(func(t *testing.T, host, origin, site string) {
		if strings.ContainsAny(host+origin+site, "\r\n") {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin + "\r\nSec-Fetch-Site: " + site + "\r\n\r\n")))
		if err != nil {
			return // as the servers do
		}
		program := CheckProgram(r) == nil
		page := CheckPage(r, func(string) bool { return false }) == nil
		// A browser connects to the host of the URL, and sends it.
		u, err := url.Parse("http://" + r.Host)
		named := ""
		if err == nil {
			named = strings.ToLower(u.Hostname())
		}
		if local := slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, named); err == nil && !local && (program || page) {
			t.Errorf("the host %q is accepted", r.Host)
		}
		origin, site = r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
		if program && (origin != "" || site != "" && site != "none") {
			t.Errorf("a page with the origin %q and site %q is taken for a program", origin, site)
		}
		own := origin == "http://"+r.Host || origin == "https://"+r.Host
		if named == "localhost" || named == "127.0.0.1" {
			if page && origin != "" && !own && !strings.HasSuffix(origin, "//"+r.Host) && !sameHost(origin, r.Host) {
				t.Errorf("a page with the origin %q may use %q", origin, r.Host)
			}
		}
		if page && origin == "" && !slices.Contains([]string{"", "none", "same-origin"}, site) {
			t.Errorf("a page from a site %q may use %q", site, r.Host)
		}
		if !page && origin == "" && site == "" && named == "localhost" && u.Port() == strings.TrimPrefix(r.Host[len("localhost"):], ":") {
			t.Errorf("a program may not use %q", r.Host)
		}
	})
}

// sameHost reports whether an origin, without its scheme and path, is the host.
func sameHost(origin, host string) bool {
	_, rest, _ := strings.Cut(origin, "//")
	rest, _, _ = strings.Cut(rest, "/")
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	return rest[strings.LastIndexByte(rest, '@')+1:] == host
}

// FuzzPolicyStatements compares the parts of statements with those that a decoder of any
// JSON finds, and one statement with a list of it.
func FuzzPolicyStatements(f *testing.F) {
	for _, document := range []string{
		"", "[]", "null", `{"Statement":{"Action":"sqs:*","Principal":"*"}}`, `{"Statement":[{"Sid":"a","Action":["a","b"],"Resource":"r","Principal":{"AWS":["1","2"],"Service":"s"},"Condition":{"StringEquals":{"a":"b","c":["d"]}}}]}`,
		`{"Statement":[null]}`, `{"Statement":{"Action":null,"Principal":null,"Condition":null}}`, `{"Statement":{"Action":[]}}`, `{"Statement":1}`,
	} {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		got := PolicyStatements(document)
		var parts struct{ Statement json.RawMessage }
		if json.Unmarshal([]byte(document), &parts) != nil {
			if got != nil {
				t.Errorf("%q has the statements %+v", document, got)
			}
			return
		}
		if len(parts.Statement) > 0 && parts.Statement[0] == '{' {
			list := PolicyStatements(`{"Statement":[` + string(parts.Statement) + `]}`)
			if len(list) != len(got) || len(got) > 1 {
				t.Fatalf("%s: %+v, as a list %+v", document, got, list)
			}
			for i := range got {
				if !slices.Equal(got[i].Actions, list[i].Actions) || !slices.Equal(got[i].Resources, list[i].Resources) || got[i].Principals != list[i].Principals || got[i].Conditions != list[i].Conditions {
					t.Errorf("%s: %+v, as a list %+v", document, got, list)
				}
			}
		}
		for _, s := range got {
			raw, err := json.Marshal(map[string]interface{}{"Statement": map[string]interface{}{"Sid": s.Sid, "Action": s.Actions, "Resource": s.Resources}})
			if err != nil {
				t.Fatal(err)
			}
			again := PolicyStatements(string(raw))
			if len(again) != 1 || again[0].Sid != s.Sid || len(s.Actions) > 0 && !slices.Equal(again[0].Actions, s.Actions) || len(s.Resources) > 0 && !slices.Equal(again[0].Resources, s.Resources) {
				t.Errorf("%+v is read again as %+v", s, again)
			}
		}
	})
}
