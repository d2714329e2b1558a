package serverless

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var (
	routeKey = regexp.MustCompile(`^(ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/\S*)$`)
	notWord  = regexp.MustCompile(`[^a-z0-9]+`)
)

// APIArgs describe an API.
type APIArgs struct {
	// Routes are what the API answers. Required.
	Routes []Route
	// Auth says who may call. Default: principals of AWS that IAM lets.
	Auth Auth
	// Throttle bounds the requests of all callers together. Default 50 a second,
	// 100 at once.
	Throttle Throttle
	// CORSOrigins are the web origins whose pages may call, such as
	// "https://example.com", or "*" alone. Default none.
	CORSOrigins []string
	// SlowMillis is the latency that no more than one in a hundred requests may
	// have for three minutes, in milliseconds. Default 3000.
	SlowMillis int
	// Domain is the API's own. Default: one of AWS's.
	Domain *Domain
}

// Route answers the requests of one method and path with a function.
type Route struct {
	// Key is a method and a path, "GET /sums/{id}"; "ANY" stands for every method
	// and a last "{rest+}" for the rest of the path.
	//
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
	Key string
	// Function answers. An HTTP API waits 30 seconds at most.
	Function *Function
	// Scopes of which a token must have one. Default those of the API's Auth.
	Scopes []string
	// Throttle bounds this route. Default: the API's.
	Throttle *Throttle
}

// Throttle bounds requests: so many a second, and so many at once.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type Throttle struct {
	RatePerSecond float64
	Burst         int
}

// API is an API Gateway HTTP API. Its one stage is $default, so its paths start
// at the root of its URL.
type API struct {
	pulumi.ResourceState

	URL pulumi.StringOutput // "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/"

	env          *Environment
	name         string
	args         APIArgs
	api          *apigatewayv2.Api
	authorizer   pulumi.StringPtrInput // its ID; nil without one
	integrations map[*Function]*apigatewayv2.Integration
	routes       []pulumi.Resource
}

// NewAPI creates the API, its routes, and then the stage that serves them.
func NewAPI(env *Environment, name string, args *APIArgs, opts ...pulumi.ResourceOption) (*API, error) {
	a := &API{env: env, name: name, args: *args, integrations: map[*Function]*apigatewayv2.Integration{}}
	if err := errors.Join(checkName("API", name, longestAPI), args.Auth.check(name, args.Routes)); err != nil {
		return nil, err
	}
	if err := env.register("API", name, a, opts...); err != nil {
		return nil, err
	}
	api := &apigatewayv2.ApiArgs{ProtocolType: pulumi.String("HTTP"), CorsConfiguration: a.cors()}
	if args.Domain != nil {
		api.DisableExecuteApiEndpoint = pulumi.Bool(true) // the domain's is the only way in
	}
	var err error
	if a.api, err = apigatewayv2.NewApi(env.ctx, name, api, env.keep(a)...); err != nil {
		return nil, err
	}
	if err := a.authorize(); err != nil {
		return nil, err
	}
	for _, r := range args.Routes {
		if err := a.route(r); err != nil {
			return nil, err
		}
	}
	stage, err := a.stage()
	if err != nil {
		return nil, err
	}
	a.URL = stage.InvokeUrl
	if err := a.serve(stage); err != nil {
		return nil, err
	}
	if err := a.watch(stage); err != nil {
		return nil, err
	}
	return a, env.ctx.RegisterResourceOutputs(a, pulumi.Map{"url": a.URL})
}

// route creates the permission first, so that the API never calls in vain.
func (a *API) route(r Route) error {
	match := routeKey.FindStringSubmatch(r.Key)
	if match == nil {
		return fmt.Errorf("route %q of API %s: must be a method in capitals and a path, such as \"POST /add\"", r.Key, a.name)
	}
	method, path := match[1], match[2]
	if method == "ANY" {
		method = "*" // as permissions spell it
	}
	integration, err := a.integration(r.Function)
	if err != nil {
		return err
	}
	name := a.name + "-" + slug(r.Key)
	permission, err := r.Function.invokeBy(name, "apigateway.amazonaws.com",
		pulumi.Sprintf("%s/*/%s%s", a.api.ExecutionArn, method, path), pulumi.Parent(a))
	if err != nil {
		return err
	}
	args := &apigatewayv2.RouteArgs{
		ApiId:             a.api.ID(),
		RouteKey:          pulumi.String(r.Key),
		Target:            pulumi.Sprintf("integrations/%s", integration.ID()),
		AuthorizationType: pulumi.String(a.args.Auth.routeType()),
		AuthorizerId:      a.authorizer,
	}
	switch {
	case len(r.Scopes) > 0:
		args.AuthorizationScopes = pulumi.ToStringArray(r.Scopes)
	case len(a.args.Auth.Scopes) > 0:
		args.AuthorizationScopes = pulumi.ToStringArray(a.args.Auth.Scopes)
	}
	route, err := apigatewayv2.NewRoute(a.env.ctx, name, args, pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{permission}))
	a.routes = append(a.routes, route)
	return err
}

// integration is the function's, made with its first route.
func (a *API) integration(f *Function) (*apigatewayv2.Integration, error) {
	if integration, ok := a.integrations[f]; ok {
		return integration, nil
	}
	integration, err := apigatewayv2.NewIntegration(a.env.ctx, a.name+"-"+f.name, &apigatewayv2.IntegrationArgs{
		ApiId:                a.api.ID(),
		IntegrationType:      pulumi.String("AWS_PROXY"),
		IntegrationMethod:    pulumi.String("POST"), // how Lambda is called, whatever the route's method
		IntegrationUri:       f.invokeARN,
		PayloadFormatVersion: pulumi.String("2.0"),
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	a.integrations[f] = integration
	return integration, nil
}

// cors lets pages of the origins send JSON and tokens with the methods of the
// routes.
func (a *API) cors() apigatewayv2.ApiCorsConfigurationPtrInput {
	if len(a.args.CORSOrigins) == 0 {
		return nil
	}
	var methods []string
	for _, r := range a.args.Routes {
		method, _, _ := strings.Cut(r.Key, " ")
		methods = append(methods, strings.Replace(method, "ANY", "*", 1))
	}
	return apigatewayv2.ApiCorsConfigurationArgs{
		AllowOrigins: pulumi.ToStringArray(a.args.CORSOrigins),
		AllowMethods: pulumi.ToStringArray(distinct(methods)),
		AllowHeaders: pulumi.ToStringArray([]string{"authorization", "content-type"}),
		MaxAge:       pulumi.Int(600),
	}
}

// watch raises an alarm when requests fail or are slow.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
func (a *API) watch(stage *apigatewayv2.Stage) error {
	count := func(name, statistic string) metric {
		return metric{"AWS/ApiGateway", name, statistic, pulumi.StringMap{"ApiId": a.api.ID().ToStringOutput(), "Stage": stage.Name}}
	}
	failed, slowest := count("5xx", "Sum"), count("Latency", "p99")
	a.env.show(a.name+": requests", count("Count", "Sum"), count("4xx", "Sum"), failed)
	a.env.show(a.name+": milliseconds", count("Latency", "p50"), slowest)
	slow := cmp.Or(a.args.SlowMillis, 3000)
	return a.env.watch(a.name, a,
		alarm{name: "5xx", metric: failed, atLeast: 1,
			meaning: "The API " + a.name + " answered a request with a status from 500 up: its access log names the route and the reason."},
		alarm{name: "latency", metric: slowest, atLeast: float64(slow), minutes: 3,
			meaning: fmt.Sprintf("The API %s took longer than %d ms for one in a hundred requests, three minutes long: find what is slow in its traces.", a.name, slow)})
}

// slug makes a resource name of a route key: "get-sums-id" of "GET /sums/{id}".
func slug(key string) string {
	return strings.Trim(notWord.ReplaceAllString(strings.ToLower(key), "-"), "-")
}
