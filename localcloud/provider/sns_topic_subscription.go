package provider

import (
	"context"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
	"tally/localcloud/sns"
	"tally/localcloud/sns/filter"
)

func topicSubscription(place cloud.Place, service *sns.Service) *Resource {
	live := func(s sns.Subscription) map[string]any {
		return map[string]any{
			"topic": s.TopicARN, "protocol": s.Protocol, "endpoint": s.Endpoint, "arn": s.ARN, "ownerId": place.Account,
			"filterPolicy": orNil(s.FilterPolicy), "filterPolicyScope": s.FilterPolicyScope,
			"redrivePolicy": orNil(s.RedrivePolicy), "rawMessageDelivery": s.RawMessageDelivery,
			// Functions and queues of the owner need no confirmation.
			"confirmationWasAuthenticated": !s.PendingConfirmation, "pendingConfirmation": s.PendingConfirmation,
		}
	}
	wanted := func(arn string, in schema.Values) sns.Subscription {
		return sns.Subscription{
			ARN: arn, TopicARN: in.String("topic"), Protocol: in.String("protocol"), Endpoint: in.String("endpoint"),
			FilterPolicy: in.String("filterPolicy"), FilterPolicyScope: in.String("filterPolicyScope"),
			RedrivePolicy: in.String("redrivePolicy"), RawMessageDelivery: in.Bool("rawMessageDelivery"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:sns/topicSubscription:TopicSubscription", Noun: "SNS Topic Subscription",
			Inputs: []schema.Property{
				{Name: "topic", Required: true, ForceNew: true, Check: topicARN(place)},
				// Subscriptions over HTTP or by email remain unconfirmed, because nothing
				// leaves this machine.
				{Name: "protocol", Required: true, ForceNew: true, Check: text(sns.CheckProtocol)},
				{Name: "endpoint", Required: true, ForceNew: true},
				{Name: "confirmationTimeoutInMinutes", Kind: schema.Int, Default: 1, Recorded: true},
				{Name: "endpointAutoConfirms", Kind: schema.Bool, Default: false, Recorded: true},
				{Name: "filterPolicy", Kind: schema.JSON, Check: filterPolicy},
				{Name: "filterPolicyScope", Computed: true, Check: text(sns.CheckFilterPolicyScope)},
				{Name: "rawMessageDelivery", Kind: schema.Bool, Default: false},
				{Name: "redrivePolicy", Kind: schema.JSON, Check: deadLetterPolicy(place)},
			},
			Outputs: []schema.Output{
				{Name: "arn"}, {Name: "ownerId"}, {Name: "confirmationWasAuthenticated"}, {Name: "pendingConfirmation"},
			},
			Unsupported: []string{"deliveryPolicy", "replayPolicy", "subscriptionRoleArn"},
			Together:    checkSubscription,
		},
		ID: func(in schema.Values) string { return in.String("topic") + ":" + uuid.NewString() },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			s, err := service.Subscribe(wanted(plannedID(ctx), in))
			return s.ARN, live(s), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			s, err := service.Subscription(id)
			return s.ARN, live(s), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			s, err := service.UpdateSubscription(wanted(id, in))
			return live(s), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.Unsubscribe(id) },
	}
}

// deadLetterPolicy accepts the redrive policies of subscriptions in that account and
// region.
func deadLetterPolicy(place cloud.Place) func(any) error {
	return text(func(document string) error { return sns.CheckRedrivePolicy(place, document) })
}

// filterPolicy accepts the filter policies of both scopes: what is valid for
// attributes is also valid for bodies.
func filterPolicy(v any) error { return sns.CheckFilterPolicy(filter.Body, v.(string)) }

// checkSubscription applies the rules that depend on more than one input. The rule for a
// scope without a policy is the real provider's.
//
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sns/topic_subscription.go
func checkSubscription(in schema.Values, fail schema.Fail) {
	check := func(property string, err error) {
		if err != nil {
			fail(property, "%s", err)
		}
	}
	if protocol := in.String("protocol"); in.Has("protocol") {
		if in.Has("endpoint") {
			check("endpoint", sns.CheckEndpoint(protocol, in.String("endpoint")))
		}
		check("rawMessageDelivery", sns.CheckRawMessageDelivery(protocol, in.Bool("rawMessageDelivery")))
	}
	switch {
	case in.Given("filterPolicyScope") && !in.Given("filterPolicy"):
		fail("filterPolicyScope", "filterPolicy is required when filterPolicyScope is set")
	case in.Has("filterPolicy") && in.Has("filterPolicyScope") == in.Given("filterPolicyScope"):
		check("filterPolicy", sns.CheckFilterPolicy(in.String("filterPolicyScope"), in.String("filterPolicy")))
	}
}
