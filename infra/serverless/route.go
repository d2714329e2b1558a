package serverless

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Route sends the requests of one method and path to a function.
type Route struct {
	// Key is a method and a path, "GET /sums/{id}", or "$default", which matches
	// the requests that no other route matches. The method "ANY" matches every
	// method, and a final "{rest+}" matches the rest of the path. Required.
	//
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
	Key string
	// Function handles the requests, within the 30 seconds that an HTTP API
	// waits. Required.
	Function *Function
	// Scopes lists the accepted scopes; a token must have one of them. Default:
	// those of the API's Auth.
	Scopes pulumi.StringArrayInput
	// Throttle limits the requests of this route. Default: the API's.
	Throttle *Throttle
	// Options are options of the route and of the permission to invoke its
	// function, in addition to the API's.
	Options []pulumi.ResourceOption
}

const (
	// defaultRoute is the key of the route for requests that no other route matches.
	defaultRoute = "$default"
	// optionsMethod begins the keys of routes for preflight requests.
	optionsMethod = "OPTIONS "
)

var (
	routeKey = regexp.MustCompile(`^(ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/\S*)$`)
	// plainKey matches the route keys whose slugs need no hash: no two of them
	// have the same slug.
	plainKey = regexp.MustCompile(`^(\$default|[A-Z]+ (/|(/[a-z0-9]+)+))$`)
	notWord  = regexp.MustCompile(`[^a-z0-9]+`)
)

// longestSlug keeps the statement IDs of permissions within AWS's limit.
const longestSlug = 32

// slug returns the part of resource names that identifies a route key:
// "get-sums" for "GET /sums". It appends a hash if other keys could have the
// same slug: "get-sums-id-c4e3f9" for "GET /sums/{id}".
func slug(key string) string {
	s := strings.Trim(notWord.ReplaceAllString(strings.ToLower(key), "-"), "-")
	if plainKey.MatchString(key) && len(s) <= longestSlug {
		return s
	}
	hash := sha256.Sum256([]byte(key))
	return strings.TrimRight(s[:min(len(s), longestSlug)], "-") + "-" + hex.EncodeToString(hash[:3])
}

// checkRoutes returns an error if there are no routes, and for each route with
// an invalid key, the same key or resource names as another, or an unsuitable
// function.
func (a *API) checkRoutes() error {
	if len(a.args.Routes) == 0 {
		return fmt.Errorf("API %s: Routes are required", a.name)
	}
	var errs []error
	keys := map[string]string{} // by slug
	for _, r := range a.args.Routes {
		other, taken := keys[slug(r.Key)]
		switch {
		case r.Key != defaultRoute && !routeKey.MatchString(r.Key):
			errs = append(errs, fmt.Errorf("route %q of API %s: its key must be $default, or a method (ANY, GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS) and a path, such as \"POST /add\"", r.Key, a.name))
			continue
		case taken && other == r.Key:
			errs = append(errs, fmt.Errorf("route %q of API %s: there is more than one route with this key", r.Key, a.name))
			continue
		case taken:
			errs = append(errs, fmt.Errorf("routes %q and %q of API %s: their resources would have the same names", other, r.Key, a.name))
			continue
		case r.Scopes != nil && a.open(r):
			errs = append(errs, fmt.Errorf("route %q of API %s: it cannot have Scopes, because OPTIONS routes of an API with CORSOrigins need no authorization", r.Key, a.name))
			continue
		case r.Function == nil:
			errs = append(errs, fmt.Errorf("route %q of API %s: Function is required", r.Key, a.name))
			continue
		case r.Function.env != a.env:
			errs = append(errs, fmt.Errorf("route %q of API %s: the API is in the environment %s and the function in %s", r.Key, a.name, a.env.name, r.Function.env.name))
		}
		keys[slug(r.Key)] = r.Key
		errs = append(errs, a.env.checkName("route", a.name+"-"+slug(r.Key), part{"statement ID", ""}))
	}
	return errors.Join(errs...)
}

// route creates a route after the permission to invoke its function, so that no
// request fails for lack of it.
func (a *API) route(r Route) error {
	integration, err := a.integration(r.Function)
	if err != nil {
		return err
	}
	name := a.name + "-" + slug(r.Key)
	permission, err := r.Function.invokeBy(name, "apigateway.amazonaws.com", pulumi.Sprintf("%s/*/%s", a.api.ExecutionArn, sourcePath(r.Key)), a, r.Options...)
	if err != nil {
		return err
	}
	auth := a.args.Auth
	if a.open(r) {
		auth = Auth{Type: "none"}
	}
	args := &apigatewayv2.RouteArgs{
		ApiId:               a.api.ID(),
		RouteKey:            pulumi.String(r.Key),
		Target:              pulumi.Sprintf("integrations/%s", integration.ID()),
		AuthorizationType:   pulumi.String(auth.routeType()),
		AuthorizationScopes: auth.Scopes,
	}
	if auth.Type == "jwt" {
		args.AuthorizerId = a.authorizer
	}
	if r.Scopes != nil {
		args.AuthorizationScopes = r.Scopes
	}
	opts := append([]pulumi.ResourceOption{pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{permission})}, r.Options...)
	route, err := apigatewayv2.NewRoute(a.env.ctx, a.env.child(name), args, opts...)
	a.routes = append(a.routes, route)
	return err
}

// sourcePath returns the end of the source ARN with which API Gateway invokes
// the function of a route: "POST/add", "*/files/{rest+}", "$default".
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func sourcePath(key string) string {
	method, path, _ := strings.Cut(key, " ")
	if method == "ANY" {
		method = "*"
	}
	return method + path
}

// integration returns the API's integration with a function. It creates the
// integration for the first route of the function.
func (a *API) integration(f *Function) (*apigatewayv2.Integration, error) {
	if integration, ok := a.integrations[f]; ok {
		return integration, nil
	}
	integration, err := apigatewayv2.NewIntegration(a.env.ctx, a.env.child(a.name+"-"+f.name), &apigatewayv2.IntegrationArgs{
		ApiId:                a.api.ID(),
		IntegrationType:      pulumi.String("AWS_PROXY"),
		IntegrationMethod:    pulumi.String("POST"), // Lambda requires POST, whatever the route's method
		IntegrationUri:       f.invokeARN,
		PayloadFormatVersion: pulumi.String("2.0"),
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	a.integrations[f] = integration
	return integration, nil
}
