package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// A preview already refuses what API Gateway would refuse, even if the API and its
// authorizer do not exist yet.
func TestImpossibleAPIsAreRefusedByCheck(t *testing.T) {
	c := start(t)
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	with := func(more ...any) map[string]any {
		in := map[string]any{"apiId": unknown, "routeKey": "GET /x", "target": unknown, "protocolType": "HTTP", "autoDeploy": true,
			"authorizerType": "JWT", "identitySources": []any{"$request.header.Authorization"}}
		for i := 0; i < len(more); i += 2 {
			in[more[i].(string)] = more[i+1]
		}
		return in
	}
	for name, tc := range map[string]struct {
		typ    string
		inputs map[string]any
		reason string // "" for none
	}{
		"CORS":                {"api:Api", with("corsConfiguration", map[string]any{"allowOrigins": []any{"https://a.example"}, "allowCredentials": true}), ""},
		"CORS for all":        {"api:Api", with("corsConfiguration", map[string]any{"allowOrigins": []any{"*"}, "allowCredentials": true}), "allow-credentials is not supported for origin *"},
		"CORS property":       {"api:Api", with("corsConfiguration", map[string]any{"allowOrigin": []any{"*"}}), `did you mean "allowOrigins"?`},
		"JWT":                 {"route:Route", with("authorizationType", "JWT", "authorizerId", unknown), ""},
		"JWT without one":     {"route:Route", with("authorizationType", "JWT"), "AuthorizerId is a required parameter for authorization type JWT"},
		"authorizer of NONE":  {"route:Route", with("authorizerId", unknown), "are valid only with authorization type JWT, not with NONE"},
		"scopes of IAM":       {"route:Route", with("authorizationType", "AWS_IAM", "authorizationScopes", []any{"a"}), "are valid only with authorization type JWT, not with AWS_IAM"},
		"type not known yet":  {"route:Route", with("authorizationType", unknown, "authorizerId", unknown), ""},
		"a Lambda authorizer": {"authorizer:Authorizer", with("authorizerType", "REQUEST"), "the local cloud supports only AuthorizerType JWT, not REQUEST"},
		"issuer in the clear": {"authorizer:Authorizer", with("jwtConfiguration", map[string]any{"issuer": "http://a.example", "audiences": []any{"a"}}), "neither an HTTPS URL nor a loopback URL"},
		"no audience":         {"authorizer:Authorizer", with("jwtConfiguration", map[string]any{"issuer": "https://a.example"}), "jwtConfiguration.audiences: missing required property"},
		"log format":          {"stage:Stage", with("accessLogSettings", map[string]any{"destinationArn": unknown, "format": "$context.status"}), "must contain at least $context.requestId"},
		"log variable":        {"stage:Stage", with("accessLogSettings", map[string]any{"destinationArn": unknown, "format": "$context.requestId $context.stat"}), "unknown variable: $context.stat"},
		"burst":               {"stage:Stage", with("defaultRouteSettings", map[string]any{"throttlingBurstLimit": -1}), "from 0 to"},
		"settings of a route": {"stage:Stage", with("routeSettings", []any{map[string]any{"throttlingRateLimit": 0.5}}), "routeKey: missing required property"},
		"settings, twice": {"stage:Stage", with("routeSettings", []any{map[string]any{"routeKey": "GET /x", "throttlingBurstLimit": 1},
			map[string]any{"routeKey": "GET /x", "throttlingBurstLimit": 1}, map[string]any{"routeKey": "GET /x", "throttlingBurstLimit": unknown}}), ""},
		"two settings of a route": {"stage:Stage", with("routeSettings", []any{map[string]any{"routeKey": "GET /x", "throttlingBurstLimit": 1},
			map[string]any{"routeKey": "GET /y"}, map[string]any{"routeKey": "GET /x", "throttlingBurstLimit": 2}}), `routeSettings[2].routeKey: the route "GET /x" has other settings in routeSettings[0]`},
		"WebSocket API setting": {"stage:Stage", with("defaultRouteSettings", map[string]any{"dataTraceEnabled": true}), "does not emulate"},
	} {
		token := "aws:apigatewayv2/" + tc.typ
		known := map[string]any{}
		for _, r := range resources(place, Services{}, "") {
			for _, p := range r.Inputs {
				if v, ok := tc.inputs[p.Name]; ok && r.Token == token {
					known[p.Name] = v
				}
			}
		}
		res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(token, "x"), News: c.raw(resource.NewPropertyMapFromMap(known))})
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(res.Failures, func(f *pulumirpc.CheckFailure) bool { return strings.Contains(f.Reason, tc.reason) })
		if tc.reason == "" && len(res.Failures) > 0 || tc.reason != "" && !found {
			t.Errorf("%s: failures %v, want %q", name, res.Failures, tc.reason)
		}
	}
}
