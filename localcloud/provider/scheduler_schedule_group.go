package provider

import (
	"context"
	"time"

	"tally/localcloud/provider/schema"
	"tally/localcloud/scheduler"
)

// scheduleGroup returns the type of groups of schedules. Their ID is their name.
//
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/scheduler/schedulegroup/
func scheduleGroup(service *scheduler.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:scheduler/scheduleGroup:ScheduleGroup", Noun: "EventBridge Scheduler Schedule Group",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 64, ForceNew: true, Check: text(scheduler.CheckGroupName)},
				tagged(scheduler.CheckTags),
			},
			Outputs: []schema.Output{
				{Name: "arn"}, {Name: "creationDate"}, {Name: "lastModificationDate", Follows: []string{schema.Any}}, {Name: "state"}, schema.TagOutput(),
			},
			Unsupported: []string{"namePrefix"},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			g, err := service.CreateGroup(in.String("name"), in.Map("tagsAll"), "")
			return g.Name, liveScheduleGroup(g), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			g, err := service.FindGroup(id)
			return g.Name, liveScheduleGroup(g), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			g, err := service.FindGroup(id)
			if err != nil {
				return nil, err
			}
			tags := in.Map("tagsAll")
			if err := service.ChangeTags(g.ARN, tags, removedTags(g.Tags, tags)); err != nil {
				return nil, err
			}
			g, err = service.FindGroup(id)
			return liveScheduleGroup(g), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteGroup(id) },
	}
}

func liveScheduleGroup(g scheduler.Group) map[string]any {
	return map[string]any{
		"name": g.Name, "tagsAll": g.Tags, "arn": g.ARN, "state": "ACTIVE",
		"creationDate": g.Created.Format(time.RFC3339), "lastModificationDate": g.Modified.Format(time.RFC3339),
	}
}
