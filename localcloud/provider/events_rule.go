package provider

import (
	"context"

	"tally/localcloud/events"
	"tally/localcloud/provider/schema"
)

// eventRule returns the type of rules that run on a schedule. Their ID is their name.
//
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/cloudwatch/eventrule/
func eventRule(service *events.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:cloudwatch/eventRule:EventRule", Noun: "EventBridge Rule",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 64, ForceNew: true, Check: text(events.CheckName)},
				{Name: "description", Check: text(events.CheckDescription)},
				{Name: "eventBusName", Default: "default", ForceNew: true, Check: oneOf("default")},
				{Name: "forceDestroy", Kind: schema.Bool, Default: false},
				{Name: "scheduleExpression", Required: true, Check: text(events.CheckExpression)},
				{Name: "state", Default: "ENABLED", Check: oneOf("ENABLED", "DISABLED")},
				tagged(events.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, schema.TagOutput()},
			Unsupported: []string{"eventPattern", "isEnabled", "namePrefix", "roleArn"},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			r, err := service.CreateRule(wantedRule(in.String("name"), in))
			return r.Name, liveRule(r), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			r, err := service.Rule(id)
			return r.Name, liveRule(r), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			r, err := service.UpdateRule(wantedRule(id, in))
			return liveRule(r), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteRule(id) },
	}
}

func wantedRule(name string, in schema.Values) events.Rule {
	return events.Rule{
		Name: name, Description: in.String("description"), Expression: in.String("scheduleExpression"),
		Disabled: in.String("state") == "DISABLED", Tags: in.Map("tagsAll"),
	}
}

func liveRule(r events.Rule) map[string]any {
	state := "ENABLED"
	if r.Disabled {
		state = "DISABLED"
	}
	return map[string]any{
		"name": r.Name, "description": orNil(r.Description), "eventBusName": "default", "forceDestroy": false, "scheduleExpression": r.Expression,
		"state": state, "tagsAll": r.Tags, "arn": r.ARN,
	}
}
