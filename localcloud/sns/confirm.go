package sns

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/store"
)

// The kinds of messages other than notifications, which ask the owner of an HTTP endpoint.
const (
	subscribing   = "SubscriptionConfirmation"
	unsubscribing = "UnsubscribeConfirmation"
)

// token is a row: what its holder may confirm.
type token struct {
	Value        string
	Subscription Subscription // as it is restored if it has been deleted
	Restores     bool         // whether it is: the token was sent because of the deletion
	Created      time.Time
}

// tokenLifetime is how long a token is valid.
//
// https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
const tokenLifetime = 2 * 24 * time.Hour

// ask returns the task and the changes that send a message with a new token to an endpoint.
func (s *Service) ask(kind string, sub Subscription) (backlog.Task, []store.Change, error) {
	secret := make([]byte, 144)
	rand.Read(secret) // never fails
	topic, _ := s.topics.Get(sub.TopicARN)
	now := time.Now().UTC()
	m := stored{ID: uuid.NewString(), Time: now, SignatureVersion: topic.SignatureVersion, Token: hex.EncodeToString(secret)}
	body := "You have chosen to subscribe to the topic " + sub.TopicARN + ".\nTo confirm the subscription, visit the SubscribeURL included in this message."
	if kind == unsubscribing {
		m.Former = &sub
		body = "You have chosen to deactivate subscription " + sub.ARN + ".\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
	}
	record, err := backlog.Encode(m, body)
	if err != nil {
		return backlog.Task{}, nil, err
	}
	data, _ := json.Marshal(owed{Message: m.ID, Kind: kind}) // always encodes
	changes := []store.Change{
		s.messages.Set(m.ID, record),
		s.tokens.Set(m.Token, token{Value: m.Token, Subscription: sub, Restores: kind == unsubscribing, Created: now}),
	}
	return backlog.Task{Lane: sub.ARN, Size: len(record), Data: data}, append(changes, s.expiredTokens()...), nil
}

// expiredTokens returns the changes that remove expired tokens.
func (s *Service) expiredTokens() (changes []store.Change) {
	for _, t := range s.tokens.All() {
		if t.expired() {
			changes = append(changes, s.tokens.Unset(t.Value))
		}
	}
	return changes
}

func (t token) expired() bool { return time.Since(t.Created) > tokenLifetime }

// ConfirmSubscription confirms a subscription to an HTTP endpoint with the token that the
// endpoint received, or restores it after Deactivate. Confirming again is not an error.
// signed is whether somebody signed the request; otherwise authenticate must not be set,
// which lets only the owner of the subscription delete it. It fails with InvalidParameter,
// AuthorizationError and NotFound.
//
// https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
func (s *Service) ConfirmSubscription(topicARN, value string, signed, authenticate bool) (Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Topic(topicARN); err != nil {
		return Subscription{}, err
	}
	if authenticate && !signed {
		return Subscription{}, unauthorized("AuthenticateOnUnsubscribe requires a signed request")
	}
	t, ok := s.tokens.Get(value)
	if !ok || t.Subscription.TopicARN != topicARN || t.expired() {
		return Subscription{}, invalid("Token")
	}
	r, exists := s.subscriptions.Get(t.Subscription.ARN)
	switch {
	case exists && !r.PendingConfirmation:
		return r.Subscription, nil
	case !exists && !t.Restores:
		return Subscription{}, invalid("Token")
	case !exists:
		var err error
		if r, err = parse(t.Subscription); err != nil {
			return Subscription{}, err
		}
	}
	r.PendingConfirmation, r.ConfirmedUnsigned, r.AuthenticateOnUnsubscribe = false, !signed, authenticate
	s.note(cloud.Info, topicARN, "subscription %s is confirmed: %s receives messages", r.ARN, r.Where())
	return r.Subscription, s.putSubscription(r)
}

// AwaitConfirmation returns the subscription with that ARN once it is confirmed. It fails
// with NotFound if it is deleted, and when ctx ends.
func (s *Service) AwaitConfirmation(ctx context.Context, arn string) (Subscription, error) {
	for {
		changed := *s.changed.Load()
		sub, err := s.Subscription(arn)
		if err != nil || !sub.PendingConfirmation {
			return sub, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return sub, ctx.Err()
		}
	}
}

// Deactivate removes a subscription for somebody who has its UnsubscribeURL and did not
// sign the request. An HTTP endpoint receives a message with which its owner can restore
// the subscription. It fails with AuthorizationError if the subscription requires a
// signature, with InvalidParameter if it is not confirmed, and with NotFound if its topic
// does not exist. It is not an error if there is no such subscription.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html
func (s *Service) Deactivate(arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.subscriptions.Get(arn)
	switch {
	case !ok:
		return nil
	case r.AuthenticateOnUnsubscribe:
		return unauthorized("the subscription can be deleted only with a signed request")
	case r.PendingConfirmation:
		return errPending()
	}
	s.warn(r.TopicARN, "subscription %s of %s was deleted by an unsigned request", arn, r.Where())
	if !isHTTP(r.Protocol) {
		return s.removeSubscription(arn)
	}
	task, changes, err := s.ask(unsubscribing, r.Subscription)
	if err != nil {
		return err
	}
	if err := s.deliveries.Add([]backlog.Task{task}, append(changes, s.subscriptions.Unset(arn))...); err != nil {
		return err
	}
	s.indexSubscriptions()
	return s.Store.Sync()
}

// errPending is the error of Unsubscribe for a subscription that is not confirmed.
func errPending() error {
	return invalid("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
}

func unauthorized(reason string) error {
	return cloud.Errorf(http.StatusForbidden, "AuthorizationError", "Not authorized: %s", reason)
}
