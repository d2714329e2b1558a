package serverless

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// withRoutes creates an API whose routes invoke the function f.
func withRoutes(routes ...Route) (*cloud, error) {
	return withFunction(func(env *Environment, f *Function) error {
		for i := range routes {
			routes[i].Function = f
		}
		_, err := NewAPI(env, "api", &APIArgs{Routes: routes, CORSOrigins: pulumi.ToStringArray([]string{"*"})})
		return err
	})
}

func TestRoute(t *testing.T) {
	for key, want := range map[string]struct{ name, source string }{
		"POST /add":         {"e-api-post-add", "arn:execute-api:e-api/*/POST/add"},
		"GET /sums/{id}":    {"e-api-get-sums-id-c4e3f9", "arn:execute-api:e-api/*/GET/sums/{id}"},
		"ANY /files/{all+}": {"e-api-any-files-all-c3525e", "arn:execute-api:e-api/*/*/files/{all+}"},
		"GET /":             {"e-api-get", "arn:execute-api:e-api/*/GET/"},
		"$default":          {"e-api-default", "arn:execute-api:e-api/*/$default"},
	} {
		c, err := withRoutes(Route{Key: key})
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		route := c.inputs(t, "aws:apigatewayv2/route:Route "+want.name)
		if route["routeKey"] != key || route["authorizationType"] != "AWS_IAM" {
			t.Errorf("%s: the route %s is %v", key, want.name, route)
		}
		if got := c.inputs(t, "aws:lambda/permission:Permission "+want.name)["sourceArn"]; got != want.source {
			t.Errorf("%s: the permission is for %v, want %s", key, got, want.source)
		}
	}
	for _, key := range []string{"", "POST", "/add", "POST add", "post /add", "FETCH /add", "POST  /add", "POST /a b", "$connect"} {
		_, err := withRoutes(Route{Key: key})
		if err == nil || !strings.Contains(err.Error(), "of API api: its key must be $default, or a method (ANY, GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS) and a path") {
			t.Errorf("%q: got %v", key, err)
		}
	}
}

// TestPreflightRoutes checks that the preflight requests of browsers, which carry no
// credentials, need no authorization.
func TestPreflightRoutes(t *testing.T) {
	tokens := Auth{Type: "jwt", Issuer: pulumi.String("https://example.com"), Audience: pulumi.ToStringArray([]string{"a"}), Scopes: pulumi.ToStringArray([]string{"s"})}
	for name, tt := range map[string]struct {
		keys []string
		auth Auth
		page string   // "" for no CORS
		want []string // in addition to the keys
	}{
		"default":              {[]string{"$default"}, Auth{}, "*", []string{"OPTIONS /", "OPTIONS /{proxy+}"}},
		"default, with tokens": {[]string{"$default"}, tokens, "*", []string{"OPTIONS /", "OPTIONS /{proxy+}"}},
		"any method":           {[]string{"ANY /a/{b}", "GET /a/{b}", "$default"}, Auth{}, "*", []string{"OPTIONS /", "OPTIONS /a/{b}", "OPTIONS /{proxy+}"}},
		"any path":             {[]string{"ANY /{proxy+}", "$default", "OPTIONS /"}, tokens, "*", []string{"OPTIONS /{proxy+}"}},
		"own route":            {[]string{"ANY /a", "OPTIONS /a"}, Auth{}, "*", nil},
		"one method":           {[]string{"GET /a"}, Auth{}, "*", nil},
		"no authorization":     {[]string{"$default", "ANY /a"}, Auth{Type: "none"}, "*", nil},
		"no CORS":              {[]string{"$default", "ANY /a", "OPTIONS /b"}, Auth{}, "", nil},
	} {
		c, err := withFunction(func(env *Environment, f *Function) error {
			args := &APIArgs{Auth: tt.auth}
			for _, key := range tt.keys {
				args.Routes = append(args.Routes, Route{Key: key, Function: f})
			}
			if tt.page != "" {
				args.CORSOrigins = pulumi.ToStringArray([]string{tt.page})
			}
			_, err := NewAPI(env, "api", args)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range c.resources {
			if r.TypeToken != "aws:apigatewayv2/route:Route" {
				continue
			}
			key := fmt.Sprint(r.Inputs["routeKey"].V)
			got = append(got, key)
			_, authorizer := r.Inputs["authorizerId"]
			_, scopes := r.Inputs["authorizationScopes"]
			open := r.Inputs["authorizationType"].V == "NONE" && !authorizer && !scopes
			if want := tt.auth.Type == "none" || tt.page != "" && strings.HasPrefix(key, "OPTIONS "); open != want {
				t.Errorf("%s: the route %s is %v", name, key, r.Inputs)
			}
		}
		want := slices.Sorted(slices.Values(slices.Concat(tt.keys, tt.want)))
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: got the routes %q, want %q", name, got, want)
		}
	}
	_, err := withRoutes(Route{Key: "OPTIONS /", Scopes: pulumi.ToStringArray([]string{"s"})})
	if err == nil || !strings.Contains(err.Error(), `route "OPTIONS /" of API api: it cannot have Scopes`) {
		t.Errorf("scopes: got %v", err)
	}
}

// TestRouteNames proves that the names of routes with similar keys differ and
// are valid statement IDs.
func TestRouteNames(t *testing.T) {
	long := "GET /" + strings.Repeat("a", 200)
	keys := []string{"GET /a/b", "GET /a-b", "GET /a_b", "GET /a.b", "GET /A/b", "GET /a/b/", "GET /A", "GET /a", "GET /{a}", "GET /{a+}", "GET /sums/{id}", "GET /sums/id",
		"GET /", "GET //", "ANY /a", "ANY /any", "$default", "GET /default", long, long + "/b", long + "/c"}
	var routes []Route
	for _, key := range keys {
		routes = append(routes, Route{Key: key})
	}
	c, err := withRoutes(routes...)
	if err != nil {
		t.Fatal(err)
	}
	found := map[any]bool{}
	for name, r := range c.resources {
		switch r.TypeToken {
		case "aws:apigatewayv2/route:Route":
			found[r.Inputs["routeKey"].V] = true
		case "aws:lambda/permission:Permission":
			if !regexp.MustCompile(`^[a-zA-Z0-9-_]{1,90}$`).MatchString(r.Name) {
				t.Errorf("%s is not a valid statement ID", name)
			}
		}
	}
	if want := len(keys) + 4; len(found) != want { // and the OPTIONS routes beside $default and ANY
		t.Errorf("got the routes %[2]v, want %[1]d", want, found)
	}
	_, err = withRoutes(Route{Key: "GET /a"}, Route{Key: "GET /b"}, Route{Key: "GET /a"})
	if err == nil || !strings.Contains(err.Error(), `route "GET /a" of API api: there is more than one route with this key`) {
		t.Errorf("the same key twice: got %v", err)
	}
}

func TestDefaultRoute(t *testing.T) {
	c, err := withRoutes(Route{Key: "GET /a"}, Route{Key: "$default", Throttle: &Throttle{Burst: pulumi.Int(7)}}, Route{Key: "GET /b"})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{"routeKey": "$default", "throttlingRateLimit": 50.0, "throttlingBurstLimit": 7.0}}
	if diff := cmp.Diff(any(want), c.inputs(t, "aws:apigatewayv2/stage:Stage e-api")["routeSettings"]); diff != "" {
		t.Error(diff)
	}
	cors := c.inputs(t, "aws:apigatewayv2/api:Api e-api")["corsConfiguration"]
	if got := fmt.Sprint(cors.(map[string]any)["allowMethods"]); got != "[*]" {
		t.Errorf("CORS allows the methods %s", got)
	}
}

func TestRouteThrottle(t *testing.T) {
	c, err := withRoutes(Route{Key: "GET /", Throttle: &Throttle{RatePerSecond: pulumi.Float64(0.5), Burst: pulumi.Int(1)}})
	if err != nil {
		t.Fatal(err)
	}
	stage := c.inputs(t, "aws:apigatewayv2/stage:Stage e-api")
	want := map[string]any{
		"defaultRouteSettings": map[string]any{"throttlingRateLimit": 50.0, "throttlingBurstLimit": 100.0},
		"routeSettings":        []any{map[string]any{"routeKey": "GET /", "throttlingRateLimit": 0.5, "throttlingBurstLimit": 1.0}},
	}
	for property, value := range want {
		if diff := cmp.Diff(value, stage[property]); diff != "" {
			t.Errorf("%s: %s", property, diff)
		}
	}
}
