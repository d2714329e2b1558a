package provider

import (
	"context"

	"tally/localcloud/cloud"
	"tally/localcloud/httpapi"
	"tally/localcloud/provider/schema"
)

// stage returns the type of the stages of APIs. Their ID is their name.
func stage(place cloud.Place, service *httpapi.Service) *Resource {
	live := func(s httpapi.Stage, like schema.Values) (map[string]any, error) {
		a, err := service.API(s.APIID)
		if err != nil {
			return nil, err
		}
		url := a.Endpoint() + "/"
		if s.Name != "$default" {
			url += s.Name
		}
		return map[string]any{
			"apiId": s.APIID, "name": s.Name, "description": orNil(s.Description), "autoDeploy": s.AutoDeploy,
			"defaultRouteSettings": liveDefaultSettings(s.DefaultRouteSettings), "routeSettings": liveSettings(s.RouteSettings, like),
			"accessLogSettings": liveAccessLog(s.AccessLog),
			"stageVariables":    orNilMap(s.Variables), "tagsAll": s.Tags, "invokeUrl": url,
			"arn": apiARN(place, s.APIID, "/stages/"+s.Name), "executionArn": executionARN(place, s.APIID+"/"+s.Name),
		}, nil
	}
	wanted := func(in schema.Values) httpapi.Stage {
		return httpapi.Stage{
			APIID: in.String("apiId"), Name: in.String("name"), Description: in.String("description"), AutoDeploy: in.Bool("autoDeploy"),
			Variables: in.Map("stageVariables"), Tags: in.Map("tagsAll"),
			DefaultRouteSettings: defaultSettingsOf(in), RouteSettings: settingsOf(in), AccessLog: accessLogOf(in),
		}
	}
	return &Resource{
		Type: stageType(place),
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			s, err := service.CreateStage(wanted(in))
			if err != nil {
				return "", nil, err
			}
			state, err := live(s, in)
			return s.Name, state, err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			apiID, name, err := partOf(id, state)
			if err != nil {
				return "", nil, err
			}
			s, err := service.Stage(apiID, name)
			if err != nil {
				return "", nil, err
			}
			found, err := live(s, state)
			return s.Name, found, err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			s, err := service.UpdateStage(wanted(in))
			if err != nil {
				return nil, err
			}
			return live(s, in)
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			return service.DeleteStage(state.String("apiId"), id)
		},
	}
}

func stageType(place cloud.Place) schema.Type {
	limits := []schema.Property{
		{Name: "throttlingBurstLimit", Kind: schema.Int, Check: whole(httpapi.CheckBurstLimit)},
		{Name: "throttlingRateLimit", Kind: schema.Float, Check: number(httpapi.CheckRateLimit)},
		{Name: "detailedMetricsEnabled", Kind: schema.Bool},
	}
	webSocketOnly := []string{"dataTraceEnabled", "loggingLevel"}
	return schema.Type{
		Token: "aws:apigatewayv2/stage:Stage", Noun: "API Gateway v2 Stage",
		Inputs: []schema.Property{
			{Name: "apiId", Required: true, ForceNew: true},
			{Name: "name", AutoName: 128, ForceNew: true, Check: text(httpapi.CheckStageName)},
			// The real provider's default, false, is refused: there are no deployments.
			{Name: "autoDeploy", Kind: schema.Bool, Default: false, Check: flag(httpapi.CheckAutoDeploy)},
			{Name: "description", Check: text(httpapi.CheckDescription)},
			{Name: "stageVariables", Kind: schema.Map},
			{Name: "defaultRouteSettings", Kind: schema.Object, Properties: limits, Unsupported: webSocketOnly},
			{Name: "routeSettings", Kind: schema.Objects, Unsupported: webSocketOnly,
				Properties: append([]schema.Property{{Name: "routeKey", Required: true}}, limits...)},
			{Name: "accessLogSettings", Kind: schema.Object, Properties: []schema.Property{
				{Name: "destinationArn", Required: true, Check: text(func(arn string) error {
					return httpapi.CheckAccessLogDestination(place, arn)
				})},
				{Name: "format", Required: true, Check: text(httpapi.CheckAccessLogFormat)}}},
			tagged(httpapi.CheckTags),
		},
		Outputs:     []schema.Output{{Name: "arn"}, {Name: "executionArn"}, {Name: "invokeUrl"}, schema.TagOutput()},
		Unsupported: []string{"clientCertificateId", "deploymentId"},
		Together: func(in schema.Values, fail schema.Fail) { // a Check would receive empty values for unknown ones
			if err := httpapi.CheckStageVariables(in.Map("stageVariables")); err != nil {
				fail("stageVariables", "%s", err)
			}
			settingsTogether(in.Objects("routeSettings"), fail)
		},
	}
}
