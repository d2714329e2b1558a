package sns

import (
	"cmp"
	"encoding/json"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/filter"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/store"
)

// Subscription sends a topic's messages to an endpoint.
type Subscription struct {
	ARN      string // the topic's ARN, a colon, a UUID
	TopicARN string
	Protocol string // see CheckProtocol
	Endpoint string // see CheckEndpoint
	// FilterPolicy is a JSON object that selects messages; "" selects all.
	FilterPolicy string
	// FilterPolicyScope is the part of a message that the filter policy matches:
	// filter.Attributes, which is the default, or filter.Body.
	FilterPolicyScope string
	// RedrivePolicy is {"deadLetterTargetArn": "…"}, with the ARN of the queue for
	// messages that cannot be delivered; if it is "", they are lost.
	RedrivePolicy string
	// RawMessageDelivery omits the JSON envelope around a message's body.
	RawMessageDelivery bool
	// DeliveryPolicy is how messages are delivered to an HTTP endpoint, as JSON; "" is
	// the policy of the topic.
	DeliveryPolicy string
	// PendingConfirmation marks a subscription that receives nothing until its owner
	// confirms it. One to an email address always is: no email is sent.
	PendingConfirmation bool
	// ConfirmedUnsigned is whether the request that confirmed it had no signature, and
	// AuthenticateOnUnsubscribe whether it can be deleted only with one.
	ConfirmedUnsigned, AuthenticateOnUnsubscribe bool
}

// ConfirmationWasAuthenticated reports whether the owner of the subscription confirmed it
// with a signed request. Functions and queues need no confirmation.
func (s Subscription) ConfirmationWasAuthenticated() bool {
	return !s.PendingConfirmation && !s.ConfirmedUnsigned
}

// row is a subscription in the table. Its policies are parsed when they are
// set, and again when the table is opened; deliveries use the parsed form.
type row struct {
	Subscription
	filter          *filter.Policy // nil selects all messages
	deadLetterQueue string         // ARN; "" for none
}

// parse returns the row of a subscription, or the error for a policy that AWS
// refuses.
func parse(sub Subscription) (r row, err error) {
	r.Subscription = sub
	if sub.FilterPolicy != "" {
		if r.filter, err = parseFilterPolicy(sub.FilterPolicyScope, sub.FilterPolicy); err != nil {
			return row{}, err
		}
	}
	if sub.RedrivePolicy != "" {
		if r.deadLetterQueue, err = parseRedrivePolicy(sub.RedrivePolicy); err != nil {
			return row{}, err
		}
	}
	return r, nil
}

// UnmarshalJSON reads a stored subscription.
func (r *row) UnmarshalJSON(raw []byte) error {
	var sub Subscription
	if err := json.Unmarshal(raw, &sub); err != nil {
		return err
	}
	var err error
	*r, err = parse(sub)
	return err
}

// Subscribe adds a subscription, and chooses its ARN unless sub has one. If the topic
// already has an equal subscription, it returns that one. An HTTP endpoint receives a
// message with which its owner confirms the subscription, again if it is still pending.
// Subscribe fails with InvalidParameter, and with NotFound if the topic does not exist.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
func (s *Service) Subscribe(sub Subscription) (Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Topic(sub.TopicARN); err != nil {
		return Subscription{}, err
	}
	if err := cmp.Or(CheckProtocol(sub.Protocol), CheckEndpoint(sub.Protocol, sub.Endpoint)); err != nil {
		return Subscription{}, err
	}
	r, err := s.complete(sub)
	if err != nil {
		return Subscription{}, invalidAttribute(err)
	}
	for _, old := range s.subscribers(r.TopicARN) {
		if old.Protocol != r.Protocol || old.Endpoint != r.Endpoint {
			continue
		}
		if r.ARN = old.ARN; old.Subscription != r.withStateOf(old.Subscription) {
			return Subscription{}, invalid("Attributes Reason: Subscription already exists with different attributes")
		}
		if old.PendingConfirmation {
			return old.Subscription, s.putPending(old)
		}
		return old.Subscription, nil
	}
	r.ARN = cmp.Or(sub.ARN, r.TopicARN+":"+uuid.NewString())
	if r.PendingConfirmation {
		return r.Subscription, s.putPending(r)
	}
	return r.Subscription, s.putSubscription(r)
}

// withStateOf returns the subscription with what Subscribe does not set.
func (s Subscription) withStateOf(old Subscription) Subscription {
	s.PendingConfirmation, s.ConfirmedUnsigned = old.PendingConfirmation, old.ConfirmedUnsigned
	s.AuthenticateOnUnsubscribe = old.AuthenticateOnUnsubscribe
	return s
}

// putPending stores a subscription that is not confirmed, and sends the request to confirm
// it if the endpoint is an HTTP endpoint.
func (s *Service) putPending(r row) error {
	if !isHTTP(r.Protocol) {
		s.note(cloud.Info, r.TopicARN, "subscription %s sends no email to %s: see localcloud emails", r.ARN, r.Endpoint)
		return s.putSubscription(r)
	}
	task, changes, err := s.ask(subscribing, r.Subscription)
	if err != nil {
		return err
	}
	defer s.indexSubscriptions()
	if err := s.deliveries.Add([]backlog.Task{task}, append(changes, s.subscriptions.Set(r.ARN, r))...); err != nil {
		return err
	}
	return s.Store.Sync()
}

// putSubscription stores a subscription.
func (s *Service) putSubscription(r row) error {
	defer s.indexSubscriptions()
	return s.subscriptions.Put(r.ARN, r)
}

// removeSubscription removes a subscription. What it is still owed is dropped when it is
// due.
func (s *Service) removeSubscription(arn string) error {
	defer s.indexSubscriptions()
	changes := []store.Change{s.subscriptions.Unset(arn)}
	for _, t := range s.tokens.All() {
		if t.Subscription.ARN == arn {
			changes = append(changes, s.tokens.Unset(t.Value))
		}
	}
	return s.Store.Commit(changes...)
}

// UpdateSubscription replaces all attributes of the subscription with that ARN,
// except topic, protocol and endpoint.
//
// https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
func (s *Service) UpdateSubscription(sub Subscription) (Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updateSubscription(sub)
}

func (s *Service) updateSubscription(sub Subscription) (Subscription, error) {
	old, err := s.Subscription(sub.ARN)
	if err != nil {
		return Subscription{}, err
	}
	sub.TopicARN, sub.Protocol, sub.Endpoint = old.TopicARN, old.Protocol, old.Endpoint
	r, err := s.complete(sub)
	if err != nil {
		return Subscription{}, invalid("%v", err) // unlike Subscribe, without "Attributes Reason"
	}
	r.Subscription = r.withStateOf(old)
	return r.Subscription, s.putSubscription(r)
}

// complete checks the attributes, sets defaults and PendingConfirmation, and parses
// the policies.
func (s *Service) complete(sub Subscription) (row, error) {
	_, owned := s.Targets[sub.Protocol]
	sub.PendingConfirmation = !owned
	sub.FilterPolicyScope = cmp.Or(sub.FilterPolicyScope, filter.Attributes)
	if err := checkScope(sub.FilterPolicyScope); err != nil {
		return row{}, err
	}
	r, err := parse(sub)
	redrive := func(document string) error { return checkRedrivePolicy(s.Place, document) }
	return r, cmp.Or(err, cloud.CheckOptional(sub.RedrivePolicy, redrive), checkRaw(sub.Protocol, sub.RawMessageDelivery),
		checkSubscriptionPolicy(sub.Protocol, sub.DeliveryPolicy, sub.RawMessageDelivery))
}

// Subscription returns the subscription with that ARN. It fails with NotFound.
func (s *Service) Subscription(arn string) (Subscription, error) {
	r, ok := s.subscriptions.Get(arn)
	if !ok {
		return Subscription{}, notFound("Subscription")
	}
	return r.Subscription, nil
}

// Unsubscribe removes a subscription for its owner. It is not an error if there is none.
func (s *Service) Unsubscribe(arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.removeSubscription(arn)
}

// Subscriptions returns all subscriptions, ordered by ARN, so that those of a topic
// are adjacent.
func (s *Service) Subscriptions() []Subscription {
	rows := s.subscriptions.All()
	all := make([]Subscription, len(rows))
	for i, r := range rows {
		all[i] = r.Subscription
	}
	return all
}

// subscribers returns the subscriptions to a topic, ordered by ARN.
func (s *Service) subscribers(topicARN string) []row { return (*s.byTopic.Load())[topicARN] }

// indexSubscriptions prepares subscribers. It is called whenever a subscription changes.
func (s *Service) indexSubscriptions() {
	index := map[string][]row{}
	for _, r := range s.subscriptions.All() {
		index[r.TopicARN] = append(index[r.TopicARN], r)
	}
	s.byTopic.Store(&index)
	next := make(chan struct{})
	if last := s.changed.Swap(&next); last != nil {
		close(*last)
	}
}
