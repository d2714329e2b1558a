package serverless

import (
	"errors"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// APIArgs are the arguments of NewAPI.
type APIArgs struct {
	// Routes are the API's routes, at least one. Required.
	Routes []Route
	// Auth determines how callers are authorized. Default: by IAM.
	Auth Auth
	// Throttle limits the requests of all callers together.
	Throttle Throttle
	// CORSOrigins are the web origins whose pages may call the API, such as
	// "https://example.com", or "*" alone. Default: none.
	//
	// API Gateway responds to the preflight requests of browsers, unless they match a
	// route: $default, one for ANY method, or one for OPTIONS. Its function then
	// receives them, and must respond with a status from 200 to 299; API Gateway adds
	// the CORS headers. Preflight requests carry no credentials, so OPTIONS routes need
	// no authorization, and such a route is added beside each $default and ANY route.
	CORSOrigins pulumi.StringArrayInput
	// CORSRequestHeaders are headers that pages of the CORSOrigins may send, in lowercase
	// letters, in addition to content-type and what authorizes a request. Default: none.
	CORSRequestHeaders []string
	// CORSResponseHeaders are headers that those pages may read, in lowercase letters, in
	// addition to those that browsers always allow. Default: none.
	//
	// https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Expose-Headers
	CORSResponseHeaders []string
	// SlowMillis is the latency in milliseconds that raises an alarm if 1% of
	// the requests reach it in each of three consecutive minutes, 1 or more.
	// Default: 3000.
	SlowMillis pulumi.IntPtrInput
	// Domain is the API's custom domain. Default: none, for a URL of API
	// Gateway.
	Domain *Domain
}

// Throttle limits requests. A route's throttle has the same defaults as the
// API's.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type Throttle struct {
	RatePerSecond pulumi.Float64PtrInput // requests per second, more than 0. Default: 50.
	Burst         pulumi.IntPtrInput     // requests in a burst, 1 or more. Default: 100.
}

// settings checks the rate and the burst and adds their defaults. owner names
// what they apply to in errors.
func (t Throttle) settings(owner string) (pulumi.Float64Output, pulumi.IntOutput) {
	return rate(owner, "Throttle.RatePerSecond", t.RatePerSecond, 50), number(owner, "Throttle.Burst", t.Burst, limits{fallback: 100, min: 1})
}

// API is an HTTP API of API Gateway. Its only stage is $default, so its paths
// start at the root of its URL.
type API struct {
	pulumi.ResourceState

	URL pulumi.StringOutput // "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/"

	env          *Environment
	name         string
	args         APIArgs
	api          *apigatewayv2.Api
	authorizer   pulumi.StringPtrInput // the authorizer's ID; nil if there is none
	integrations map[*Function]*apigatewayv2.Integration
	routes       []pulumi.Resource
}

// NewAPI creates the API, its routes, and then the stage that serves them.
func NewAPI(env *Environment, name string, args *APIArgs, opts ...pulumi.ResourceOption) (*API, error) {
	if args == nil {
		args = &APIArgs{}
	}
	a := &API{env: env, name: name, args: *args, integrations: map[*Function]*apigatewayv2.Integration{}}
	a.args.Routes = slices.Concat(args.Routes, a.preflightRoutes())
	if err := errors.Join(env.checkName("API", name, part{"API", ""}), args.Auth.check(name, args.Routes), args.Domain.check(name), a.checkRoutes()); err != nil {
		return nil, err
	}
	if err := env.register("API", name, a, nil, opts); err != nil {
		return nil, err
	}
	api := &apigatewayv2.ApiArgs{ProtocolType: pulumi.String("HTTP"), CorsConfiguration: a.cors(), Tags: env.tags}
	if args.Domain != nil {
		api.DisableExecuteApiEndpoint = pulumi.Bool(true) // the custom domain is the only endpoint
	}
	var err error
	if a.api, err = apigatewayv2.NewApi(env.ctx, env.child(name), api, env.protected(a)...); err != nil {
		return nil, err
	}
	if err := a.authorize(); err != nil {
		return nil, err
	}
	for _, r := range a.args.Routes {
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

// preflightRoutes returns the routes for the preflight requests that $default and ANY
// routes with authorization would otherwise refuse.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html#http-api-cors-default-route
func (a *API) preflightRoutes() (added []Route) {
	if a.args.CORSOrigins == nil || a.args.Auth.Type == "none" {
		return nil
	}
	for _, r := range a.args.Routes {
		var paths []string
		if path, anyMethod := strings.CutPrefix(r.Key, "ANY "); anyMethod {
			paths = []string{path}
		} else if r.Key == defaultRoute {
			paths = []string{"/", "/{proxy+}"} // the variable does not match an empty path
		}
		for _, path := range paths {
			key := optionsMethod + path
			if !slices.ContainsFunc(slices.Concat(a.args.Routes, added), func(r Route) bool { return r.Key == key }) {
				added = append(added, Route{Key: key, Function: r.Function, Options: r.Options})
			}
		}
	}
	return added
}

// open reports whether a route needs no authorization because it is for preflight
// requests.
func (a *API) open(r Route) bool {
	return a.args.CORSOrigins != nil && strings.HasPrefix(r.Key, optionsMethod)
}

// cors allows pages of the CORS origins to send JSON, and what authorizes them, with
// the methods of the routes.
func (a *API) cors() apigatewayv2.ApiCorsConfigurationPtrInput {
	if a.args.CORSOrigins == nil {
		return nil
	}
	var methods []string
	for _, r := range a.args.Routes {
		method, _, _ := strings.Cut(r.Key, " ")
		if method == "ANY" || method == defaultRoute {
			methods = []string{"*"}
			break
		}
		methods = append(methods, method)
	}
	cors := apigatewayv2.ApiCorsConfigurationArgs{
		AllowOrigins: a.args.CORSOrigins,
		AllowMethods: pulumi.ToStringArray(distinct(methods)),
		AllowHeaders: pulumi.ToStringArray(slices.Concat([]string{"content-type"}, a.args.Auth.headers(), a.args.CORSRequestHeaders)),
		MaxAge:       pulumi.Int(600),
	}
	if len(a.args.CORSResponseHeaders) > 0 {
		cors.ExposeHeaders = pulumi.ToStringArray(a.args.CORSResponseHeaders)
	}
	return cors
}

// watch creates the API's alarms and graphs. The alarms are raised if requests
// fail or are slow.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
func (a *API) watch(stage *apigatewayv2.Stage) error {
	count := func(name, statistic string) metric {
		return metric{"AWS/ApiGateway", name, statistic, pulumi.StringMap{"ApiId": a.api.ID().ToStringOutput(), "Stage": stage.Name}}
	}
	failed, slowest := count("5xx", "Sum"), count("Latency", "p99")
	a.env.show(a.name+": requests", count("Count", "Sum"), count("4xx", "Sum"), failed)
	a.env.show(a.name+": milliseconds", count("Latency", "p50"), slowest)
	slow := number("API "+a.name, "SlowMillis", a.args.SlowMillis, limits{fallback: 3000, min: 1})
	return a.env.watch("api", a.env.child(a.name), a,
		alarm{name: "5xx", metric: failed, atLeast: pulumi.Float64(1),
			meaning: pulumi.String("The API " + a.name + " responded to a request with a status of 500 or above: its access log contains the route and the reason.")},
		alarm{name: "latency", metric: slowest, atLeast: scaled(slow, 1), minutes: 3,
			meaning: pulumi.Sprintf("The API %s took %d ms or longer for 1%% of the requests, for three minutes: find the slow part in the traces.", a.name, slow)})
}
