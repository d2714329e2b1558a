// Package runtimeapi serves the Lambda Runtime API of one execution environment:
// the HTTP interface from which the function's runtime receives events and to
// which it sends responses.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Event is one invocation as the runtime receives it.
type Event struct {
	RequestID     string
	FunctionARN   string // with a qualifier if the caller specified one
	Payload       []byte // JSON
	Deadline      time.Time
	TraceID       string // X-Amzn-Trace-Id
	ClientContext string // JSON, or ""
	// Attempt is the number of this attempt, from 1, or 0 if there can be only one. Source is
	// the ARN of what invoked the function, or "" if that has a step of its own, and Links are
	// the traces of the messages in a batch. All three are for steps.
	Attempt int      `json:"-"`
	Source  string   `json:"-"`
	Links   []string `json:"-"`
	// Responded receives the response as soon as the runtime has sent it, before the
	// runtime requests the next event. It must neither block nor call the API. It may
	// be nil.
	Responded func(Response) `json:"-"`
}

// Response is the runtime's response to an event.
//
// Payload is the function's result or, if Failed is set, a JSON object with
// errorMessage and errorType.
type Response struct {
	Payload []byte
	Failed  bool
}

// InitError is the error that the runtime reported because it could not start:
// a JSON object with errorMessage and errorType.
type InitError struct{ Payload []byte }

func (e *InitError) Error() string { return "the runtime could not start: " + string(e.Payload) }

// API serves the Runtime API to one runtime. It implements [http.Handler].
type API struct {
	mux       *http.ServeMux
	calls     chan *call // from Invoke to the runtime's GET next
	ready     chan struct{}
	initError chan *InitError

	mu      sync.Mutex
	started bool  // ready is closed
	current *call // sent to the runtime; nil once the runtime requests the next one
}

// call is an Event in progress.
type call struct {
	Event
	response *Response     // nil until the runtime has responded; guarded by API.mu
	done     chan struct{} // closed when the runtime requests the next event
}

// New returns the API of an environment whose runtime has not started.
func New() *API {
	a := &API{
		mux:       http.NewServeMux(),
		calls:     make(chan *call),
		ready:     make(chan struct{}),
		initError: make(chan *InitError, 1),
	}
	a.routes()
	return a
}

// Ready waits until the runtime requests its first event. It returns an
// *InitError if the runtime reports that it cannot start, and context.Cause(ctx)
// if ctx ends first.
func (a *API) Ready(ctx context.Context) error {
	select {
	case <-a.ready:
		return nil
	case err := <-a.initError:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Invoke sends the event to the runtime and returns the response once the runtime
// requests the next event, because only then has it finished this one and written
// its last line of output. If ctx ends first, Invoke returns the response if it has
// already arrived, and otherwise context.Cause(ctx).
//
// Only one call of Invoke may be in progress at a time.
func (a *API) Invoke(ctx context.Context, event Event) (Response, error) {
	c := &call{Event: event, done: make(chan struct{})}
	select {
	case a.calls <- c:
	case <-ctx.Done():
		return Response{}, context.Cause(ctx)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c.Responded = nil // too late
	if c.response == nil {
		return Response{}, context.Cause(ctx)
	}
	return *c.response, nil
}
