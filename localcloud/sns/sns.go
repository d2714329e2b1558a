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
	subscriptions *store.Table[Subscription]

	mu         sync.Mutex // held while topics and subscriptions change
	closed     bool
	deliveries sync.WaitGroup
	ctx        context.Context // ends with Close: nobody waits for a retry any more
	cancel     context.CancelFunc
}

// Options are what a Service is made of.
type Options struct {
	Place      cloud.Place
	Store      *store.Store
	Authorizer cloud.Authorizer
	Journal    cloud.Journal
	// Targets, by protocol. A subscription can have these protocols, and those
	// that are only recorded: see Subscription.
	Targets map[string]Target
	// Queues takes what subscriptions with a redrive policy could not deliver.
	Queues cloud.Sender
	// Logs takes the delivery status, which is written in a role of the topic.
	Logs  cloud.LogWriter
	Roles cloud.RoleAssumer
}

// Target takes the messages of one protocol to where they belong. One that
// also has a CheckEndpoint(endpoint string) error refuses with it, at
// Subscribe, an endpoint its protocol cannot have.
type Target interface {
	// Deliver hands over one message, and returns what the endpoint answered, as
	// a JSON object. A *cloud.Error with a status in the 400s other than 429 is
	// final; after any other error SNS tries again.
	Deliver(ctx context.Context, d Delivery) (answer string, err error)
}

// Delivery is one message on its way to one subscription.
type Delivery struct {
	Subscription     Subscription
	MessageID        string
	Time             time.Time // of the publication
	Subject          string    // "" for none
	Body             string    // what the message says to this protocol
	Attributes       map[string]Attribute
	SignatureVersion int // of the topic: 1 or 2
}

// New opens the topics and subscriptions that the store holds.
func New(o Options) (*Service, error) {
	topics, err := store.NewTable[Topic](o.Store, "sns-topics")
	if err != nil {
		return nil, err
	}
	subscriptions, err := store.NewTable[Subscription](o.Store, "sns-subscriptions")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Service{
		Options: o, stream: uuid.NewString(), topics: topics, subscriptions: subscriptions, ctx: ctx, cancel: cancel,
	}, nil
}

// Close takes no more messages and waits for the deliveries under way. Those
// that wait for a retry are given up.
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
