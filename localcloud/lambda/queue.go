package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/store"
)

// How Lambda retries asynchronous invocations.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const (
	maxRetries   = 2               // after errors of the function
	maxEventAge  = 6 * time.Hour   // after which an event is not retried
	firstBackoff = time.Second     // after the first throttled attempt; doubles with each further one
	maxBackoff   = 5 * time.Minute // the maximum after a throttled attempt
)

// retryDelays are the waits after the first and the second failed attempt.
var retryDelays = [maxRetries]time.Duration{time.Minute, 2 * time.Minute}

// How much a function's queue holds before InvokeAsync waits, and for how long. AWS
// documents no size of the queue: what it cannot take, it deletes.
const (
	maxQueued      = 100_000  // events
	maxQueuedBytes = 64 << 20 // of payloads
	queuePatience  = 5 * time.Second
)

// How many events of one function run at the same time: few at first, because events
// that take a moment need no more, and as many as AWS permits if they take long.
const (
	firstWorkers = 16
	maxWorkers   = accountConcurrency
)

// event is an asynchronous invocation, stored until it succeeds or is abandoned. What
// does not change is a record of its own: the payload may be large.
type event struct {
	received
	progress
}

// received is the part of an event that stays as it was received.
type received struct {
	Function  string
	Qualifier string           `json:",omitempty"` // as invoked
	Event     runtimeapi.Event // the payload is the body of the record
	Received  time.Time        // by the clock of the queue
}

// progress is the part of an event that changes with each attempt.
type progress struct {
	RequestID string
	Attempts  int           `json:",omitempty"` // that ended with an error of the function
	Backoff   time.Duration `json:",omitempty"` // wait after the next throttled attempt; 0 for firstBackoff
	Saved     time.Duration `json:",omitempty"` // by the Pace: on AWS, the event would be older by this much

	// What faults have done.
	Number  uint64 `json:",omitempty"` // see cloud.Faults
	Held    bool   `json:",omitempty"` // it was held back
	Crashes int    `json:",omitempty"` // attempts that a crash ended
	Copy    bool   `json:",omitempty"` // it runs once more, although it has succeeded
}

func (p progress) encode() []byte {
	data, _ := json.Marshal(p) // always encodes
	return data
}

// target returns the function that the event was sent to.
func (e event) target() Reference {
	return Reference{Name: e.Function, Qualifier: e.Qualifier, ARN: e.Event.FunctionARN}
}

func (s *Service) openQueue() (err error) {
	s.payloads = store.NewValues(s.options.Store, "lambda-events")
	s.queue, err = backlog.New(backlog.Options{
		Store: s.options.Store, Name: "lambda-queue", Run: s.process, Workers: firstWorkers, MaxWorkers: maxWorkers,
		MaxTasks: maxQueued, MaxBytes: maxQueuedBytes,
		Report: func(err error) { s.note(cloud.Warning, "", "events cannot be updated in the store: %v", err) },
	})
	return err
}

// Queued returns the number of events in the queue of each function that has any, by the
// function's name. Those that are being processed count, too.
func (s *Service) Queued() map[string]int { return s.queue.Lens() }

// InvokeEvent invokes a function asynchronously for a client: when it returns, the event
// is on disk.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (s *Service) InvokeEvent(ctx context.Context, in cloud.Invocation) (requestID string, err error) {
	id, err := s.InvokeAsync(ctx, in)
	if err != nil {
		return "", err
	}
	return id, s.options.Store.Sync()
}

// InvokeAsync stores the event in the function's queue, where it survives a restart, and
// returns its request ID. The function receives the event at least once. If the function
// fails, its EventInvokeConfig determines whether it receives the event again, with the
// same request ID. If the queue is full, InvokeAsync waits, and after five seconds fails
// with TooManyRequestsException, or with the error of ctx if that ends before.
func (s *Service) InvokeAsync(ctx context.Context, in cloud.Invocation) (string, error) {
	to, ev, err := s.admit(ctx, in, "Event", maxAsyncPayload)
	if err != nil {
		return "", err
	}
	if !s.queue.Room(ctx, queuePatience, to.Name) {
		if ctx.Err() != nil {
			return "", ctx.Err() // it was not throttled: the caller gave up
		}
		s.note(cloud.Warning, to.Name, "refused events, because %d events or %d MiB are in the queue already", maxQueued, maxQueuedBytes>>20)
		return "", errThrottled("CallerRateLimitExceeded")
	}
	return s.enqueue(in.Caller, to, ev)
}

// forward is InvokeAsync for an event that another event has caused. It does not wait for
// room, because functions that wait for each other would never end.
func (s *Service) forward(ctx context.Context, in cloud.Invocation) error {
	to, ev, err := s.admit(ctx, in, "Event", maxAsyncPayload)
	if err == nil {
		_, err = s.enqueue(in.Caller, to, ev)
	}
	return err
}

func (s *Service) enqueue(caller cloud.Caller, to Reference, ev runtimeapi.Event) (requestID string, err error) {
	id, payload := ev.RequestID, ev.Payload
	e := event{received{Function: to.Name, Qualifier: to.Qualifier, Event: ev, Received: s.queue.Now().UTC()}, progress{RequestID: id, Number: s.options.Faults.Number("lambda", to.Name)}}
	task := backlog.Task{Lane: to.Name, Size: len(payload), Data: e.progress.encode()}
	if len(payload) <= maxMemo {
		task.Memo = e
	}
	e.Event.Payload = nil // it is the body of the record
	record, err := backlog.Encode(e.received, payload)
	if err != nil {
		return "", err
	}
	if err := s.queue.Add([]backlog.Task{task}, s.payloads.Set(id, record)); err != nil {
		return "", err
	}
	s.measure(to, "", cloud.Counted("AsyncEventsReceived", 1))
	s.note(cloud.Info, to.Name, "queued for %s%s", caller, cloud.Hop(id, ev.TraceID))
	return id, nil
}

// process invokes the function with an event. It returns whether the event is removed,
// or when the next attempt follows.
func (s *Service) process(t backlog.Task) backlog.Result {
	e, err := s.loadEvent(t)
	switch {
	case errors.Is(err, store.ErrUnusable):
		s.lose(t.Lane, "event %s is lost: %v", e.RequestID, err)
		return s.forget(e)
	case err != nil:
		return backlog.Result{Again: true, Delay: firstBackoff, Data: t.Data}
	}
	if later, held := s.hold(e); held {
		return later
	}
	s.measure(e.target(), "", cloud.Took("AsyncEventAge", s.queue.Now().Sub(e.Received)+e.Saved))
	h := s.eventHit(e)
	e.Event.Attempt = e.Attempts + e.Crashes + 1
	outcome, err := s.executeUnder(e.target(), e.Event, nil, h)
	if errors.Is(err, errClosed) {
		return backlog.Result{Interrupted: true} // not an attempt
	}
	if h.crash.lost(outcome, err) {
		return e.afterCrash()
	}
	e, delay, end := s.decide(e, outcome, err)
	if end == "" {
		return backlog.Result{Again: true, Delay: delay, Data: e.encode()}
	}
	return s.settle(e, end, s.conclude(e, result{end, outcome, err}))
}

// maxMemo is the size of the largest payload that is in memory with its task.
const maxMemo = 4096

// loadEvent returns the event of a task.
func (s *Service) loadEvent(t backlog.Task) (e event, err error) {
	if e, ok := t.Memo.(event); ok {
		return e, nil
	}
	if err := json.Unmarshal(t.Data, &e.progress); err != nil {
		return e, fmt.Errorf("%w: %w", err, store.ErrUnusable)
	}
	record, err := s.payloads.Get(e.RequestID)
	if err != nil {
		return e, err
	}
	e.Event.Payload, err = backlog.Decode(record, &e.received)
	return e, err
}

// forget returns the result that removes an event.
func (s *Service) forget(e event) backlog.Result {
	return backlog.Result{End: func() ([]store.Change, error) {
		return []store.Change{s.payloads.Unset(e.RequestID)}, nil
	}}
}

// condition is the reason why an event is not retried, as its invocation record
// states it; "" if it is retried.
type condition string

const (
	success                 condition = "Success"
	retriesExhausted        condition = "RetriesExhausted"
	eventAgeExceeded        condition = "EventAgeExceeded"
	zeroReservedConcurrency condition = "ZeroReservedConcurrency"
	recursiveLoop           condition = "RecursiveLoop"                 // AWS does not document its condition
	functionGone            condition = "its function no longer exists" // AWS sends no record in this case
)

// decide decides after an attempt whether the event is retried. It returns the
// updated event, and the wait before the retry or the condition if there is none.
func (s *Service) decide(e event, outcome cloud.Outcome, err error) (event, time.Duration, condition) {
	row, _ := s.functions.Get(e.Function)
	config, configured := row.invokeConfig(plainQualifier(e.Qualifier))
	if !configured {
		config.MaxRetryAttempts = maxRetries
	}
	switch {
	case err == nil && outcome.FunctionError == "":
		return e, 0, success
	case err == nil:
		e.Attempts++
		if e.Attempts > config.MaxRetryAttempts {
			return e, 0, retriesExhausted
		}
		return s.retry(e, config, retryDelays[e.Attempts-1], errors.New(describe(outcome.Payload)))
	case cloud.ErrorCode(err) == "ResourceNotFoundException":
		return e, 0, functionGone
	case cloud.ErrorCode(err) == recursive:
		return e, 0, recursiveLoop
	case row.ReservedConcurrency == 0:
		return e, 0, zeroReservedConcurrency
	}
	// The invocation was throttled, or Lambda itself failed.
	delay := max(e.Backoff, firstBackoff)
	e.Backoff = min(2*delay, maxBackoff)
	return s.retry(e, config, delay, err)
}

// retry schedules the next attempt, unless the event would be too old by then.
func (s *Service) retry(e event, config EventInvokeConfig, delay time.Duration, err error) (event, time.Duration, condition) {
	wait := s.options.Pace.Wait(delay)
	e.Saved += delay - wait
	age := cmp.Or(time.Duration(config.MaxEventAgeSeconds)*time.Second, maxEventAge)
	if s.queue.Now().Add(wait).Sub(e.Received) > s.options.Pace.Wait(age) {
		return e, 0, eventAgeExceeded
	}
	s.note(cloud.Warning, e.Function, "event %s will be retried in %s: %v", e.RequestID, wait, err)
	return e, wait, ""
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
