package provider

import (
	"context"

	"tally/localcloud/cloud"
	"tally/localcloud/httpapi"
	"tally/localcloud/provider/schema"
)

func api(place cloud.Place, service *httpapi.Service) *Resource {
	live := func(a httpapi.API) map[string]any {
		return map[string]any{
			"name": a.Name, "description": orNil(a.Description), "protocolType": a.ProtocolType, "tagsAll": a.Tags,
			"corsConfiguration": liveCORS(a.CORS), "disableExecuteApiEndpoint": orNil(a.DisableExecuteAPIEndpoint),
			"apiEndpoint": a.Endpoint(), "arn": apiARN(place, a.ID, ""), "executionArn": executionARN(place, a.ID),
		}
	}
	wanted := func(id string, in schema.Values) httpapi.API {
		return httpapi.API{
			ID: id, Name: in.String("name"), Description: in.String("description"), ProtocolType: in.String("protocolType"),
			Tags: in.Map("tagsAll"), CORS: corsOf(in), DisableExecuteAPIEndpoint: in.Bool("disableExecuteApiEndpoint"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:apigatewayv2/api:Api", Noun: "API Gateway v2 API",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 128, Check: text(httpapi.CheckName)},
				{Name: "protocolType", Required: true, ForceNew: true, Check: text(httpapi.CheckProtocolType)},
				{Name: "description", Check: text(httpapi.CheckDescription)},
				{Name: "apiKeySelectionExpression", Default: "$request.header.x-api-key", Check: oneOf("$request.header.x-api-key")},
				{Name: "routeSelectionExpression", Default: "$request.method $request.path", Check: oneOf("$request.method $request.path")},
				{Name: "corsConfiguration", Kind: schema.Object, Properties: []schema.Property{
					{Name: "allowCredentials", Kind: schema.Bool},
					{Name: "allowHeaders", Kind: schema.List},
					{Name: "allowMethods", Kind: schema.List},
					{Name: "allowOrigins", Kind: schema.List},
					{Name: "exposeHeaders", Kind: schema.List},
					{Name: "maxAge", Kind: schema.Int}}},
				{Name: "disableExecuteApiEndpoint", Kind: schema.Bool},
				tagged(httpapi.CheckTags),
			},
			Outputs: []schema.Output{{Name: "apiEndpoint"}, {Name: "arn"}, {Name: "executionArn"}, schema.TagOutput()},
			Unsupported: []string{
				"body", "credentialsArn", "failOnWarnings", "ipAddressType", "routeKey", "target", "version",
			},
			Together: func(in schema.Values, fail schema.Fail) {
				if err := httpapi.CheckCORS(corsOf(in)); err != nil {
					fail("corsConfiguration", "%s", err)
				}
			},
		},
		ID: func(schema.Values) string { return httpapi.NewID(10) },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			a, err := service.CreateAPI(wanted(plannedID(ctx), in))
			return a.ID, live(a), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			a, err := service.API(id)
			return a.ID, live(a), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			a, err := service.UpdateAPI(wanted(id, in))
			return live(a), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteAPI(id) },
	}
}

func corsOf(in schema.Values) *httpapi.CORS {
	if !in.Given("corsConfiguration") {
		return nil
	}
	c := in.Object("corsConfiguration")
	return &httpapi.CORS{
		AllowOrigins: c.Strings("allowOrigins"), AllowMethods: c.Strings("allowMethods"), AllowHeaders: c.Strings("allowHeaders"),
		ExposeHeaders: c.Strings("exposeHeaders"), AllowCredentials: c.Bool("allowCredentials"), MaxAgeSeconds: c.Int("maxAge"),
	}
}

func liveCORS(c *httpapi.CORS) any {
	if c == nil {
		return nil
	}
	return map[string]any{
		"allowOrigins": c.AllowOrigins, "allowMethods": c.AllowMethods, "allowHeaders": c.AllowHeaders,
		"exposeHeaders": c.ExposeHeaders, "allowCredentials": c.AllowCredentials, "maxAge": c.MaxAgeSeconds,
	}
}

// apiARN returns the ARN of an API or, given a path such as "/stages/NAME", of a
// part of it, for API Gateway's own actions. It contains no account.
func apiARN(place cloud.Place, api, part string) string {
	return cloud.ARN{Partition: "aws", Service: "apigateway", Region: place.Region, Resource: "/apis/" + api + part}.String()
}

// executionARN returns the ARN for calls to an API, to which permissions append
// "/STAGE/METHOD/path".
func executionARN(place cloud.Place, resource string) string {
	return place.ARN("execute-api", resource).String()
}
