package provider

import (
	"context"

	"tally/localcloud/logs"
	"tally/localcloud/provider/schema"
)

func logGroup(service *logs.Service) *Resource {
	live := func(g logs.Group) map[string]any {
		return map[string]any{
			"name": g.Name, "retentionInDays": g.RetentionDays, "logGroupClass": "STANDARD", "kmsKeyId": orNil(g.KMSKeyID),
			"tagsAll": g.Tags, "arn": g.ARN,
		}
	}
	wanted := func(in schema.Values) logs.Group {
		return logs.Group{Name: in.String("name"), RetentionDays: in.Int("retentionInDays"), KMSKeyID: in.String("kmsKeyId"), Tags: in.Map("tagsAll")}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:cloudwatch/logGroup:LogGroup", Noun: "CloudWatch Logs Log Group",
			Inputs: []schema.Property{
				{Name: "name", AutoName: logs.MaxGroupName, ForceNew: true, Check: text(logs.CheckGroupName)},
				{Name: "retentionInDays", Kind: schema.Int, Default: 0, Check: whole(logs.CheckRetention)},
				{Name: "logGroupClass", Computed: true, ForceNew: true, Check: oneOf("STANDARD")},
				{Name: "skipDestroy", Kind: schema.Bool, Default: false},
				{Name: "kmsKeyId", Recorded: true, Check: text(logs.CheckKMSKeyID)},
				tagged(logs.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, schema.TagOutput()},
			Unsupported: []string{"namePrefix"},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			g, err := service.CreateGroup(wanted(in))
			return g.Name, live(g), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			g, err := service.Group(id)
			return g.Name, live(g), err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			g, err := service.UpdateGroup(wanted(in))
			return live(g), err
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			if state.Bool("skipDestroy") {
				return nil
			}
			return service.DeleteGroup(id)
		},
	}
}
