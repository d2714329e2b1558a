package console_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/account"
	"tally/localcloud/cloud"
	"tally/localcloud/console"
	"tally/localcloud/journal"
)

type world struct {
	*console.Console
	*account.Services
	journal *journal.Journal
}

func open(t *testing.T) world {
	t.Helper()
	place := cloud.Place{Region: "us-east-1", Account: "000000000000"}
	j := journal.New(10)
	s, err := account.New(account.Options{Place: place, Dir: t.TempDir(), Journal: j, Endpoint: func() string { return "http://127.0.0.1:1" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c := console.New(console.Options{Place: place, Services: s, Journal: j, Status: func() (any, error) { return map[string]int{"pid": 1}, nil }, Done: make(chan struct{})})
	return world{c, s, j}
}

// request sends a request to the page's handler and returns the status and the body.
func (w world) request(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:4566"+console.Prefix+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	res := httptest.NewRecorder()
	w.Pages().ServeHTTP(res, r)
	return res
}

// session begins a session and returns the header with its token.
func (w world) session(t *testing.T, code string) (header string, status int) {
	t.Helper()
	res := w.request("POST", "api/session", `{"code":"`+code+`"}`)
	var out struct{ Token string }
	_ = json.Unmarshal(res.Body.Bytes(), &out) // an error has no token
	return "Bearer " + out.Token, res.Code
}

func TestProtection(t *testing.T) {
	w := open(t)
	code := w.Code()
	if _, status := w.session(t, "guess"); status != http.StatusUnauthorized {
		t.Errorf("a wrong code: %d", status)
	}
	token, status := w.session(t, code)
	if status != http.StatusOK {
		t.Fatalf("the code: %d", status)
	}
	if _, status := w.session(t, code); status != http.StatusUnauthorized {
		t.Errorf("the code, for the second time: %d", status)
	}
	for name, tc := range map[string]struct {
		header []string
		want   int
	}{
		"the page":              {[]string{"Authorization", token}, 200},
		"from its own page":     {[]string{"Authorization", token, "Origin", "http://127.0.0.1:4566", "Sec-Fetch-Site", "same-origin"}, 200},
		"without a token":       {nil, 401},
		"with an empty token":   {[]string{"Authorization", "Bearer "}, 401},
		"with a code as token":  {[]string{"Authorization", "Bearer " + w.Code()}, 401},
		"with a cookie":         {[]string{"Cookie", "token=" + strings.TrimPrefix(token, "Bearer ")}, 401},
		"from another port":     {[]string{"Authorization", token, "Origin", "http://127.0.0.1:4567"}, 403},
		"from another site":     {[]string{"Authorization", token, "Origin", "https://evil.example"}, 403},
		"from a link elsewhere": {[]string{"Authorization", token, "Sec-Fetch-Site", "cross-site"}, 403},
		"with DNS rebinding":    {[]string{"Authorization", token, "Host", "evil.example"}, 403},
	} {
		if got := w.request("GET", "api/status", "", tc.header...).Code; got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}

// The page has no inline scripts, and loads nothing from elsewhere.
func TestPage(t *testing.T) {
	w := open(t)
	res := w.request("GET", "", "")
	page := res.Body.String()
	if res.Code != http.StatusOK || !strings.Contains(page, `src="app.js"`) || strings.Contains(page, "<script>") || strings.Contains(page, "//") {
		t.Errorf("%d %s", res.Code, page)
	}
	if policy := res.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	for _, file := range []string{"app.js", "map.js", "vendor/dagre.js", "vendor/uplot.js", "vendor/LICENSES.txt"} {
		if res := w.request("GET", file, ""); res.Code != http.StatusOK || res.Body.Len() == 0 {
			t.Errorf("%s: %d", file, res.Code)
		}
	}
}

// get decodes what the API returns.
func get[T any](t *testing.T, w world, method, path, body string) (out T) {
	t.Helper()
	res := httptest.NewRecorder()
	w.API().ServeHTTP(res, httptest.NewRequest(method, console.APIPrefix+path, bytes.NewReader([]byte(body))))
	if res.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, res.Code, res.Body)
	}
	if err := json.Unmarshal(res.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

// A batch of messages of two traces is part of both, which then are one.
func TestTraces(t *testing.T) {
	w := open(t)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, s := range []cloud.Step{
		{Trace: "1-b", Name: "second", To: "q"},
		{Trace: "1-a", Name: "first", To: "q"},
		{Trace: "1-c", Name: "batch", Links: []string{"1-a", "1-b"}, Error: "no", Took: cloud.Millis(time.Second)},
		{Trace: "1-d", Name: "other"},
	} {
		s.Start = start.Add([]time.Duration{1, 0, 2, 9}[i] * time.Second)
		w.journal.Record(s)
	}
	type summary struct {
		ID, Name, Error string
		Steps, Failed   int
		Took            float64
	}
	want := []summary{{ID: "1-d", Name: "other", Steps: 1}, {"1-a", "first", "no", 3, 1, 3000}}
	if diff := cmp.Diff(want, get[[]summary](t, w, "GET", "traces", "")); diff != "" {
		t.Errorf("traces (-want +got):\n%s", diff)
	}
	for _, id := range []string{"1-a", "1-b", "1-c"} {
		trace := get[struct{ Steps []struct{ Name string } }](t, w, "GET", "traces/"+id, "")
		if len(trace.Steps) != 3 || trace.Steps[0].Name != "first" || trace.Steps[2].Name != "batch" {
			t.Errorf("trace %s: %+v", id, trace)
		}
	}
}
