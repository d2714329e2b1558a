// Package sns emulates Amazon SNS: topics, their subscriptions, and the delivery
// of messages to them.
package sns

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/store"
)

// Service holds the topics of one account and region. Its methods may be
// called concurrently.
type Service struct {
	Options
	stream        string // the log stream to which this process writes delivery statuses
	topics        *store.Table[Topic]
	subscriptions *store.Table[row]
	messages      *store.Values // with deliveries that have not ended, by ID
	shares        *store.Values // numbers of such deliveries, by the ID of a message that owes several
	tokens        *store.Table[token]
	deliveries    *backlog.Backlog
	http          *httpTarget
	throttle      throttle
	emails        emails

	untraced sync.Map // the ARNs of topics whose segments X-Ray has refused

	mu      sync.Mutex // held while topics and subscriptions change
	closed  atomic.Bool
	byTopic atomic.Pointer[map[string][]row] // the subscriptions, by ARN of the topic
	changed atomic.Pointer[chan struct{}]    // closed and replaced when subscriptions change
}

// Options are the dependencies of a Service.
type Options struct {
	Place      cloud.Place
	Store      *store.Store
	Authorizer cloud.Authorizer
	Keys       cloud.Keys // nil permits the use of any key
	Journal    cloud.Journal
	// Targets are the targets by protocol, apart from HTTP and HTTPS, which the service
	// delivers to itself. Subscriptions with another protocol are only recorded.
	Targets map[string]Target
	// Endpoint returns the base URL of SNS in messages to HTTP endpoints. It is called
	// only when such a message is sent.
	Endpoint func() string
	// Transport sends the requests to HTTP endpoints; nil is a standard one.
	Transport http.RoundTripper
	// Pace scales the waits of a minute or more between attempts to deliver.
	Pace cloud.Pace
	// Queues receives the messages that a subscription with a redrive policy could
	// not deliver.
	Queues cloud.Sender
	// Logs receives the delivery status, written with a role of the topic that
	// Roles provides.
	Logs  cloud.LogWriter
	Roles cloud.RoleAssumer
	// Traces receives the segments of topics with active tracing; nil discards them.
	Traces  cloud.TraceWriter
	Metrics cloud.Metrics // nil collects none
	Faults  cloud.Faults  // nil injects none
}

// Target delivers the messages of one protocol.
type Target interface {
	// Deliver delivers one message. A *cloud.Error with a status other than 429 and 5xx
	// is final. After any other error, SNS retries, but context.Canceled leaves the
	// message to the next start.
	Deliver(ctx context.Context, d Delivery) (Receipt, error)
}

// Receipt is the response of an endpoint that accepted a message.
type Receipt struct {
	Response string // a JSON object, or the status of an HTTP endpoint
	Status   int    // HTTP status
}

// Delivery is one message on its way to one subscription.
type Delivery struct {
	Subscription     Subscription
	MessageID        string
	Time             time.Time // of the publication
	Subject          string    // "" for none
	Body             string    // for this protocol
	Attributes       map[string]Attribute
	GroupID          string // only for queues; "" for none
	TraceHeader      string // "" for none
	Trace            string // of its step
	SignatureVersion int    // of the topic: 1 or 2

	// The remaining fields are only for HTTP endpoints.

	ContentType string
	Kind        string // SubscriptionConfirmation or UnsubscribeConfirmation; "" for a notification
	Token       string // of the confirmation
}

// New opens the topics, subscriptions and messages that the store holds. Deliveries wait
// for Start.
func New(o Options) (*Service, error) {
	topics, err := store.NewTable[Topic](o.Store, "sns-topics")
	if err != nil {
		return nil, err
	}
	subscriptions, err := store.NewTable[row](o.Store, "sns-subscriptions")
	if err != nil {
		return nil, err
	}
	tokens, err := store.NewTable[token](o.Store, "sns-tokens")
	if err != nil {
		return nil, err
	}
	signer, err := newSigner(o.Place, o.Store)
	if err != nil {
		return nil, err
	}
	if o.Metrics == nil {
		o.Metrics = cloud.NoMetrics{}
	}
	if o.Faults == nil {
		o.Faults = cloud.NoFaults{}
	}
	s := &Service{Options: o, stream: uuid.NewString(), topics: topics, subscriptions: subscriptions, tokens: tokens}
	s.http = newHTTPTarget(signer, o.Endpoint, o.Transport)
	s.indexSubscriptions()
	return s, s.openDeliveries()
}

// Start begins to deliver, first what an earlier process left. Call it once, after the
// targets are ready.
func (s *Service) Start() { s.deliveries.Start() }

// Close makes the service refuse further messages, interrupts requests to HTTP endpoints,
// and waits for the other deliveries in progress. What is not delivered remains in the
// store for the next start.
func (s *Service) Close() error {
	s.closed.Store(true)
	s.http.close()
	s.deliveries.Close()
	return nil
}

// Owed returns the number of deliveries that have not ended, by the ARN of the
// subscription.
func (s *Service) Owed() map[string]int { return s.deliveries.Lens() }

// note adds an entry about a resource to the journal.
func (s *Service) note(level cloud.Level, resource, format string, args ...any) {
	s.Journal.Append(cloud.Entry{Level: level, Service: "sns", Resource: resource, Message: fmt.Sprintf(format, args...)})
}

// warn adds a warning about a resource to the journal.
func (s *Service) warn(resource, format string, args ...any) {
	s.note(cloud.Warning, resource, format, args...)
}

// lose adds the loss of a message to the journal.
func (s *Service) lose(resource, format string, args ...any) {
	s.Journal.Append(cloud.Entry{Level: cloud.Warning, Loss: true, Service: "sns", Resource: resource, Message: fmt.Sprintf(format, args...)})
}

// invalid returns SNS's error InvalidParameter, whose message begins with
// "Invalid parameter: ".
func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: "+format, args...)
}

func notFound(what string) *cloud.Error {
	return cloud.Errorf(http.StatusNotFound, "NotFound", "%s does not exist", what)
}
