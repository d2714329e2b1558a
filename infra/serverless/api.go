package serverless

import (
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

// API is an API Gateway HTTP API. Its one stage is $default, so its paths start
// at the root of its URL.
type API struct {
	pulumi.ResourceState

	URL pulumi.StringOutput // "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/"

	ctx          *pulumi.Context
	name         string
	api          *apigatewayv2.Api
	integrations map[*Function]*apigatewayv2.Integration
}

// NewAPI creates an API without routes.
func NewAPI(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*API, error) {
	a := &API{ctx: ctx, name: name, integrations: map[*Function]*apigatewayv2.Integration{}}
	err := ctx.RegisterComponentResource("tally:serverless:API", name, a, opts...)
	if err != nil {
		return nil, err
	}
	a.api, err = apigatewayv2.NewApi(ctx, name, &apigatewayv2.ApiArgs{
		ProtocolType: pulumi.String("HTTP"),
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	stage, err := apigatewayv2.NewStage(ctx, name, &apigatewayv2.StageArgs{
		ApiId:      a.api.ID(),
		Name:       pulumi.String("$default"),
		AutoDeploy: pulumi.Bool(true),
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	a.URL = stage.InvokeUrl
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"url": a.URL})
}

// Route answers requests that match the key with the function. A key is a
// method and a path, "GET /sums/{id}"; "ANY" stands for every method and a last
// "{rest+}" for the rest of the path. An HTTP API waits 30 seconds at most.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func (a *API) Route(key string, f *Function) error {
	match := routeKey.FindStringSubmatch(key)
	if match == nil {
		return fmt.Errorf("route %q of API %s: must be a method in capitals and a path, such as \"POST /add\"", key, a.name)
	}
	method, path := match[1], match[2]
	if method == "ANY" {
		method = "*" // as permissions spell it
	}
	integration, err := a.integration(f)
	if err != nil {
		return err
	}
	name := a.name + "-" + slug(key)
	permission, err := f.invokeBy(name, "apigateway.amazonaws.com",
		pulumi.Sprintf("%s/*/%s%s", a.api.ExecutionArn, method, path), pulumi.Parent(a))
	if err != nil {
		return err
	}
	_, err = apigatewayv2.NewRoute(a.ctx, name, &apigatewayv2.RouteArgs{
		ApiId:    a.api.ID(),
		RouteKey: pulumi.String(key),
		Target:   pulumi.Sprintf("integrations/%s", integration.ID()),
	}, pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{permission}))
	return err
}

// integration is the function's, made with its first route.
func (a *API) integration(f *Function) (*apigatewayv2.Integration, error) {
	if integration, ok := a.integrations[f]; ok {
		return integration, nil
	}
	integration, err := apigatewayv2.NewIntegration(a.ctx, a.name+"-"+f.name, &apigatewayv2.IntegrationArgs{
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

// slug makes a resource name of a route key: "get-sums-id" of "GET /sums/{id}".
func slug(key string) string {
	return strings.Trim(notWord.ReplaceAllString(strings.ToLower(key), "-"), "-")
}
