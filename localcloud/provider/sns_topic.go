package provider

import (
	"context"
	"fmt"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/sns"
)

// feedbackProtocols are those whose deliveries a topic can log, as the inputs
// that say so begin.
func feedbackProtocols() []string { return []string{"lambda", "sqs", "http"} }

func topic(place cloud.Place, service *sns.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:sns/topic:Topic", Noun: "SNS Topic",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 256, ForceNew: true},
				{Name: "displayName"},
				{Name: "policy", Kind: schema.Policy, Computed: true, Check: policyOf(iam.ResourcePolicy)},
				{Name: "fifoTopic", Kind: schema.Bool, Default: false, ForceNew: true, Check: oneOf(false)},
				{Name: "kmsMasterKeyId", Recorded: true},
				{Name: "deliveryPolicy", Kind: schema.JSON, Recorded: true},
				{Name: "tracingConfig", Recorded: true, Check: oneOf("Active", "PassThrough")},
				{Name: "signatureVersion", Kind: schema.Int, Check: between(1, 2)},
				{Name: "lambdaFailureFeedbackRoleArn", Check: roleARN},
				{Name: "lambdaSuccessFeedbackRoleArn", Check: roleARN},
				{Name: "lambdaSuccessFeedbackSampleRate", Kind: schema.Int, Check: between(0, 100)},
				{Name: "sqsFailureFeedbackRoleArn", Check: roleARN},
				{Name: "sqsSuccessFeedbackRoleArn", Check: roleARN},
				{Name: "sqsSuccessFeedbackSampleRate", Kind: schema.Int, Check: between(0, 100)},
				// Nothing is delivered over HTTP.
				{Name: "httpFailureFeedbackRoleArn", Recorded: true, Check: roleARN},
				{Name: "httpSuccessFeedbackRoleArn", Recorded: true, Check: roleARN},
				{Name: "httpSuccessFeedbackSampleRate", Kind: schema.Int, Recorded: true, Check: between(0, 100)},
				schema.TagProperty(),
			},
			Outputs: []schema.Output{{Name: "arn"}, {Name: "owner"}, schema.TagOutput()},
			Unsupported: []string{
				"applicationFailureFeedbackRoleArn", "applicationSuccessFeedbackRoleArn", "applicationSuccessFeedbackSampleRate",
				"archivePolicy", "beginningArchiveTime", "contentBasedDeduplication", "fifoThroughputScope",
				"firehoseFailureFeedbackRoleArn", "firehoseSuccessFeedbackRoleArn", "firehoseSuccessFeedbackSampleRate", "namePrefix",
			},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			t, err := service.CreateTopic(topicOf("", in))
			return t.ARN, liveTopic(place, t), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			t, err := service.Topic(id)
			return t.ARN, liveTopic(place, t), err
		},
		Update: func(_ context.Context, id string, state, in schema.Values) (map[string]any, error) {
			t := topicOf(id, in)
			if t.Policy == state.String("policy") { // as the real provider: what did not change is not sent
				now, err := service.Topic(id)
				if err != nil {
					return nil, err
				}
				t.Policy = now.Policy
			}
			t, err := service.UpdateTopic(t)
			return liveTopic(place, t), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteTopic(id) },
	}
}

func topicOf(arn string, in schema.Values) sns.Topic {
	t := sns.Topic{
		Name: in.String("name"), ARN: arn, DisplayName: in.String("displayName"), Policy: in.String("policy"), Tags: in.Map("tagsAll"),
		KMSMasterKeyID: in.String("kmsMasterKeyId"), DeliveryPolicy: in.String("deliveryPolicy"),
		TracingConfig: in.String("tracingConfig"), SignatureVersion: in.Int("signatureVersion"),
	}
	for _, protocol := range feedbackProtocols() {
		f := sns.Feedback{
			FailureRoleARN:    in.String(protocol + "FailureFeedbackRoleArn"),
			SuccessRoleARN:    in.String(protocol + "SuccessFeedbackRoleArn"),
			SuccessSampleRate: in.Int(protocol + "SuccessFeedbackSampleRate"),
		}
		if f == (sns.Feedback{}) {
			continue
		}
		if t.Feedback == nil {
			t.Feedback = map[string]sns.Feedback{}
		}
		t.Feedback[protocol] = f
	}
	return t
}

func liveTopic(place cloud.Place, t sns.Topic) map[string]any {
	live := map[string]any{
		"name": t.Name, "displayName": orNil(t.DisplayName), "policy": t.Policy, "fifoTopic": false, "tagsAll": t.Tags,
		"kmsMasterKeyId": orNil(t.KMSMasterKeyID), "deliveryPolicy": orNil(t.DeliveryPolicy),
		"tracingConfig": orNil(t.TracingConfig), "signatureVersion": orNil(t.SignatureVersion),
		"arn": t.ARN, "owner": place.Account,
	}
	for _, protocol := range feedbackProtocols() {
		f := t.Feedback[protocol]
		live[protocol+"FailureFeedbackRoleArn"] = orNil(f.FailureRoleARN)
		live[protocol+"SuccessFeedbackRoleArn"] = orNil(f.SuccessRoleARN)
		live[protocol+"SuccessFeedbackSampleRate"] = orNil(f.SuccessSampleRate)
	}
	return live
}

// roleARN admits ARNs of roles.
func roleARN(v any) error {
	if arn, err := cloud.ParseARN(v.(string)); err != nil || arn.Service != "iam" {
		return fmt.Errorf("must be the ARN of a role, not %q", v)
	}
	return nil
}
