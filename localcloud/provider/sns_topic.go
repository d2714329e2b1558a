package provider

import (
	"context"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
	"tally/localcloud/sns"
)

// feedbackProtocols returns the protocols whose deliveries a topic can log. The
// names of the inputs begin with them.
func feedbackProtocols() []string { return []string{"lambda", "sqs", "http"} }

func topic(place cloud.Place, service *sns.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:sns/topic:Topic", Noun: "SNS Topic",
			Inputs: []schema.Property{
				{Name: "name", AutoName: sns.MaxTopicName, ForceNew: true, Check: text(sns.CheckTopicName)},
				{Name: "displayName", Check: text(sns.CheckDisplayName)},
				{Name: "policy", Kind: schema.Policy, Computed: true, Check: resourcePolicy(sns.CheckPolicy, sns.RewordPolicyError)},
				{Name: "fifoTopic", Kind: schema.Bool, Default: false, ForceNew: true, Check: off("FIFO topics are not emulated; use a standard topic")},
				{Name: "kmsMasterKeyId", Check: text(sns.CheckKMSMasterKeyID)},
				{Name: "deliveryPolicy", Kind: schema.JSON, Check: text(sns.CheckDeliveryPolicy)},
				{Name: "tracingConfig", Check: text(sns.CheckTracingConfig)},
				{Name: "signatureVersion", Kind: schema.Int, Check: whole(sns.CheckSignatureVersion)},
				{Name: "lambdaFailureFeedbackRoleArn", Check: text(sns.CheckFeedbackRoleARN)},
				{Name: "lambdaSuccessFeedbackRoleArn", Check: text(sns.CheckFeedbackRoleARN)},
				{Name: "lambdaSuccessFeedbackSampleRate", Kind: schema.Int, Check: whole(sns.CheckFeedbackSampleRate)},
				{Name: "sqsFailureFeedbackRoleArn", Check: text(sns.CheckFeedbackRoleARN)},
				{Name: "sqsSuccessFeedbackRoleArn", Check: text(sns.CheckFeedbackRoleARN)},
				{Name: "sqsSuccessFeedbackSampleRate", Kind: schema.Int, Check: whole(sns.CheckFeedbackSampleRate)},
				{Name: "httpFailureFeedbackRoleArn", Check: text(sns.CheckFeedbackRoleARN)},
				{Name: "httpSuccessFeedbackRoleArn", Check: text(sns.CheckFeedbackRoleARN)},
				{Name: "httpSuccessFeedbackSampleRate", Kind: schema.Int, Check: whole(sns.CheckFeedbackSampleRate)},
				tagged(sns.CheckTags),
			},
			Outputs: []schema.Output{{Name: "arn"}, {Name: "owner"}, schema.TagOutput()},
			Unsupported: []string{
				"applicationFailureFeedbackRoleArn", "applicationSuccessFeedbackRoleArn", "applicationSuccessFeedbackSampleRate",
				"archivePolicy", "beginningArchiveTime", "contentBasedDeduplication", "fifoThroughputScope",
				"firehoseFailureFeedbackRoleArn", "firehoseSuccessFeedbackRoleArn", "firehoseSuccessFeedbackSampleRate", "namePrefix",
			},
			Together: func(in schema.Values, fail schema.Fail) {
				if in.Has("name") {
					checkTopicPolicy(place.ARN("sns", in.String("name")).String(), in, fail)
				}
			},
		},
		ID: func(in schema.Values) string { return place.ARN("sns", in.String("name")).String() },
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
			if t.Policy == state.String("policy") { // the real provider sends only what has changed
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
