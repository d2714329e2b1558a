package sns

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Subscription sends a topic's messages to an endpoint.
type Subscription struct {
	ARN      string // the topic's ARN, a colon, a UUID
	TopicARN string
	Protocol string // "lambda"
	Endpoint string // the ARN of a function
}

// Subscribe adds a subscription; its ARN is set here. Where the topic has one
// of that protocol and endpoint already, it is returned instead. It fails with
// NotFound where the topic does not exist, and with InvalidParameter.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
func (s *Service) Subscribe(sub Subscription) (Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Topic(sub.TopicARN); err != nil {
		return Subscription{}, err
	}
	target, ok := s.targets[sub.Protocol]
	if !ok {
		return Subscription{}, invalid("Amazon SNS does not support this protocol string: %s (emulated here: %s)",
			sub.Protocol, strings.Join(slices.Sorted(maps.Keys(s.targets)), ", "))
	}
	if c, ok := target.(interface{ CheckEndpoint(string) error }); ok {
		if err := c.CheckEndpoint(sub.Endpoint); err != nil {
			return Subscription{}, err
		}
	}
	for _, old := range s.subscribers(sub.TopicARN) {
		if old.Protocol == sub.Protocol && old.Endpoint == sub.Endpoint {
			return old, nil
		}
	}
	sub.ARN = sub.TopicARN + ":" + uuid.NewString()
	return sub, s.subscriptions.Put(sub.ARN, sub)
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
