// Package lambda runs functions like AWS Lambda: it stores their code and
// configuration, starts execution environments as concurrency requires, and
// invokes functions synchronously, or asynchronously with retries.
package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/sigv4"
	"tally/localcloud/store"
)

// Limits of AWS Lambda.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	maxSyncPayload     = 6 * 1024 * 1024  // bytes
	maxAsyncPayload    = 1024 * 1024      // bytes
	maxZipped          = 50 * 1024 * 1024 // bytes
	maxUnzipped        = 250 * 1024 * 1024
	maxEnvironment     = 4 * 1024  // bytes of all variables as JSON
	maxPolicy          = 20 * 1024 // bytes of a resource-based policy
	accountConcurrency = 1000      // environments of all functions busy at once
	minUnreserved      = 100       // of these, left to functions without a reservation
	initTimeout        = 10 * time.Second
)

// principal is Lambda's service principal. The trust policy of a function's role
// must allow it to assume the role.
const principal = "lambda.amazonaws.com"

// Options are the dependencies of a Service. All but Store, Keys, Traces, Metrics,
// Faults, Pace, Queues, Credentials, FirstPort, Taken, Saturated and IdleTimeout are required.
type Options struct {
	Place      cloud.Place
	Store      *store.Store
	Dir        string // holds the unpacked code; the service owns the folder
	Roles      cloud.RoleAssumer
	Authorizer cloud.Authorizer
	Keys       cloud.Keys // nil permits the use of any key
	Logs       cloud.LogWriter
	Traces     cloud.TraceWriter // nil discards traces
	Journal    cloud.Journal
	Metrics    cloud.Metrics // nil collects none
	Faults     cloud.Faults  // nil injects none
	Runner     Runner
	Pace       cloud.Pace    // scales the waits between asynchronous attempts
	Endpoint   func() string // returns the functions' AWS_ENDPOINT_URL
	// Sender and Publish deliver records of asynchronous invocations to queues and
	// topics.
	Sender  cloud.Sender
	Publish Publish
	// Queues are the sources of event source mappings, which cannot be created without.
	Queues cloud.Receiver
	// Credentials returns the credentials that have an access key ID, for URLs of functions
	// that require a signature; nil knows none.
	Credentials func(accessKeyID string) (cloud.Credentials, error)
	// FirstPort is the lowest loopback port of a URL, usually 4567; 0 means any free port.
	FirstPort int
	// Taken returns the ports that belong to other endpoints, served or not; nil means none.
	Taken func() []int
	// Saturated reports whether the machine's processors have nothing left for another
	// environment; nil means never.
	Saturated func() bool
	// IdleTimeout is how long an environment waits for its next event before it is
	// removed; 0 means 10 minutes.
	IdleTimeout time.Duration
}

// Service is AWS Lambda. It implements [cloud.Invoker].
type Service struct {
	options   Options
	functions *store.Table[record]
	payloads  *store.Values // of the events in the queue, by request ID
	queue     *backlog.Backlog
	mappings  mappings
	verifier  *sigv4.Verifier // of requests to URLs

	eager int // environments of a function that are started without waiting

	debugged sync.Map // contexts by the names of the functions that are being debugged

	life context.Context // canceled by Close
	end  context.CancelFunc
	work sync.WaitGroup // the goroutines that Close waits for

	mu     sync.Mutex
	closed bool
	pools  map[string]*pool      // by the function's name; only of functions with environments
	urls   map[string]*urlServer // by the ID of the URL; nil once Close has begun
	// busy counts the invocations in progress, unreservedBusy those of functions
	// without reserved concurrency, and reserved is the sum of all reservations.
	busy, unreservedBusy, reserved int
}

// record is a stored function.
type record struct {
	Function
	Permissions   []Permission
	Versions      []Function // published, oldest first
	Published     int        // the number of the newest version ever published, even if it has been deleted
	Aliases       []Alias    // ordered by name
	InvokeConfigs []EventInvokeConfig
	URLs          []FunctionURL

	// documents holds the policy documents that result from Permissions, by
	// qualifier. They are rebuilt when the record changes and when the table is
	// opened.
	documents map[string]string
}

// UnmarshalJSON decodes a stored function and builds its policy documents.
func (r *record) UnmarshalJSON(raw []byte) error {
	type stored record // without this method
	if err := json.Unmarshal(raw, (*stored)(r)); err != nil {
		return err
	}
	r.Published = max(r.Published, len(r.Versions)) // earlier releases did not store it
	r.documents = r.policies()
	return nil
}

// New loads the functions from the store, and removes from the code folder what
// an earlier process left behind. Queued events wait for Start.
func New(o Options) (*Service, error) {
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 10 * time.Minute
	}
	if o.Metrics == nil {
		o.Metrics = cloud.NoMetrics{}
	}
	if o.Faults == nil {
		o.Faults = cloud.NoFaults{}
	}
	if o.Credentials == nil {
		o.Credentials = func(string) (cloud.Credentials, error) {
			return cloud.Credentials{}, cloud.Errorf(http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid.")
		}
	}
	if o.Taken == nil {
		o.Taken = func() []int { return nil }
	}
	if o.Saturated == nil {
		o.Saturated = func() bool { return false }
	}
	// A function's process has a different working directory.
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	functions, err := store.NewTable[record](o.Store, "lambda-functions")
	if err != nil {
		return nil, err
	}
	s := &Service{options: o, functions: functions, pools: map[string]*pool{}, urls: map[string]*urlServer{}, verifier: sigv4.New(o.Credentials), eager: eagerPerProcessor * runtime.GOMAXPROCS(0)}
	s.life, s.end = context.WithCancel(context.Background())
	s.reserveLocked()
	if err := s.openQueue(); err != nil {
		return nil, err
	}
	if err := s.openMappings(); err != nil {
		return nil, err
	}
	if err := s.removeLeftovers(); err != nil {
		return nil, fmt.Errorf("clean the code folder %s: %w", o.Dir, err)
	}
	s.inspect()
	return s, nil
}

// Start begins to process the queue, first what an earlier process left in it, to poll for
// event source mappings, and to serve the URLs of functions. Call it once, after everything that functions and destinations
// depend on is ready.
func (s *Service) Start() {
	s.queue.Start()
	s.startMappings()
	s.startURLs()
}

// Close waits up to five seconds for requests to URLs, and then ends every environment and
// every invocation in progress. Queued events stay in the store.
func (s *Service) Close() error {
	s.closeURLs()
	s.mu.Lock()
	s.closed = true
	s.end()
	var idle []*instance
	for name := range s.pools {
		idle = append(idle, s.takeIdleLocked(name, record{})...)
	}
	s.mu.Unlock()
	s.retire(idle...)
	s.queue.Close()
	s.work.Wait()
	return nil
}

var errClosed = cloud.Errorf(http.StatusServiceUnavailable, "ServiceException", "The local cloud is shutting down.")

// begin runs work in a goroutine that Close waits for. It returns errClosed if
// Close has begun.
func (s *Service) begin(work func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.work.Go(work)
	return nil
}

// lose appends the loss of an event or of its result to the journal.
func (s *Service) lose(function, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{
		Level: cloud.Warning, Loss: true, Service: "lambda", Resource: function, Message: fmt.Sprintf(format, args...),
	})
}

// note appends an entry about the function to the journal.
func (s *Service) note(level cloud.Level, function, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{
		Level: level, Service: "lambda", Resource: function, Message: fmt.Sprintf(format, args...),
	})
}
