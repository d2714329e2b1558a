package provider

import (
	"context"

	"tally/local/cloud"
	"tally/local/iam"
	"tally/local/provider/schema"
	"tally/local/sns"
)

func topic(place cloud.Place, service *sns.Service) *Resource {
	live := func(t sns.Topic) map[string]any {
		return map[string]any{
			"name": t.Name, "displayName": orNil(t.DisplayName), "policy": t.Policy, "fifoTopic": false, "tagsAll": t.Tags,
			"arn": t.ARN, "owner": place.Account,
		}
	}
	asked := func(arn string, in schema.Values) sns.Topic {
		return sns.Topic{
			Name: in.String("name"), ARN: arn, DisplayName: in.String("displayName"), Policy: in.String("policy"), Tags: in.Map("tagsAll"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:sns/topic:Topic", Noun: "SNS Topic",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 256, ForceNew: true},
				{Name: "displayName"},
				{Name: "policy", Kind: schema.Policy, Computed: true, Check: policyOf(iam.ResourcePolicy)},
				{Name: "fifoTopic", Kind: schema.Bool, Default: false, ForceNew: true, Check: oneOf(false)},
				schema.TagProperty(),
			},
			Outputs: []schema.Output{{Name: "arn"}, {Name: "owner"}, schema.TagOutput()},
			Unsupported: []string{
				"applicationFailureFeedbackRoleArn", "applicationSuccessFeedbackRoleArn", "applicationSuccessFeedbackSampleRate",
				"archivePolicy", "beginningArchiveTime", "contentBasedDeduplication", "deliveryPolicy", "fifoThroughputScope",
				"firehoseFailureFeedbackRoleArn", "firehoseSuccessFeedbackRoleArn", "firehoseSuccessFeedbackSampleRate",
				"httpFailureFeedbackRoleArn", "httpSuccessFeedbackRoleArn", "httpSuccessFeedbackSampleRate", "kmsMasterKeyId",
				"lambdaFailureFeedbackRoleArn", "lambdaSuccessFeedbackRoleArn", "lambdaSuccessFeedbackSampleRate", "namePrefix",
				"signatureVersion", "sqsFailureFeedbackRoleArn", "sqsSuccessFeedbackRoleArn", "sqsSuccessFeedbackSampleRate",
				"tracingConfig",
			},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			t, err := service.CreateTopic(asked("", in))
			return t.ARN, live(t), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			t, err := service.Topic(id)
			return t.ARN, live(t), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			t, err := service.UpdateTopic(asked(id, in))
			return live(t), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteTopic(id) },
	}
}
