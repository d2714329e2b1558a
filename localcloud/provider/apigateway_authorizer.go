package provider

import (
	"context"

	"tally/localcloud/httpapi"
	"tally/localcloud/provider/schema"
)

func authorizer(service *httpapi.Service) *Resource {
	live := func(a httpapi.Authorizer) map[string]any {
		return map[string]any{
			"apiId": a.APIID, "name": a.Name, "authorizerType": a.Type, "identitySources": a.IdentitySources,
			"jwtConfiguration": map[string]any{"issuer": a.Issuer, "audiences": a.Audience},
		}
	}
	wanted := func(id string, in schema.Values) httpapi.Authorizer {
		jwt := in.Object("jwtConfiguration")
		return httpapi.Authorizer{
			ID: id, APIID: in.String("apiId"), Name: in.String("name"), Type: in.String("authorizerType"),
			IdentitySources: in.Strings("identitySources"), Issuer: jwt.String("issuer"), Audience: jwt.Strings("audiences"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:apigatewayv2/authorizer:Authorizer", Noun: "API Gateway v2 Authorizer",
			Inputs: []schema.Property{
				{Name: "apiId", Required: true, ForceNew: true},
				{Name: "name", AutoName: 128, Check: text(httpapi.CheckName)},
				{Name: "authorizerType", Required: true, Check: text(httpapi.CheckAuthorizerType)},
				{Name: "identitySources", Kind: schema.List, Required: true, Check: texts(httpapi.CheckIdentitySources)},
				{Name: "jwtConfiguration", Kind: schema.Object, Required: true, Properties: []schema.Property{
					{Name: "issuer", Required: true, Check: text(httpapi.CheckIssuer)},
					{Name: "audiences", Kind: schema.List, Required: true, Check: texts(httpapi.CheckAudience)}}},
			},
			Unsupported: []string{
				"authorizerCredentialsArn", "authorizerPayloadFormatVersion", "authorizerResultTtlInSeconds", "authorizerUri",
				"enableSimpleResponses",
			},
		},
		ID: func(schema.Values) string { return httpapi.NewID(6) },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			a, err := service.CreateAuthorizer(wanted(plannedID(ctx), in))
			return a.ID, live(a), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			apiID, id, err := partOf(id, state)
			if err != nil {
				return "", nil, err
			}
			a, err := service.Authorizer(apiID, id)
			return a.ID, live(a), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			a, err := service.UpdateAuthorizer(wanted(id, in))
			return live(a), err
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			return service.DeleteAuthorizer(state.String("apiId"), id)
		},
	}
}
