package provider

import (
	"context"

	"tally/localcloud/logs"
	"tally/localcloud/provider/schema"
)

func logGroup(service *logs.Service) *Resource {
	live := func(g logs.Group) map[string]any {
		return map[string]any{
			"name": g.Name, "retentionInDays": g.RetentionDays, "logGroupClass": "STANDARD", "tagsAll": g.Tags, "arn": g.ARN,
		}
	}
	asked := func(in schema.Values) logs.Group {
		return logs.Group{Name: in.String("name"), RetentionDays: in.Int("retentionInDays"), Tags: in.Map("tagsAll")}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:cloudwatch/logGroup:LogGroup", Noun: "CloudWatch Logs Log Group",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 512, ForceNew: true},
				{Name: "retentionInDays", Kind: schema.Int, Default: 0, Check: oneOf(retentions()...)},
				{Name: "logGroupClass", Computed: true, ForceNew: true, Check: oneOf("STANDARD")},
				{Name: "skipDestroy", Kind: schema.Bool, Default: false},
				{Name: "kmsKeyId", Recorded: true, Check: validARN},
				schema.TagProperty(),
			},
			Outputs:     []schema.Output{{Name: "arn"}, schema.TagOutput()},
			Unsupported: []string{"namePrefix"},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			g, err := service.CreateGroup(asked(in))
			return g.Name, live(g), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			g, err := service.Group(id)
			return g.Name, live(g), err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			g, err := service.UpdateGroup(asked(in))
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

// retentions are the allowed days as a Check sees numbers; 0 is for ever.
func retentions() []any {
	days := []any{0.0}
	for _, d := range logs.Retentions() {
		days = append(days, float64(d))
	}
	return days
}
