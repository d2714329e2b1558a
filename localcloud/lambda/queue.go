package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/runtimeapi"
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

// event is an asynchronous invocation, stored until it succeeds or is abandoned.
type event struct {
	Function  string
	Qualifier string // as invoked
	Event     runtimeapi.Event
	Received  time.Time
	Attempts  int           // that ended with an error of the function
	Backoff   time.Duration // wait after the next throttled attempt; 0 for firstBackoff
	Due       time.Time     // of the next attempt
	Saved     time.Duration // by the Pace: on AWS, the event would be older by this much
}

// target returns the function that the event was sent to.
func (e event) target() Reference {
	return Reference{Name: e.Function, Qualifier: e.Qualifier, ARN: e.Event.FunctionARN}
}

// InvokeAsync stores the event in the function's queue, where it survives a
// restart, and returns its request ID. The function receives the event at least
// once. If the function fails, its EventInvokeConfig determines whether it receives
// the event again, with the same request ID.
func (s *Service) InvokeAsync(ctx context.Context, in cloud.Invocation) (string, error) {
	to, ev, err := s.admit(ctx, in, "Event", maxAsyncPayload)
	if err != nil {
		return "", err
	}
	now := time.Now().UTC()
	e := event{Function: to.Name, Qualifier: to.Qualifier, Event: ev, Received: now, Due: now}
	if err := s.events.Put(ev.RequestID, e); err != nil {
		return "", err
	}
	s.measure(to, "", cloud.Counted("AsyncEventsReceived", 1))
	s.note(cloud.Info, to.Name, "queued for %s (request %s)", in.Caller, ev.RequestID)
	// If Close has begun, the event stays in the store until the next start.
	_ = s.begin(func() { s.process(e) })
	return ev.RequestID, nil
}

// process invokes the function with the event until it succeeds, the event is
// abandoned, or the service closes.
func (s *Service) process(e event) {
	for {
		select {
		case <-time.After(time.Until(e.Due)):
		case <-s.life.Done():
			return
		}
		s.measure(e.target(), "", cloud.Took("AsyncEventAge", time.Since(e.Received)+e.Saved))
		outcome, err := s.execute(e.target(), e.Event)
		if errors.Is(err, errClosed) {
			return // not an attempt: the event stays in the store until the next start
		}
		next, end := s.decide(e, outcome, err)
		if end != "" {
			s.conclude(next, result{end, outcome, err})
			return
		}
		e = next
		s.noteStoreError(e, s.events.Put(e.Event.RequestID, e))
	}
}

// noteStoreError reports an error of storing or deleting the event, unless err is
// nil.
func (s *Service) noteStoreError(e event, err error) {
	if err != nil {
		s.note(cloud.Warning, e.Function, "event %s cannot be updated in the store: %v", e.Event.RequestID, err)
	}
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
// updated event, and the condition if there is no retry.
func (s *Service) decide(e event, outcome cloud.Outcome, err error) (event, condition) {
	row, _ := s.functions.Get(e.Function)
	config, configured := row.invokeConfig(plainQualifier(e.Qualifier))
	if !configured {
		config.MaxRetryAttempts = maxRetries
	}
	switch {
	case err == nil && outcome.FunctionError == "":
		return e, success
	case err == nil:
		e.Attempts++
		if e.Attempts > config.MaxRetryAttempts {
			return e, retriesExhausted
		}
		return s.retry(e, config, retryDelays[e.Attempts-1], errors.New(describe(outcome.Payload)))
	case cloud.ErrorCode(err) == "ResourceNotFoundException":
		return e, functionGone
	case cloud.ErrorCode(err) == recursive:
		return e, recursiveLoop
	case row.ReservedConcurrency == 0:
		return e, zeroReservedConcurrency
	}
	// The invocation was throttled, or Lambda itself failed.
	delay := max(e.Backoff, firstBackoff)
	e.Backoff = min(2*delay, maxBackoff)
	return s.retry(e, config, delay, err)
}

// retry schedules the next attempt, unless the event would be too old by then.
func (s *Service) retry(e event, config EventInvokeConfig, delay time.Duration, err error) (event, condition) {
	wait := s.options.Pace.Wait(delay)
	e.Due = time.Now().UTC().Add(wait)
	e.Saved += delay - wait
	age := cmp.Or(time.Duration(config.MaxEventAgeSeconds)*time.Second, maxEventAge)
	if e.Due.Sub(e.Received) > s.options.Pace.Wait(age) {
		return e, eventAgeExceeded
	}
	s.note(cloud.Warning, e.Function, "event %s will be retried in %s: %v", e.Event.RequestID, wait, err)
	return e, ""
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
