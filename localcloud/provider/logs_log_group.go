package provider

import (
	"context"
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/logs"
	"tally/localcloud/provider/schema"
)

// logGroup returns the type of log groups.
func logGroup(place cloud.Place, service *logs.Service, keys cloud.Keys) *Resource {
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
				{Name: "kmsKeyId", Check: text(logs.CheckKMSKeyID)},
				tagged(logs.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, schema.TagOutput()},
			Unsupported: []string{"namePrefix"},
		},
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			if err := checkLogKey(ctx, place, keys, in); err != nil {
				return "", nil, err
			}
			g, err := service.CreateGroup(wanted(in))
			return g.Name, live(g), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			g, err := service.Group(id)
			return g.Name, live(g), err
		},
		Update: func(ctx context.Context, _ string, state, in schema.Values) (map[string]any, error) {
			if in.String("kmsKeyId") != state.String("kmsKeyId") {
				if err := checkLogKey(ctx, place, keys, in); err != nil {
					return nil, err
				}
			}
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

// checkLogKey returns an error if the key of a log group does not exist, or if its policy
// does not allow CloudWatch Logs of this region to encrypt the group. Nothing is known of
// keys of other accounts.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
// https://github.com/hashicorp/terraform-provider-aws/issues/29282
func checkLogKey(ctx context.Context, place cloud.Place, keys cloud.Keys, in schema.Values) error {
	key := in.String("kmsKeyId")
	if cloud.ServiceOf(key) != "kms" {
		return nil
	}
	group := place.ARN("logs", "log-group:"+in.String("name"))
	caller := cloud.Caller{Service: "logs." + place.Region + ".amazonaws.com", SourceARN: group}
	if err := keys.EncryptWith(ctx, key, caller, group); err != nil {
		return cloud.Errorf(http.StatusBadRequest, "AccessDeniedException",
			"The specified KMS key does not exist or is not allowed to be used with Arn '%s' (%v)", group, err)
	}
	return nil
}
