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
	"sync"
	"time"

	"tally/localcloud/cloud"
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
	maxEnvironment     = 4 * 1024  // bytes, all variables as JSON
	maxPolicy          = 20 * 1024 // bytes, a resource-based policy
	accountConcurrency = 1000      // environments busy at once, over all functions
	minUnreserved      = 100       // of them, for functions that reserve none
	initTimeout        = 10 * time.Second
)

// principal is the name of Lambda in policies. The trust policy of a function's
// role must allow it.
const principal = "lambda.amazonaws.com"

// Options are the dependencies of a Service. All but Store, Pace and IdleTimeout
// are required.
type Options struct {
	Place      cloud.Place
	Store      *store.Store
	Dir        string // holds the unpacked code; the service owns the folder
	Roles      cloud.RoleAssumer
	Authorizer cloud.Authorizer
	Logs       cloud.LogWriter
	Journal    cloud.Journal
	Runner     Runner
	Pace       cloud.Pace    // of the waits between asynchronous attempts
	Endpoint   func() string // AWS_ENDPOINT_URL of the functions
	// Sender and Publish deliver records of asynchronous invocations to queues and
	// topics.
	Sender  cloud.Sender
	Publish Publish
	// IdleTimeout is how long an environment waits for its next event before it is
	// removed; 0 stands for 10 minutes.
	IdleTimeout time.Duration
}

// Service is AWS Lambda. It is a cloud.Invoker.
type Service struct {
	options   Options
	functions *store.Table[record]
	events    *store.Table[event]

	life context.Context // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup // whatever must end before Close returns

	mu     sync.Mutex
	closed bool
	// live holds every environment by its function's name, the most recently used
	// last.
	live map[string][]*instance
}

// record is a stored function.
type record struct {
	Function
	Permissions   []Permission
	Versions      []Function // published, the oldest first
	Aliases       []Alias    // ordered by name
	InvokeConfigs []EventInvokeConfig

	// documents are the policies that follow from Permissions, by qualifier. They
	// are built when the record changes, and when the table is opened.
	documents map[string]string
}

// UnmarshalJSON reads a stored function.
func (r *record) UnmarshalJSON(raw []byte) error {
	type stored record // without this method
	if err := json.Unmarshal(raw, (*stored)(r)); err != nil {
		return err
	}
	r.documents = r.policies()
	return nil
}

// New opens the functions that the store holds and removes what an earlier
// process left in the code folder. Queued events wait for Start.
func New(o Options) (*Service, error) {
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 10 * time.Minute
	}
	// A function's process has another working directory.
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	functions, err := store.NewTable[record](o.Store, "lambda-functions")
	if err != nil {
		return nil, err
	}
	events, err := store.NewTable[event](o.Store, "lambda-events")
	if err != nil {
		return nil, err
	}
	s := &Service{options: o, functions: functions, events: events, live: map[string][]*instance{}}
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.removeLeftovers(); err != nil {
		return nil, fmt.Errorf("clean the code folder %s: %w", o.Dir, err)
	}
	return s, nil
}

// Start resumes the asynchronous invocations that an earlier process left in
// the queue. Call it once, when everything that functions and destinations
// reach is ready.
func (s *Service) Start() {
	for _, e := range s.events.All() {
		s.work.Go(func() { s.attend(e) })
	}
}

// Close ends every environment and every invocation under way. Queued events
// stay in the store.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.end()
	var idle []*instance
	for name := range s.live {
		idle = append(idle, s.takeIdleLocked(name, record{})...)
	}
	s.mu.Unlock()
	s.retire(idle...)
	s.work.Wait()
	return nil
}

var errClosed = cloud.Errorf(http.StatusServiceUnavailable, "ServiceException", "The local cloud is shutting down.")

// begin starts work that Close waits for, unless Close has begun.
func (s *Service) begin(work func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.work.Go(work)
	return nil
}

func (s *Service) note(level cloud.Level, function, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{
		Level: level, Service: "lambda", Resource: function, Message: fmt.Sprintf(format, args...),
	})
}
