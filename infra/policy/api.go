package policy

import (
	"fmt"
	"slices"
)

var apiRules = []Rule{
	{
		Controls: []string{"APIGateway.8", "CKV_AWS_309"}, Title: "routes require authorization",
		Types: []string{"aws:apigatewayv2/route:Route"}, Property: "authorizationType",
		Check: func(r Resource, _ Graph) error {
			if kind := r.input("authorizationType"); !slices.Contains([]any{"AWS_IAM", "JWT", "CUSTOM", Unknown}, kind) {
				return fmt.Errorf("allows anyone to call %v without authorization", r.input("routeKey"))
			}
			return nil
		},
	},
	{
		Controls: []string{"APIGateway.9", "CKV_AWS_76"}, Title: "requests are logged",
		Types: []string{"aws:apigatewayv2/stage:Stage"}, Property: "accessLogSettings",
		Check: require("accessLogSettings", "destinationArn"),
	},
	{
		Controls: []string{"TALLY.4"}, Title: "requests are throttled",
		Types: []string{"aws:apigatewayv2/stage:Stage"}, Property: "defaultRouteSettings",
		Check: func(r Resource, all Graph) error {
			if err := require("defaultRouteSettings", "throttlingRateLimit")(r, all); err != nil {
				return err
			}
			return require("defaultRouteSettings", "throttlingBurstLimit")(r, all)
		},
	},
	{
		Controls: []string{"CKV_AWS_206"}, Title: "custom domains require TLS 1.2 or newer",
		Types: []string{"aws:apigatewayv2/domainName:DomainName"}, Property: "domainNameConfiguration.securityPolicy",
		Check: func(r Resource, _ Graph) error {
			if policy := r.input("domainNameConfiguration", "securityPolicy"); policy != "TLS_1_2" && policy != Unknown {
				return fmt.Errorf("has the security policy %v, not TLS_1_2", policy)
			}
			return nil
		},
	},
}
