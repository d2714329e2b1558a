package provider

import (
	"context"

	"tally/localcloud/httpapi"
	"tally/localcloud/provider/schema"
)

func integration(service *httpapi.Service) *Resource {
	live := func(i httpapi.Integration) map[string]any {
		return map[string]any{
			"apiId": i.APIID, "integrationType": i.Type, "integrationUri": i.URI, "integrationMethod": i.Method,
			"payloadFormatVersion": i.PayloadFormatVersion, "description": orNil(i.Description), "timeoutMilliseconds": i.TimeoutMillis,
		}
	}
	wanted := func(id string, in schema.Values) httpapi.Integration {
		return httpapi.Integration{
			ID: id, APIID: in.String("apiId"), Type: in.String("integrationType"), URI: in.String("integrationUri"),
			Method: in.String("integrationMethod"), PayloadFormatVersion: in.String("payloadFormatVersion"),
			Description: in.String("description"), TimeoutMillis: in.Int("timeoutMilliseconds"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:apigatewayv2/integration:Integration", Noun: "API Gateway v2 Integration",
			Inputs: []schema.Property{
				{Name: "apiId", Required: true, ForceNew: true},
				{Name: "integrationType", Required: true, ForceNew: true, Check: text(httpapi.CheckIntegrationType)},
				{Name: "integrationUri", Required: true, Check: text(httpapi.CheckIntegrationURI)},
				{Name: "integrationMethod", Computed: true, Check: text(httpapi.CheckIntegrationMethod)},
				// The real provider's default, 1.0, is refused: programs must set 2.0.
				{Name: "payloadFormatVersion", Default: "1.0", Check: text(httpapi.CheckPayloadFormatVersion)},
				{Name: "connectionType", Default: "INTERNET", Check: oneOf("INTERNET")},
				{Name: "description", Check: text(httpapi.CheckDescription)},
				{Name: "timeoutMilliseconds", Kind: schema.Int, Computed: true, Check: whole(httpapi.CheckTimeoutMillis)},
			},
			Unsupported: []string{
				"connectionId", "contentHandlingStrategy", "credentialsArn", "integrationResponseSelectionExpression",
				"integrationSubtype", "passthroughBehavior", "requestParameters", "requestTemplates", "responseParameters",
				"templateSelectionExpression", "tlsConfig",
			},
		},
		ID: func(schema.Values) string { return httpapi.NewID(7) },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			i, err := service.CreateIntegration(wanted(plannedID(ctx), in))
			return i.ID, live(i), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			apiID, id, err := partOf(id, state)
			if err != nil {
				return "", nil, err
			}
			i, err := service.Integration(apiID, id)
			return i.ID, live(i), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			i, err := service.UpdateIntegration(wanted(id, in))
			return live(i), err
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			return service.DeleteIntegration(state.String("apiId"), id)
		},
	}
}
