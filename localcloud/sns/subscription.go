package sns

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/sns/filter"
)

// Subscription sends a topic's messages to an endpoint.
type Subscription struct {
	ARN      string // the topic's ARN, a colon, a UUID
	TopicARN string
	Protocol string // "lambda", "sqs", "http", "https", "email" or "email-json"
	Endpoint string // the ARN of a function or a queue, a URL, an address
	// FilterPolicy is a JSON object that says which messages the subscription
	// wants; "" wants all.
	FilterPolicy string
	// FilterPolicyScope says what the filter policy looks at: filter.Attributes,
	// which "" stands for, or filter.Body.
	FilterPolicyScope string
	// RedrivePolicy is {"deadLetterTargetArn": "…"}, the queue for what cannot be
	// delivered; "" loses it.
	RedrivePolicy string
	// RawMessageDelivery leaves away the JSON around a message's body.
	RawMessageDelivery bool
	// PendingConfirmation marks a subscription that is only recorded: it gets
	// nothing, because its endpoint is outside of this machine and a local cloud
	// never asks it to confirm.
	PendingConfirmation bool
}

// Subscribe adds a subscription; its ARN is set here. Where the topic has the
// same already, that is returned instead. It fails with NotFound where the
// topic does not exist, and with InvalidParameter.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
func (s *Service) Subscribe(sub Subscription) (Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Topic(sub.TopicARN); err != nil {
		return Subscription{}, err
	}
	if err := s.checkEndpoint(sub.Protocol, sub.Endpoint); err != nil {
		return Subscription{}, err
	}
	sub, err := s.completed(sub, "Attributes Reason: ")
	if err != nil {
		return Subscription{}, err
	}
	for _, old := range s.subscribers(sub.TopicARN) {
		if old.Protocol != sub.Protocol || old.Endpoint != sub.Endpoint {
			continue
		}
		if sub.ARN = old.ARN; old != sub {
			return Subscription{}, invalid("Attributes Reason: Subscription already exists with different attributes")
		}
		return old, nil
	}
	sub.ARN = sub.TopicARN + ":" + uuid.NewString()
	if sub.PendingConfirmation {
		s.record(cloud.Info, sub.TopicARN, "subscription %s is only recorded: %s is outside of this machine, so nothing will be sent to it", sub.ARN, sub.Endpoint)
	}
	return sub, s.subscriptions.Put(sub.ARN, sub)
}

// UpdateSubscription replaces the attributes of the subscription with that ARN:
// all but topic, protocol and endpoint.
//
// https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
func (s *Service) UpdateSubscription(sub Subscription) (Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.Subscription(sub.ARN)
	if err != nil {
		return Subscription{}, err
	}
	sub.TopicARN, sub.Protocol, sub.Endpoint = old.TopicARN, old.Protocol, old.Endpoint
	if sub, err = s.completed(sub, ""); err != nil {
		return Subscription{}, err
	}
	return sub, s.subscriptions.Put(sub.ARN, sub)
}

// completed checks the attributes and fills in those that follow from others.
// The reason is what AWS puts before what is wrong with an attribute.
func (s *Service) completed(sub Subscription, reason string) (Subscription, error) {
	_, delivers := s.Targets[sub.Protocol]
	sub.PendingConfirmation = !delivers
	sub.FilterPolicyScope = cmp.Or(sub.FilterPolicyScope, filter.Attributes)
	if sub.FilterPolicyScope != filter.Attributes && sub.FilterPolicyScope != filter.Body {
		return sub, invalid("%sFilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", reason, sub.FilterPolicyScope)
	}
	if _, err := sub.filter(); err != nil {
		return sub, invalid("%sFilterPolicy: %v", reason, err)
	}
	if _, err := deadLetterQueue(sub.RedrivePolicy); err != nil {
		return sub, invalid("%sRedrivePolicy: %v", reason, err)
	}
	if sub.RawMessageDelivery && !slices.Contains([]string{"sqs", "http", "https"}, sub.Protocol) {
		return sub, invalid("%sRawMessageDelivery: Delivery protocol [%s] does not support raw message delivery.", reason, sub.Protocol)
	}
	return sub, nil
}

// Subscription fails with NotFound.
func (s *Service) Subscription(arn string) (Subscription, error) {
	sub, ok := s.subscriptions.Get(arn)
	if !ok {
		return Subscription{}, notFound("Subscription")
	}
	return sub, nil
}

// Unsubscribe removes a subscription; one that does not exist is no error.
func (s *Service) Unsubscribe(arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subscriptions.Delete(arn)
}

// Subscriptions returns all subscriptions, by ARN: those of a topic together.
func (s *Service) Subscriptions() []Subscription { return s.subscriptions.All() }

func (s *Service) subscribers(topicARN string) []Subscription {
	return slices.DeleteFunc(s.subscriptions.All(), func(sub Subscription) bool { return sub.TopicARN != topicARN })
}
