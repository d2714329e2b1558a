package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/filter"
	"tally/localcloud/provider/schema"
	"tally/localcloud/sns"
)

func topicSubscription(place cloud.Place, service *sns.Service) *Resource {
	live := func(s sns.Subscription) map[string]any {
		return map[string]any{
			"topic": s.TopicARN, "protocol": s.Protocol, "endpoint": s.Endpoint, "arn": s.ARN, "ownerId": place.Account,
			"filterPolicy": orNil(s.FilterPolicy), "filterPolicyScope": s.FilterPolicyScope,
			"redrivePolicy": orNil(s.RedrivePolicy), "rawMessageDelivery": s.RawMessageDelivery,
			"confirmationWasAuthenticated": s.ConfirmationWasAuthenticated(), "pendingConfirmation": s.PendingConfirmation,
			"deliveryPolicy": orNil(s.DeliveryPolicy),
		}
	}
	wanted := func(arn string, in schema.Values) sns.Subscription {
		return sns.Subscription{
			ARN: arn, TopicARN: in.String("topic"), Protocol: in.String("protocol"), Endpoint: in.String("endpoint"),
			FilterPolicy: in.String("filterPolicy"), FilterPolicyScope: in.String("filterPolicyScope"),
			RedrivePolicy: in.String("redrivePolicy"), RawMessageDelivery: in.Bool("rawMessageDelivery"),
			DeliveryPolicy: in.String("deliveryPolicy"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:sns/topicSubscription:TopicSubscription", Noun: "SNS Topic Subscription",
			Inputs: []schema.Property{
				{Name: "topic", Required: true, ForceNew: true, Check: topicARN(place)},
				// Subscriptions by email remain unconfirmed, because no email is sent.
				{Name: "protocol", Required: true, ForceNew: true, Check: text(sns.CheckProtocol)},
				{Name: "endpoint", Required: true, ForceNew: true},
				{Name: "confirmationTimeoutInMinutes", Kind: schema.Int, Default: 1},
				{Name: "endpointAutoConfirms", Kind: schema.Bool, Default: false},
				{Name: "deliveryPolicy", Kind: schema.JSON},
				{Name: "filterPolicy", Kind: schema.JSON, Check: filterPolicy},
				{Name: "filterPolicyScope", Computed: true, Check: text(sns.CheckFilterPolicyScope)},
				{Name: "rawMessageDelivery", Kind: schema.Bool, Default: false},
				{Name: "redrivePolicy", Kind: schema.JSON, Check: deadLetterPolicy(place)},
			},
			Outputs: []schema.Output{
				{Name: "arn"}, {Name: "ownerId"}, {Name: "confirmationWasAuthenticated"}, {Name: "pendingConfirmation"},
			},
			Unsupported: []string{"replayPolicy", "subscriptionRoleArn"},
			Together:    checkSubscription,
		},
		ID: func(in schema.Values) string { return in.String("topic") + ":" + uuid.NewString() },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			s, err := service.Subscribe(wanted(plannedID(ctx), in))
			if err == nil && strings.HasPrefix(s.Protocol, "http") && in.Bool("endpointAutoConfirms") {
				s, err = awaitConfirmation(ctx, service, s, in.Int("confirmationTimeoutInMinutes"))
			}
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

// awaitConfirmation waits until the endpoint has confirmed a subscription. If it does not
// do so in time, the subscription is removed. The real provider keeps it, marks it as
// tainted, and replaces it in the next deployment.
func awaitConfirmation(ctx context.Context, service *sns.Service, s sns.Subscription, minutes int) (sns.Subscription, error) {
	timeout := time.Duration(minutes) * time.Minute
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	confirmed, err := service.AwaitConfirmation(ctx, s.ARN)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("timeout while waiting for state to become 'false' (last state: 'true', timeout: %v)", timeout)
		}
		err = fmt.Errorf("waiting for SNS Topic Subscription (%s) confirmation: %w", s.ARN, errors.Join(err, service.Unsubscribe(s.ARN)))
	}
	return confirmed, err
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
		if in.Has("deliveryPolicy") {
			check("deliveryPolicy", sns.CheckSubscriptionDeliveryPolicy(protocol, in.String("deliveryPolicy"), in.Bool("rawMessageDelivery")))
		}
	}
	switch {
	case in.Given("filterPolicyScope") && !in.Given("filterPolicy"):
		fail("filterPolicyScope", "filterPolicy is required when filterPolicyScope is set")
	case in.Has("filterPolicy") && in.Has("filterPolicyScope") == in.Given("filterPolicyScope"):
		check("filterPolicy", sns.CheckFilterPolicy(in.String("filterPolicyScope"), in.String("filterPolicy")))
	}
}
