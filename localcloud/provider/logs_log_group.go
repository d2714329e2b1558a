package provider

import (
	"context"
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/logs"
	"tally/localcloud/provider/schema"
	"tally/localcloud/recorded"
)

// logGroup returns the type of log groups. Their keys are among the recorded resources.
func logGroup(place cloud.Place, service *logs.Service, keys *recorded.Service) *Resource {
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
			if err := checkLogKey(place, keys, in); err != nil {
				return "", nil, err
			}
			g, err := service.CreateGroup(wanted(in))
			return g.Name, live(g), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			g, err := service.Group(id)
			return g.Name, live(g), err
		},
		Update: func(_ context.Context, _ string, state, in schema.Values) (map[string]any, error) {
			if in.String("kmsKeyId") != state.String("kmsKeyId") {
				if err := checkLogKey(place, keys, in); err != nil {
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
func checkLogKey(place cloud.Place, keys *recorded.Service, in schema.Values) error {
	key, _ := cloud.ParseARN(in.String("kmsKeyId"))
	if key.Service != "kms" || key.Account != place.Account {
		return nil
	}
	group := place.ARN("logs", "log-group:"+in.String("name"))
	policy, exists, err := policyOfKey(place, keys, key)
	if err != nil || exists && serviceMayEncrypt(policy, "logs."+place.Region+".amazonaws.com", key, group) {
		return err
	}
	return cloud.Errorf(http.StatusBadRequest, "AccessDeniedException",
		"The specified KMS key does not exist or is not allowed to be used with Arn '%s'", group)
}

// serviceMayEncrypt reports whether the policy of a key allows a service to encrypt and
// decrypt the data of the resource.
func serviceMayEncrypt(policy *iam.Policy, service string, key, resource cloud.ARN) bool {
	for _, action := range []string{"kms:GenerateDataKey", "kms:Decrypt"} {
		d := iam.Evaluate(cloud.Request{
			Caller: cloud.Caller{Service: service, SourceARN: resource}, Action: action, Resource: key.String(),
			Context: map[string][]string{
				"aws:SourceArn": {resource.String()}, "aws:SourceAccount": {resource.Account}, "kms:CallerAccount": {resource.Account},
				"kms:EncryptionContext:aws:logs:arn": {resource.String()}, "kms:EncryptionContextKeys": {"aws:logs:arn"},
			},
		}, []*iam.Policy{policy})
		if d.Effect == iam.Deny {
			return false
		}
	}
	return true
}
