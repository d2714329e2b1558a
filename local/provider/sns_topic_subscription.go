package provider

import (
	"context"

	"tally/local/cloud"
	"tally/local/provider/schema"
	"tally/local/sns"
)

func topicSubscription(place cloud.Place, service *sns.Service) *Resource {
	live := func(s sns.Subscription) map[string]any {
		return map[string]any{
			"topic": s.TopicARN, "protocol": s.Protocol, "endpoint": s.Endpoint, "arn": s.ARN, "ownerId": place.Account,
			// A function needs no confirmation.
			"confirmationWasAuthenticated": true, "pendingConfirmation": false,
		}
	}
	read := func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
		s, err := service.Subscription(id)
		return s.ARN, live(s), err
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:sns/topicSubscription:TopicSubscription", Noun: "SNS Topic Subscription",
			Inputs: []schema.Property{
				{Name: "topic", Required: true, ForceNew: true},
				{Name: "protocol", Required: true, ForceNew: true, Check: oneOf("lambda")},
				{Name: "endpoint", Required: true, ForceNew: true},
				{Name: "confirmationTimeoutInMinutes", Kind: schema.Int, Default: 1},
				{Name: "endpointAutoConfirms", Kind: schema.Bool, Default: false},
				{Name: "rawMessageDelivery", Kind: schema.Bool, Default: false, Check: oneOf(false)},
			},
			Outputs: []schema.Output{
				{Name: "arn"}, {Name: "ownerId"}, {Name: "confirmationWasAuthenticated"}, {Name: "pendingConfirmation"},
			},
			Unsupported: []string{
				"deliveryPolicy", "filterPolicy", "filterPolicyScope", "redrivePolicy", "replayPolicy", "subscriptionRoleArn",
			},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			s, err := service.Subscribe(sns.Subscription{
				TopicARN: in.String("topic"), Protocol: in.String("protocol"), Endpoint: in.String("endpoint"),
			})
			return s.ARN, live(s), err
		},
		Read: read,
		// What can be updated is about confirmation, which functions do not need.
		Update: func(ctx context.Context, id string, _, in schema.Values) (map[string]any, error) {
			_, live, err := read(ctx, id, in)
			return live, err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.Unsubscribe(id) },
	}
}
