// Package runtimeapi is the Lambda Runtime API of one execution environment:
// the HTTP interface from which the function's runtime takes its events and to
// which it gives its answers.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Event is one invocation as the runtime sees it.
type Event struct {
	RequestID     string
	FunctionARN   string // as invoked: with the qualifier where the caller gave one
	Payload       []byte // JSON
	Deadline      time.Time
	TraceID       string // X-Amzn-Trace-Id
	ClientContext string // JSON, "" for none
}

// Reply is what the runtime answered: a result, or where Failed is set the
// error the function returned, a JSON object with errorMessage and errorType.
type Reply struct {
	Payload []byte
	Failed  bool
}

// InitError is the JSON object that the runtime sent when it could not start.
type InitError struct{ Payload []byte }

func (e *InitError) Error() string { return "the runtime could not start: " + string(e.Payload) }

// API serves the Runtime API to one runtime. It is an http.Handler.
type API struct {
	mux       *http.ServeMux
	calls     chan *call // from Invoke to the runtime's GET next
	ready     chan struct{}
	initError chan *InitError

	mu      sync.Mutex
	started bool  // ready is closed
	current *call // handed to the runtime, until it asks for the next
}

// call is an Event under way.
type call struct {
	Event
	reply *Reply        // nil until answered; guarded by API.mu
	done  chan struct{} // closed when the runtime asks for the next event
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

// Ready waits until the runtime asks for its first event. It fails with
// *InitError where the runtime says that it cannot, and with the cause of
// ctx's end.
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

// Invoke hands the event to the runtime and returns its answer once the
// runtime asks for the next event: only then is it done with this one, has
// written its last line and may be given another. Where ctx ends first, an
// answer that has already arrived is returned, else the cause of ctx's end.
//
// Only one Invoke may be under way at a time.
func (a *API) Invoke(ctx context.Context, event Event) (Reply, error) {
	c := &call{Event: event, done: make(chan struct{})}
	select {
	case a.calls <- c:
	case <-ctx.Done():
		return Reply{}, context.Cause(ctx)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.reply == nil {
		return Reply{}, context.Cause(ctx)
	}
	return *c.reply, nil
}
