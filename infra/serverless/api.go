package serverless

import (
	"errors"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// APIArgs describe an API.
type APIArgs struct {
	// Routes that the API has. Required.
	Routes []Route
	// Auth is how callers are authorized. Default: by IAM.
	Auth Auth
	// Throttle bounds the requests of all callers together.
	Throttle Throttle
	// CORSOrigins are the web origins whose pages may call the API, such as
	// "https://example.com", or "*" alone. Default: none.
	CORSOrigins pulumi.StringArrayInput
	// SlowMillis is the latency in milliseconds that raises an alarm if one in a
	// hundred requests exceeds it for three minutes. Default: 3000.
	SlowMillis pulumi.IntPtrInput
	// Domain is the API's own domain. Default: one of AWS's.
	Domain *Domain
}

// Throttle bounds requests. A route's throttle has the same defaults as the
// API's.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type Throttle struct {
	RatePerSecond pulumi.Float64PtrInput // requests per second, more than 0. Default: 50.
	Burst         pulumi.IntPtrInput     // requests at once, 1 or more. Default: 100.
}

// settings returns the rate and the burst of a throttle, checked.
func (t Throttle) settings(owner string) (pulumi.Float64Output, pulumi.IntOutput) {
	return rate(owner, "Throttle.RatePerSecond", t.RatePerSecond, 50), number(owner, "Throttle.Burst", t.Burst, limits{fallback: 100, min: 1})
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
	if args == nil {
		args = &APIArgs{}
	}
	a := &API{env: env, name: name, args: *args, integrations: map[*Function]*apigatewayv2.Integration{}}
	if err := errors.Join(env.checkName("API", name, part{"API", ""}), args.Auth.check(name, args.Routes), args.Domain.check(name), a.checkRoutes()); err != nil {
		return nil, err
	}
	if err := env.register("API", name, a, nil, opts); err != nil {
		return nil, err
	}
	api := &apigatewayv2.ApiArgs{ProtocolType: pulumi.String("HTTP"), CorsConfiguration: a.cors(), Tags: env.tags}
	if args.Domain != nil {
		api.DisableExecuteApiEndpoint = pulumi.Bool(true) // no way around the domain
	}
	var err error
	if a.api, err = apigatewayv2.NewApi(env.ctx, env.child(name), api, env.protected(a)...); err != nil {
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

// cors allows pages of the origins to send JSON and tokens with the methods of
// the routes.
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
	return apigatewayv2.ApiCorsConfigurationArgs{
		AllowOrigins: a.args.CORSOrigins,
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
	slow := number("API "+a.name, "SlowMillis", a.args.SlowMillis, limits{fallback: 3000, min: 1})
	return a.env.watch(a.env.child(a.name), a,
		alarm{name: "5xx", metric: failed, atLeast: pulumi.Float64(1),
			meaning: pulumi.String("The API " + a.name + " answered a request with a status from 500 up: its access log names the route and the reason.")},
		alarm{name: "latency", metric: slowest, atLeast: scaled(slow, 1), minutes: 3,
			meaning: pulumi.Sprintf("The API %s took longer than %d ms for one in a hundred requests, three minutes long: find what is slow in its traces.", a.name, slow)})
}
