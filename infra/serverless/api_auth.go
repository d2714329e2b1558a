package serverless

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Auth determines how the callers of an API are authorized.
type Auth struct {
	// Type is "iam", "jwt" or "none". With "iam", callers sign requests with AWS
	// credentials that allow execute-api:Invoke; with "jwt", they send a token;
	// with "none", anyone may call the API. Default: "iam".
	Type string
	// Issuer is the URL of the tokens' issuer, under which API Gateway finds
	// /.well-known/openid-configuration. Required with "jwt".
	Issuer pulumi.StringInput
	// Audience lists the accepted audiences; a token must have one of them.
	// Required with "jwt".
	Audience pulumi.StringArrayInput
	// Scopes lists the accepted scopes; a token must have one of them. Only with
	// "jwt". Default: tokens need no scope.
	Scopes pulumi.StringArrayInput
}

// check returns an error for an unknown type, for settings that would have no
// effect, and for missing ones.
func (a Auth) check(api string, routes []Route) error {
	scoped := slices.ContainsFunc(routes, func(r Route) bool { return r.Scopes != nil })
	switch a.Type {
	case "", "iam", "none":
		if a.Issuer != nil || a.Audience != nil || a.Scopes != nil || scoped {
			return fmt.Errorf("API %s: Issuer, Audience and Scopes require the auth type jwt", api)
		}
		return nil
	case "jwt":
		if a.Issuer == nil || a.Audience == nil {
			return fmt.Errorf("API %s: the auth type jwt requires Issuer and Audience", api)
		}
		return nil
	default:
		return fmt.Errorf("API %s: the auth type must be iam, jwt or none, not %q", api, a.Type)
	}
}

// routeType returns API Gateway's name of the type.
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

// headers returns the headers in which callers send what authorizes them.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (a Auth) headers() []string {
	switch a.Type {
	case "none":
		return nil
	case "jwt":
		return []string{"authorization"}
	default:
		return []string{"authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
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
