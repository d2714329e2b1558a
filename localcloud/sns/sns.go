// Package sns is Amazon SNS: topics, their subscriptions, and the delivery of
// messages to them.
package sns

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Service holds the topics of one account and region. Its methods may be
// called concurrently.
type Service struct {
	Options
	stream        string // of the delivery status logs that this process writes
	topics        *store.Table[Topic]
	subscriptions *store.Table[row]

	mu         sync.Mutex // held while topics and subscriptions change
	closed     bool
	deliveries sync.WaitGroup
	ctx        context.Context // ends with Close, which cuts waits for a retry short
	cancel     context.CancelFunc
}

// Options are the dependencies of a Service.
type Options struct {
	Place      cloud.Place
	Store      *store.Store
	Authorizer cloud.Authorizer
	Journal    cloud.Journal
	// Targets, by protocol. Subscriptions with another protocol are only
	// recorded.
	Targets map[string]Target
	// Queues receives what subscriptions with a redrive policy could not deliver.
	Queues cloud.Sender
	// Logs receives the delivery status, written with a role of the topic.
	Logs  cloud.LogWriter
	Roles cloud.RoleAssumer
}

// Target delivers the messages of one protocol.
type Target interface {
	// Deliver hands over one message, and returns the endpoint's response as a
	// JSON object. A *cloud.Error with a status in the 400s other than 429 is
	// final; after any other error SNS tries again.
	Deliver(ctx context.Context, d Delivery) (response string, err error)
}

// Delivery is one message on its way to one subscription.
type Delivery struct {
	Subscription     Subscription
	MessageID        string
	Time             time.Time // of the publication
	Subject          string    // "" for none
	Body             string    // for this protocol
	Attributes       map[string]Attribute
	SignatureVersion int // of the topic: 1 or 2
}

// New opens the topics and subscriptions that the store holds.
func New(o Options) (*Service, error) {
	topics, err := store.NewTable[Topic](o.Store, "sns-topics")
	if err != nil {
		return nil, err
	}
	subscriptions, err := store.NewTable[row](o.Store, "sns-subscriptions")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Service{
		Options: o, stream: uuid.NewString(), topics: topics, subscriptions: subscriptions, ctx: ctx, cancel: cancel,
	}, nil
}

// Close accepts no more messages and waits for the deliveries under way. It
// gives up on those that wait for a retry.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.deliveries.Wait()
	return nil
}

func (s *Service) record(level cloud.Level, resource, format string, args ...any) {
	s.Journal.Append(cloud.Entry{Level: level, Service: "sns", Resource: resource, Message: fmt.Sprintf(format, args...)})
}

// invalid is SNS's InvalidParameter: "Invalid parameter: …".
func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: "+format, args...)
}

func notFound(what string) *cloud.Error {
	return cloud.Errorf(http.StatusNotFound, "NotFound", "%s does not exist", what)
}
