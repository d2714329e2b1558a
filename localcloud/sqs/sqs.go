// Package sqs is the local cloud's Amazon Simple Queue Service: standard queues
// with visibility timeouts, long polling and dead-letter queues. Messages are
// on disk before a sender has its answer.
package sqs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Service keeps queues and their messages.
type Service struct {
	place      cloud.Place
	authorizer cloud.Authorizer
	endpoint   func() string
	queues     *store.Table[Queue]   // by name
	kept       *store.Table[message] // by message.key

	done chan struct{} // closed by Close
	end  func()

	mu       sync.Mutex
	backlogs map[string]*backlog // by the queue's name
	last     uint64              // the number of the message that came last
}

// backlog is what a queue holds.
type backlog struct {
	messages []*message    // in the order of their numbers
	changed  chan struct{} // closed, and made anew, when a receiver should look again
	purged   time.Time
}

// New opens the queues that the store holds. Each operation on messages is
// authorized. The URLs of queues begin with what endpoint returns: the base URL
// of the gateway.
func New(place cloud.Place, st *store.Store, authorizer cloud.Authorizer, endpoint func() string) (*Service, error) {
	s := &Service{place: place, authorizer: authorizer, endpoint: endpoint, done: make(chan struct{}), backlogs: map[string]*backlog{}}
	s.end = sync.OnceFunc(func() { close(s.done) })
	var err, err2 error
	s.queues, err = store.NewTable[Queue](st, "sqs-queues")
	s.kept, err2 = store.NewTable[message](st, "sqs-messages")
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	for _, q := range s.queues.All() {
		s.backlogs[q.Name] = &backlog{changed: make(chan struct{})}
	}
	return s, s.load()
}

// load sorts what the store holds into the backlogs.
func (s *Service) load() error {
	for _, m := range s.kept.All() {
		s.last = m.Number
		b := s.backlogs[m.Queue]
		if b == nil { // its queue was being deleted; another may get that name
			if err := s.kept.Delete(m.key()); err != nil {
				return err
			}
			continue
		}
		b.messages = append(b.messages, &m)
	}
	return nil
}

// Close ends the waits of those who receive. Messages can still be sent, as
// services that close later do.
func (s *Service) Close() error {
	s.end()
	return nil
}

// notify lets those who wait look again.
func (b *backlog) notify() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// add puts a message at its place in the order of arrival.
func (b *backlog) add(m *message) {
	i, _ := slices.BinarySearchFunc(b.messages, m, compareNumbers)
	b.messages = slices.Insert(b.messages, i, m)
	b.notify()
}

func (b *backlog) remove(m *message) {
	if i, ok := slices.BinarySearchFunc(b.messages, m, compareNumbers); ok {
		b.messages = slices.Delete(b.messages, i, i+1)
	}
}

// nameIn is the name of the queue that an address points to. The host does not
// matter: this machine has several names, and its port may change.
func (s *Service) nameIn(address string) (string, error) {
	if address == "" {
		return "", missing("QueueUrl")
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", invalidAddress(address)
	}
	account, name, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !ok || account == "" || name == "" || strings.Contains(name, "/") {
		return "", invalidAddress(address)
	}
	if account != s.place.Account {
		return "", nonExistent()
	}
	return name, nil
}

// permit finds a queue and asks whether the caller may do the action to it.
func (s *Service) permit(ctx context.Context, caller cloud.Caller, address, action string) (Queue, error) {
	q, err := s.Queue(address)
	if err != nil {
		return Queue{}, err
	}
	return q, s.authorize(ctx, caller, q, action)
}

func (s *Service) authorize(ctx context.Context, caller cloud.Caller, q Queue, action string) error {
	return s.authorizer.Authorize(ctx, cloud.Request{Caller: caller, Action: "sqs:" + action, Resource: q.ARN, ResourcePolicy: q.Policy})
}

const namespace = "AWS.SimpleQueueService." // of the codes that SQS had first

func refusal(code, format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, code, format, args...)
}

func nonExistent() error {
	return refusal(namespace+"NonExistentQueue", "The specified queue does not exist.")
}

func missing(parameter string) error {
	return refusal("MissingParameter", "The request must contain the parameter %s.", parameter)
}

func invalidAddress(address string) error {
	return refusal("InvalidAddress", "The address %s is not valid for this endpoint.", address)
}

// invalid is AWS's refusal of a parameter.
func invalid(value any, parameter, reason string, args ...any) error {
	return refusal("InvalidParameterValue", "Value %v for parameter %s is invalid. Reason: %s", value, parameter, fmt.Sprintf(reason, args...))
}
