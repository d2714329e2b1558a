package serverless

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Auth says who may call an API.
type Auth struct {
	// Type is "iam", "jwt" or "none", which lets everybody. Default "iam": the
	// caller signs with AWS credentials that may execute-api:Invoke.
	Type string
	// Issuer of the tokens, with "jwt": the URL under which
	// /.well-known/openid-configuration is found.
	Issuer string
	// Audience has one of a token's audiences, with "jwt".
	Audience []string
	// Scopes of which a token must have one, with "jwt". Default: none needed.
	Scopes []string
}

// check refuses what says less, or more, than it seems to.
func (a Auth) check(api string, routes []Route) error {
	scoped := slices.ContainsFunc(routes, func(r Route) bool { return len(r.Scopes) > 0 })
	switch a.Type {
	case "", "iam", "none":
		if a.Issuer != "" || len(a.Audience) > 0 || len(a.Scopes) > 0 || scoped {
			return fmt.Errorf("API %s: issuer, audience and scopes are for the auth jwt alone", api)
		}
		return nil
	case "jwt":
		if a.Issuer == "" || len(a.Audience) == 0 {
			return fmt.Errorf("API %s: the auth jwt needs an issuer and an audience", api)
		}
		return nil
	default:
		return fmt.Errorf("API %s: the auth must be iam, jwt or none, not %q", api, a.Type)
	}
}

// routeType is what API Gateway calls it.
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

// authorize creates what verifies tokens.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
func (a *API) authorize() error {
	if a.args.Auth.Type != "jwt" {
		return nil
	}
	authorizer, err := apigatewayv2.NewAuthorizer(a.env.ctx, a.name, &apigatewayv2.AuthorizerArgs{
		ApiId:           a.api.ID(),
		AuthorizerType:  pulumi.String("JWT"),
		IdentitySources: pulumi.ToStringArray([]string{"$request.header.Authorization"}),
		JwtConfiguration: apigatewayv2.AuthorizerJwtConfigurationArgs{
			Issuer:    pulumi.String(a.args.Auth.Issuer),
			Audiences: pulumi.ToStringArray(a.args.Auth.Audience),
		},
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	a.authorizer = authorizer.ID().ToStringPtrOutput()
	return nil
}
