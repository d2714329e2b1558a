package provider

import (
	"context"

	"tally/localcloud/httpapi"
	"tally/localcloud/provider/schema"
)

func route(service *httpapi.Service) *Resource {
	live := func(r httpapi.Route) map[string]any {
		return map[string]any{
			"apiId": r.APIID, "routeKey": r.Key, "target": r.Target, "authorizationType": r.AuthorizationType,
			"authorizerId": orNil(r.AuthorizerID), "authorizationScopes": orNilList(r.Scopes), "operationName": orNil(r.OperationName),
		}
	}
	wanted := func(id string, in schema.Values) httpapi.Route {
		return httpapi.Route{
			ID: id, APIID: in.String("apiId"), Key: in.String("routeKey"), Target: in.String("target"),
			AuthorizationType: in.String("authorizationType"), AuthorizerID: in.String("authorizerId"),
			Scopes: in.Strings("authorizationScopes"), OperationName: in.String("operationName"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:apigatewayv2/route:Route", Noun: "API Gateway v2 Route",
			Inputs: []schema.Property{
				{Name: "apiId", Required: true, ForceNew: true},
				{Name: "routeKey", Required: true, Check: text(httpapi.CheckRouteKey)},
				{Name: "target", Required: true, Check: text(httpapi.CheckTarget)}, // a route without one serves nothing
				{Name: "authorizationType", Default: "NONE", Check: text(httpapi.CheckAuthorizationType)},
				{Name: "authorizerId"},
				{Name: "authorizationScopes", Kind: schema.List, Check: texts(httpapi.CheckScopes)},
				{Name: "apiKeyRequired", Kind: schema.Bool, Default: false, Check: off("API keys are supported only for WebSocket APIs")},
				{Name: "operationName", Check: text(httpapi.CheckOperationName)},
			},
			Unsupported: []string{
				"modelSelectionExpression", "requestModels", "requestParameters", "routeResponseSelectionExpression",
			},
			Together: func(in schema.Values, fail schema.Fail) {
				if !in.Has("authorizationType") {
					return // not known yet
				}
				err := httpapi.CheckAuthorization(in.String("authorizationType"), in.Given("authorizerId"), in.Given("authorizationScopes"))
				if err != nil {
					fail("authorizationType", "%s", err)
				}
			},
		},
		ID: func(schema.Values) string { return httpapi.NewID(7) },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			r, err := service.CreateRoute(wanted(plannedID(ctx), in))
			return r.ID, live(r), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			apiID, id, err := partOf(id, state)
			if err != nil {
				return "", nil, err
			}
			r, err := service.Route(apiID, id)
			return r.ID, live(r), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			r, err := service.UpdateRoute(wanted(id, in))
			return live(r), err
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			return service.DeleteRoute(state.String("apiId"), id)
		},
	}
}
