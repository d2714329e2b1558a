package httpapi

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

func TestCORS(t *testing.T) {
	payload := `{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*","access-control-allow-headers":"x","X-Own":"1"},"body":"sum"}`
	s, _ := open(t, nil, func(context.Context, cloud.Invocation) (cloud.Outcome, error) {
		return cloud.Outcome{Payload: []byte(payload)}, nil
	}, 0)
	api, _ := build(t, s, "$default", "GET /sum", "ANY /any")
	const page = "https://www.example.com"
	full := CORS{AllowOrigins: []string{page}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"authorization", "x-id"},
		ExposeHeaders: []string{"date"}, AllowCredentials: true, MaxAgeSeconds: 300}
	anyOrigin := CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}}
	secure := CORS{AllowOrigins: []string{"https://*"}}
	const site = "Sec-Fetch-Site"
	const requestMethod = "Access-Control-Request-Method"

	preflight := map[string]string{"Allow-Origin": page, "Allow-Methods": "GET,POST", "Allow-Headers": "authorization,x-id", "Allow-Credentials": "true", "Max-Age": "300"}
	actual := map[string]string{"Allow-Origin": page, "Allow-Credentials": "true", "Expose-Headers": "date"}
	none := map[string]string{}
	for name, c := range map[string]struct {
		cors    *CORS
		request string
		header  map[string]string
		status  int
		want    map[string]string // without "Access-Control-"
	}{
		"preflight":                {&full, "OPTIONS /sum", map[string]string{"Origin": page, requestMethod: "GET"}, 204, preflight},
		"preflight for any path":   {&full, "OPTIONS /nowhere", map[string]string{"Origin": page, requestMethod: "GET"}, 204, preflight},
		"preflight for a route":    {&full, "OPTIONS /any", map[string]string{"Origin": page, requestMethod: "GET"}, 200, preflight},
		"preflight, other origin":  {&full, "OPTIONS /sum", map[string]string{"Origin": "https://evil.example", requestMethod: "GET"}, 403, none},
		"not a preflight":          {&full, "OPTIONS /sum", map[string]string{"Origin": page}, 204, none},
		"preflight, any origin":    {&anyOrigin, "OPTIONS /sum", map[string]string{"Origin": page, requestMethod: "GET"}, 204, map[string]string{"Allow-Origin": "*", "Allow-Methods": "*"}},
		"preflight without CORS":   {nil, "OPTIONS /sum", map[string]string{"Origin": page, requestMethod: "GET"}, 403, none},
		"actual":                   {&full, "GET /sum", map[string]string{"Origin": page}, 200, actual},
		"actual, other origin":     {&full, "GET /sum", map[string]string{"Origin": page + ".evil.example"}, 403, none},
		"actual without origin":    {&full, "GET /sum", nil, 200, none},
		"actual, any origin":       {&anyOrigin, "GET /sum", map[string]string{"Origin": "null"}, 200, map[string]string{"Allow-Origin": "*"}},
		"any secure origin":        {&secure, "GET /sum", map[string]string{"Origin": page}, 200, map[string]string{"Allow-Origin": page}},
		"an insecure origin":       {&secure, "GET /sum", map[string]string{"Origin": "http://www.example.com"}, 403, none},
		"an error":                 {&full, "GET /nowhere", map[string]string{"Origin": page}, 404, actual},
		"without CORS":             {nil, "GET /sum", map[string]string{"Origin": page}, 403, none},
		"the API's own page":       {nil, "GET /sum", map[string]string{"Origin": api.Endpoint()}, 200, map[string]string{"Allow-Origin": "*", "Allow-Headers": "x"}},
		"its GET request":          {nil, "GET /sum", map[string]string{site: "same-origin"}, 200, map[string]string{"Allow-Origin": "*", "Allow-Headers": "x"}},
		"an entered address":       {&full, "GET /sum", map[string]string{site: "none"}, 200, none},
		"an image elsewhere":       {&full, "GET /sum", map[string]string{site: "cross-site"}, 403, none},
		"an image on another port": {&full, "GET /sum", map[string]string{site: "same-site"}, 403, none},
		"an image, any origin":     {&anyOrigin, "GET /sum", map[string]string{site: "cross-site"}, 200, none},
		"fetch, allowed origin":    {&full, "GET /sum", map[string]string{"Origin": page, site: "cross-site"}, 200, actual},
	} {
		must(s.UpdateAPI(API{ID: api.ID, Name: "a", ProtocolType: "HTTP", CORS: c.cors}))(t)
		method, path, _ := strings.Cut(c.request, " ")
		r := must(http.NewRequest(method, api.Endpoint()+path, nil))(t)
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		res := must(http.DefaultClient.Do(r))(t)
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		got := map[string]string{}
		for k := range res.Header {
			if short, ok := strings.CutPrefix(k, "Access-Control-"); ok {
				got[short] = res.Header.Get(k)
			}
		}
		if diff := cmp.Diff(c.want, got); res.StatusCode != c.status || diff != "" {
			t.Errorf("%s: %d, want %d (-want +got)\n%s", name, res.StatusCode, c.status, diff)
		}
		if res.StatusCode == 200 && res.Header.Get("X-Own") != "1" {
			t.Errorf("%s: the function's other headers are missing", name)
		}
	}
}

// Preflight requests match routes, with their authorization, before API Gateway
// responds to them itself. Only an OPTIONS route without authorization precedes them.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html#http-api-cors-default-route
func TestPreflightOfAuthorizedRoutes(t *testing.T) {
	for name, c := range map[string]struct {
		routes []string // with authorization, except for OPTIONS routes
		path   string
		want   int
	}{
		"one method":                   {[]string{"GET /a"}, "/a", 204},
		"any method":                   {[]string{"ANY /a"}, "/a", 403},
		"any method of another path":   {[]string{"ANY /a"}, "/b", 204},
		"default":                      {[]string{"GET /a", "$default"}, "/a", 403},
		"OPTIONS beside default":       {[]string{"$default", "OPTIONS /{proxy+}"}, "/a/b", 200},
		"OPTIONS beside default, at /": {[]string{"$default", "OPTIONS /{proxy+}"}, "/", 403},
		"OPTIONS of /":                 {[]string{"$default", "OPTIONS /{proxy+}", "OPTIONS /"}, "/", 200},
		"OPTIONS of all paths":         {[]string{"ANY /a", "OPTIONS /{proxy+}"}, "/a", 403},
		"OPTIONS beside ANY":           {[]string{"ANY /a", "OPTIONS /a"}, "/a", 200},
		"OPTIONS beside ANY {a}":       {[]string{"ANY /{a}", "OPTIONS /{a}"}, "/a", 200},
	} {
		s, _ := open(t, nil, func(context.Context, cloud.Invocation) (cloud.Outcome, error) {
			return cloud.Outcome{Payload: []byte(`{"statusCode":200}`)}, nil
		}, 0)
		api, in := build(t, s, "$default")
		const page = "https://www.example.com"
		must(s.UpdateAPI(API{ID: api.ID, Name: "a", ProtocolType: "HTTP", CORS: &CORS{AllowOrigins: []string{page}}}))(t)
		for _, key := range c.routes {
			r := Route{APIID: api.ID, Key: key, Target: "integrations/" + in.ID, AuthorizationType: authIAM}
			if strings.HasPrefix(key, "OPTIONS ") {
				r.AuthorizationType = authNone
			}
			must(s.CreateRoute(r))(t)
		}
		r := must(http.NewRequest(http.MethodOptions, api.Endpoint()+c.path, nil))(t)
		r.Header.Set("Origin", page)
		r.Header.Set("Access-Control-Request-Method", "POST")
		res := must(http.DefaultClient.Do(r))(t)
		_ = res.Body.Close()
		if res.StatusCode != c.want || res.Header.Get("Access-Control-Allow-Origin") != page {
			t.Errorf("%s: %d with %v, want %d", name, res.StatusCode, res.Header, c.want)
		}
	}
}

func TestDisabledEndpoint(t *testing.T) {
	s, j := open(t, nil, nil, 0)
	api, _ := build(t, s, "$default", "GET /")
	api.DisableExecuteAPIEndpoint = true
	must(s.UpdateAPI(api))(t)
	if status, body := get(t, api.Endpoint()); status != 403 || body != `{"message":"Forbidden"}` || !j.warned("the default endpoint is disabled") {
		t.Errorf("%d %s, journal %v", status, body, j.entries)
	}
}
