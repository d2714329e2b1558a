package provider

import (
	"context"

	"tally/local/cloud"
	"tally/local/httpapi"
	"tally/local/provider/schema"
)

func api(place cloud.Place, service *httpapi.Service) *Resource {
	live := func(a httpapi.API) map[string]any {
		return map[string]any{
			"name": a.Name, "description": orNil(a.Description), "protocolType": a.ProtocolType, "tagsAll": a.Tags,
			"apiEndpoint": a.Endpoint(), "arn": apiARN(place, a.ID, ""), "executionArn": executionARN(place, a.ID),
		}
	}
	asked := func(id string, in schema.Values) httpapi.API {
		return httpapi.API{
			ID: id, Name: in.String("name"), Description: in.String("description"), ProtocolType: in.String("protocolType"),
			Tags: in.Map("tagsAll"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:apigatewayv2/api:Api", Noun: "API Gateway v2 API",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 128},
				{Name: "protocolType", Required: true, ForceNew: true, Check: oneOf("HTTP")},
				{Name: "description"},
				{Name: "apiKeySelectionExpression", Default: "$request.header.x-api-key", Check: oneOf("$request.header.x-api-key")},
				{Name: "routeSelectionExpression", Default: "$request.method $request.path", Check: oneOf("$request.method $request.path")},
				schema.TagProperty(),
			},
			Outputs: []schema.Output{{Name: "apiEndpoint"}, {Name: "arn"}, {Name: "executionArn"}, schema.TagOutput()},
			Unsupported: []string{
				"body", "corsConfiguration", "credentialsArn", "disableExecuteApiEndpoint", "failOnWarnings", "ipAddressType",
				"routeKey", "target", "version",
			},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			a, err := service.CreateAPI(asked("", in))
			return a.ID, live(a), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			a, err := service.API(id)
			return a.ID, live(a), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			a, err := service.UpdateAPI(asked(id, in))
			return live(a), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteAPI(id) },
	}
}

// apiARN names an API, or with "/stages/NAME" a part of it, for API Gateway's
// own actions. It has no account.
func apiARN(place cloud.Place, api, part string) string {
	return cloud.ARN{Partition: "aws", Service: "apigateway", Region: place.Region, Resource: "/apis/" + api + part}.String()
}

// executionARN names what is called: permissions append "/STAGE/METHOD/path".
func executionARN(place cloud.Place, resource string) string {
	return place.ARN("execute-api", resource).String()
}
