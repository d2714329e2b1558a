package provider

import (
	"context"
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
	"tally/localcloud/sns"
)

// topicPolicy returns the type of the policies of topics. Their ID is the topic's
// ARN. Deleting one restores the topic's default policy.
func topicPolicy(place cloud.Place, service *sns.Service) *Resource {
	live := func(t sns.Topic) map[string]any {
		return map[string]any{"arn": t.ARN, "policy": t.Policy, "owner": place.Account}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:sns/topicPolicy:TopicPolicy", Noun: "SNS Topic Policy",
			Inputs: []schema.Property{
				{Name: "arn", Required: true, ForceNew: true, Check: topicARN(place)},
				{Name: "policy", Kind: schema.Policy, Required: true, Check: resourcePolicy(sns.CheckPolicy, sns.RewordPolicyError)},
			},
			Outputs: []schema.Output{{Name: "owner"}},
			Together: func(in schema.Values, fail schema.Fail) {
				if in.Has("arn") {
					checkTopicPolicy(in.String("arn"), in, fail)
				}
			},
			// The topic has one policy: the old one is reset before the new one is set.
			DeleteBeforeReplace: true,
		},
		ID: input("arn"),
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			t, err := service.SetPolicy(in.String("arn"), in.String("policy"))
			return t.ARN, live(t), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			t, err := service.Topic(id)
			if err == nil && service.HasDefaultPolicy(t) {
				err = cloud.Errorf(http.StatusNotFound, "NotFound", "Topic has no policy of its own")
			}
			return t.ARN, live(t), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			t, err := service.SetPolicy(id, in.String("policy"))
			return live(t), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error {
			_, err := service.SetPolicy(id, "")
			return err
		},
	}
}

// checkTopicPolicy refuses a policy that does not apply to the topic with that ARN.
func checkTopicPolicy(arn string, in schema.Values, fail schema.Fail) {
	if !in.Has("policy") {
		return
	}
	if err := sns.CheckPolicyResources(arn, in.String("policy")); err != nil {
		fail("policy", "%s", err)
	}
}

// topicARN accepts ARNs of topics in that account and region.
func topicARN(place cloud.Place) func(any) error {
	return text(func(arn string) error { return sns.CheckTopicARN(place, arn) })
}
