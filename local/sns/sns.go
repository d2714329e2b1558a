// Package sns is Amazon SNS: topics, their subscriptions, and the delivery of
// messages to them.
package sns

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"tally/local/cloud"
	"tally/local/store"
)

// Service holds the topics of one account and region. Its methods may be
// called concurrently.
type Service struct {
	place         cloud.Place
	authorizer    cloud.Authorizer
	recorder      cloud.Recorder
	targets       map[string]Target // by protocol
	topics        *store.Table[Topic]
	subscriptions *store.Table[Subscription]

	mu         sync.Mutex // held while topics and subscriptions change
	closed     bool
	deliveries sync.WaitGroup
	ctx        context.Context // ends with Close: nobody waits for a retry any more
	cancel     context.CancelFunc
}

// Target takes the messages of one protocol to where they belong. One that
// also has a CheckEndpoint(endpoint string) error refuses with it, at
// Subscribe, an endpoint its protocol cannot have.
type Target interface {
	// Deliver hands over one message. A *cloud.Error with a status in the 400s
	// other than 429 is final; after any other error SNS tries again.
	Deliver(ctx context.Context, d Delivery) error
}

// Delivery is one message on its way to one subscription.
type Delivery struct {
	Subscription Subscription
	MessageID    string
	Time         time.Time
	Subject      string // "" for none
	Body         string // what the message says to this protocol
	Attributes   map[string]Attribute
}

// New opens the topics and subscriptions that the store holds. A subscription
// can have the protocols that targets has.
func New(place cloud.Place, st *store.Store, authorizer cloud.Authorizer, recorder cloud.Recorder, targets map[string]Target) (*Service, error) {
	topics, err := store.NewTable[Topic](st, "sns-topics")
	if err != nil {
		return nil, err
	}
	subscriptions, err := store.NewTable[Subscription](st, "sns-subscriptions")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Service{
		place: place, authorizer: authorizer, recorder: recorder, targets: targets,
		topics: topics, subscriptions: subscriptions,
		ctx: ctx, cancel: cancel,
	}, nil
}

// Close takes no more messages and waits for the deliveries under way. Those
// that wait for a retry are lost, and recorded as such.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.deliveries.Wait()
	return nil
}

func (s *Service) record(level cloud.Level, resource, format string, args ...any) {
	s.recorder.Record(cloud.Entry{Level: level, Service: "sns", Resource: resource, Message: fmt.Sprintf(format, args...)})
}

// invalid is SNS's InvalidParameter: "Invalid parameter: …".
func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: "+format, args...)
}

func notFound(what string) *cloud.Error {
	return cloud.Errorf(http.StatusNotFound, "NotFound", "%s does not exist", what)
}
