package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

func TestParseRouteKeyRefuses(t *testing.T) {
	const format = `The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"`
	for key, want := range map[string]string{
		"":                format,
		"/add":            format,
		"POST/add":        format,
		"POST add":        format,
		"post /add":       format,
		"TRACE /add":      format,
		"POST  /add":      format,
		"POST /a b":       format,
		"POST /add?x=1":   format,
		"$Default":        format,
		"GET /a{id}":      "must be a whole path segment",
		"GET /{}":         "must be a whole path segment",
		"GET /{a}{b}":     "must be a whole path segment",
		"GET /{p+}/more":  "must be the last path segment",
		"GET /{id}/{id}":  "appears twice",
		"GET /{id}/{id+}": "appears twice",
	} {
		_, err := parseRouteKey(key)
		if cloud.ErrorCode(err) != "BadRequestException" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want BadRequestException with %q", key, err, want)
		}
	}
}

// The first five routes are the example in AWS's documentation of route
// priority; the others cover the rules that it only implies.
func TestMostSpecificRouteWins(t *testing.T) {
	keys := []string{
		"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default",
		"ANY /pets/dog/2", "POST /{kind}/{name}", "ANY /{kind}/dog", "GET /", "GET /slash/",
	}
	for request, want := range map[string]struct {
		key        string
		parameters map[string]string
	}{
		"GET /pets/dog/1":      {"GET /pets/dog/1", nil},
		"GET /pets/dog/2":      {"ANY /pets/dog/2", nil}, // the path decides before the method
		"GET /pets/dog/3":      {"GET /pets/dog/{id}", map[string]string{"id": "3"}},
		"GET /pets/cat/4":      {"GET /pets/{proxy+}", map[string]string{"proxy": "cat/4"}},
		"POST /test/5":         {"POST /{kind}/{name}", map[string]string{"kind": "test", "name": "5"}},
		"PUT /test/5":          {"ANY /{proxy+}", map[string]string{"proxy": "test/5"}},
		"POST /cat/dog":        {"ANY /{kind}/dog", map[string]string{"kind": "cat"}},
		"GET /":                {"GET /", nil},
		"POST /":               {"$default", nil}, // a greedy variable is never empty
		"GET /slash/":          {"GET /slash/", nil},
		"GET /slash":           {"ANY /{proxy+}", map[string]string{"proxy": "slash"}},
		"GET /pets/dog/":       {"GET /pets/{proxy+}", map[string]string{"proxy": "dog/"}},
		"GET /pets/dog/a%2Fb":  {"GET /pets/dog/{id}", map[string]string{"id": "a/b"}},
		"GET /p%65ts/dog/1":    {"GET /pets/dog/1", nil},
		"GET /Pets/dog/1":      {"ANY /{proxy+}", map[string]string{"proxy": "Pets/dog/1"}},
		"GET /pets/dog/%C3%A9": {"GET /pets/dog/{id}", map[string]string{"id": "é"}},
		"GET /pets/dog/a+b":    {"GET /pets/dog/{id}", map[string]string{"id": "a+b"}},
		"OPTIONS /pets":        {"ANY /{proxy+}", map[string]string{"proxy": "pets"}},
	} {
		method, path, _ := strings.Cut(request, " ")
		for range 5 { // in any order of creation
			keys = append(keys[1:], keys[0])
			m, reason := deploymentOf(t, keys).find(httptest.NewRequest(method, path, nil))
			if reason != "" || m.key.text != want.key || !cmp.Equal(m.parameters, want.parameters) {
				t.Errorf("%s: route %q with %v, want %q with %v", request, m.key.text, m.parameters, want.key, want.parameters)
			}
		}
	}
}

func deploymentOf(t *testing.T, keys []string) *deployment {
	t.Helper()
	d := &deployment{stages: map[string]deployedStage{"$default": {Stage: Stage{Name: "$default"}}}}
	for _, text := range keys {
		k, err := parseRouteKey(text)
		if err != nil {
			t.Fatal(err)
		}
		d.routes = append(d.routes, deployedRoute{key: k})
	}
	slices.SortFunc(d.routes, func(a, b deployedRoute) int { return compareKeys(a.key, b.key) })
	return d
}

func FuzzRouteMatch(f *testing.F) {
	f.Add("GET /pets/{id}", "/pets/7")
	f.Add("ANY /{proxy+}", "/a//b/")
	f.Add("POST /a.b/{x}/{y+}", "/a.b/%2F/c")
	f.Add("$default", "/")
	f.Add("GET /\xff", "/%FF")
	f.Add("GET /\ufffd", "/%FF")
	f.Fuzz(func(t *testing.T, key, path string) {
		k, err := parseRouteKey(key)
		if err != nil {
			if cloud.ErrorCode(err) != "BadRequestException" {
				t.Fatalf("%q: %v", key, err)
			}
			return
		}
		r, err := http.NewRequest("GET", "http://127.0.0.1"+path, nil)
		if err != nil {
			return
		}
		parts, ok := splitPath(r.URL)
		if !ok {
			return
		}
		got, matched := k.match("GET", parts)
		want := reference(key).FindStringSubmatch("GET /" + strings.Join(escapeAll(parts), "/"))
		if matched != (want != nil) {
			t.Fatalf("key %q, path %q: matched %v, by the reference %v", key, path, matched, want)
		}
		for _, seg := range k.segments {
			if !matched || seg.kind == literal {
				continue
			}
			if value, err := url.PathUnescape(want[1]); err != nil || got[seg.text] != value {
				t.Fatalf("key %q, path %q: %s is %q, by the reference %q", key, path, seg.text, got[seg.text], value)
			}
			want = want[1:]
		}
	})
}

// reference returns the route key as a regular expression over paths whose parts are
// escaped, so that they contain no slash and only ASCII.
func reference(key string) *regexp.Regexp {
	if key == "$default" {
		return regexp.MustCompile(``)
	}
	method, path, _ := strings.Cut(key, " ")
	if method == "ANY" {
		method = "[A-Z]+"
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		switch {
		case strings.HasSuffix(p, "+}"):
			parts[i] = `(.+)`
		case strings.HasPrefix(p, "{"):
			parts[i] = `([^/]+)`
		default:
			parts[i] = regexp.QuoteMeta(escapeAll([]string{p})[0])
		}
	}
	return regexp.MustCompile(`^` + method + ` ` + strings.Join(parts, "/") + `$`)
}

func escapeAll(parts []string) []string {
	escaped := slices.Clone(parts)
	for i, p := range escaped {
		escaped[i] = url.PathEscape(p)
	}
	return escaped
}
