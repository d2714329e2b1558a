// Package sqs emulates Amazon SQS: standard queues with visibility timeouts, long
// polling and dead-letter queues. A message is on disk before its sender receives
// the response.
package sqs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Service holds the queues of one account and region, and their messages.
type Service struct {
	place      cloud.Place
	authorizer cloud.Authorizer
	endpoint   func() string
	metrics    cloud.Metrics
	keys       cloud.Keys            // nil permits the use of any key
	queues     *store.Table[row]     // by name
	messages   *store.Table[message] // by message.key

	done chan struct{} // closed by Close
	end  func()

	mu       sync.Mutex
	backlogs map[string]*backlog // by the queue's name
	last     uint64              // the number of the newest message
}

// backlog holds the messages of a queue.
type backlog struct {
	messages []*message    // ordered by number
	changed  chan struct{} // closed and replaced when receivers should try again
	purged   time.Time     // when Purge last removed all messages
	used     time.Time     // when the queue was last accessed
}

// New opens the queues in the store. The authorizer authorizes each operation on
// messages. The URLs of queues begin with what endpoint returns: the base URL of the
// gateway.
func New(place cloud.Place, st *store.Store, authorizer cloud.Authorizer, endpoint func() string) (*Service, error) {
	s := &Service{place: place, authorizer: authorizer, endpoint: endpoint, metrics: cloud.NoMetrics{}, done: make(chan struct{}), backlogs: map[string]*backlog{}}
	s.end = sync.OnceFunc(func() { close(s.done) })
	var err, err2 error
	s.queues, err = store.NewTable[row](st, "sqs-queues")
	s.messages, err2 = store.NewTable[message](st, "sqs-messages")
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	for _, q := range s.queues.All() {
		s.backlogs[q.Name] = &backlog{changed: make(chan struct{})}
	}
	return s, s.load()
}

// load fills the backlogs with the messages in the store.
func (s *Service) load() error {
	for _, m := range s.messages.All() {
		s.last = m.Number
		b := s.backlogs[m.Queue]
		if b == nil { // a crash interrupted DeleteQueue; a new queue may have that name
			if err := s.messages.Delete(m.key()); err != nil {
				return err
			}
			continue
		}
		b.messages = append(b.messages, &m)
	}
	return nil
}

// Close ends the waits of receivers. Services that close later can still send
// messages.
func (s *Service) Close() error {
	s.end()
	return nil
}

// notify wakes the waiting receivers.
func (b *backlog) notify() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// add inserts a message in the order of arrival.
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

// nameIn returns the name of the queue at a URL. It ignores the host, because this
// machine has several names and the port may change.
func (s *Service) nameIn(address string) (string, error) {
	account, name, err := splitURL(address)
	if err != nil {
		return "", err
	}
	if account != s.place.Account {
		return "", nonExistent()
	}
	return name, nil
}

// permit returns the queue at a URL if the caller may perform the action on it.
func (s *Service) permit(ctx context.Context, caller cloud.Caller, address, action string) (Queue, error) {
	q, err := s.Queue(address)
	if err != nil {
		return Queue{}, err
	}
	if err := s.authorize(ctx, caller, q, action); err != nil {
		return q, err
	}
	return q, s.authorizeKey(ctx, caller, q, action)
}

func (s *Service) authorize(ctx context.Context, caller cloud.Caller, q Queue, action string) error {
	return s.authorizer.Authorize(ctx, cloud.Request{Caller: caller, Action: "sqs:" + action, Resource: q.ARN, ResourcePolicy: q.Policy})
}

const namespace = "AWS.SimpleQueueService." // prefix of the older error codes of SQS

func refusal(code, format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, code, format, args...)
}

func nonExistent() error {
	return refusal(namespace+"NonExistentQueue", "The specified queue does not exist.")
}

// missing returns the error for a parameter that is not set.
func missing(parameter string) error {
	return refusal("MissingParameter", "The request must contain the parameter %s.", parameter)
}

func invalidAddress(address string) error {
	return refusal("InvalidAddress", "The address %s is not valid for this endpoint.", address)
}

// invalid returns the error for the value of a parameter.
func invalid(value any, parameter, reason string, args ...any) error {
	return refusal("InvalidParameterValue", "Value %v for parameter %s is invalid. Reason: %s", value, parameter, fmt.Sprintf(reason, args...))
}
