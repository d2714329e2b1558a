package serverless

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Auth is how the callers of an API are authorized.
type Auth struct {
	// Type is "iam", "jwt" or "none", which allows everybody. Default: "iam", by
	// which callers sign with AWS credentials that allow execute-api:Invoke.
	Type string
	// Issuer of the tokens, with "jwt": the URL that
	// /.well-known/openid-configuration is found under.
	Issuer pulumi.StringInput
	// Audience holds at least one of a token's audiences, with "jwt".
	Audience pulumi.StringArrayInput
	// Scopes of which a token must have one, with "jwt". Default: none is
	// required.
	Scopes pulumi.StringArrayInput
}

// check refuses settings without effect, and tokens that nothing verifies.
func (a Auth) check(api string, routes []Route) error {
	scoped := slices.ContainsFunc(routes, func(r Route) bool { return r.Scopes != nil })
	switch a.Type {
	case "", "iam", "none":
		if a.Issuer != nil || a.Audience != nil || a.Scopes != nil || scoped {
			return fmt.Errorf("API %s: issuer, audience and scopes are for the auth jwt alone", api)
		}
		return nil
	case "jwt":
		if a.Issuer == nil || a.Audience == nil {
			return fmt.Errorf("API %s: the auth jwt needs an issuer and an audience", api)
		}
		return nil
	default:
		return fmt.Errorf("API %s: the auth must be iam, jwt or none, not %q", api, a.Type)
	}
}

// routeType returns API Gateway's word for the type.
func (a Auth) routeType() string {
	switch a.Type {
	case "none":
		return "NONE"
	case "jwt":
		return "JWT"
	default:
		return "AWS_IAM"
	}
}

// authorize creates the authorizer, which verifies tokens.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
func (a *API) authorize() error {
	if a.args.Auth.Type != "jwt" {
		return nil
	}
	authorizer, err := apigatewayv2.NewAuthorizer(a.env.ctx, a.env.child(a.name), &apigatewayv2.AuthorizerArgs{
		ApiId:           a.api.ID(),
		AuthorizerType:  pulumi.String("JWT"),
		IdentitySources: pulumi.ToStringArray([]string{"$request.header.Authorization"}),
		JwtConfiguration: apigatewayv2.AuthorizerJwtConfigurationArgs{
			Issuer:    a.args.Auth.Issuer.ToStringOutput(),
			Audiences: a.args.Auth.Audience,
		},
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	a.authorizer = authorizer.ID().ToStringPtrOutput()
	return nil
}
