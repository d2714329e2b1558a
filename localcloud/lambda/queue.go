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
	maxRetries   = 2               // of a function that fails
	maxEventAge  = 6 * time.Hour   // after which an event is not tried again
	firstBackoff = time.Second     // after a throttled attempt, doubled
	maxBackoff   = 5 * time.Minute // at each further one up to this
)

// retryDelays follow a failed attempt: the first, the second.
var retryDelays = [maxRetries]time.Duration{time.Minute, 2 * time.Minute}

// event is an asynchronous invocation, kept until it is done or given up.
type event struct {
	Function  string
	Qualifier string // as invoked
	Event     runtimeapi.Event
	Received  time.Time
	Attempts  int           // how often the function failed
	Backoff   time.Duration // wait after the next throttled attempt; 0 for the first
	Due       time.Time     // of the next attempt
}

// target is what the event was sent to.
func (e event) target() Reference {
	return Reference{Name: e.Function, Qualifier: e.Qualifier, ARN: e.Event.FunctionARN}
}

// InvokeAsync puts the event into the function's queue, where it survives a
// restart, and returns. The function gets it at least once; where it fails it
// gets it again, under the same request id, as its EventInvokeConfig says.
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
	s.note(cloud.Info, to.Name, "queued for %s (request %s)", in.Caller, ev.RequestID)
	// Where Close has begun, the event waits in the store for the next start.
	_ = s.begin(func() { s.attend(e) })
	return ev.RequestID, nil
}

// attend tries the event until it is done or given up, or the service closes.
func (s *Service) attend(e event) {
	for {
		select {
		case <-time.After(time.Until(e.Due)):
		case <-s.life.Done():
			return
		}
		outcome, err := s.execute(e.target(), e.Event)
		if errors.Is(err, errClosed) {
			return // does not count: the event waits for the next start
		}
		next, end := s.judge(e, outcome, err)
		if end != "" {
			s.conclude(next, result{end, outcome, err})
			return
		}
		e = next
		s.keep(e.Event.RequestID, e.Function, s.events.Put(e.Event.RequestID, e))
	}
}

// keep tells where the queue could not be written.
func (s *Service) keep(requestID, function string, err error) {
	if err != nil {
		s.note(cloud.Warning, function, "event %s: %v", requestID, err)
	}
}

// condition is why an event is not tried again, as its record words it; ""
// where it is.
type condition string

const (
	success                 condition = "Success"
	retriesExhausted        condition = "RetriesExhausted"
	eventAgeExceeded        condition = "EventAgeExceeded"
	zeroReservedConcurrency condition = "ZeroReservedConcurrency"
	functionGone            condition = "its function is gone" // of which AWS tells nobody
)

// judge decides what becomes of the event after an attempt: it returns it as
// it is to be tried again, or why it is not.
func (s *Service) judge(e event, outcome cloud.Outcome, err error) (event, condition) {
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
	case row.ReservedConcurrency == 0:
		return e, zeroReservedConcurrency
	}
	// It was throttled, or Lambda itself is at fault.
	delay := max(e.Backoff, firstBackoff)
	e.Backoff = min(2*delay, maxBackoff)
	return s.retry(e, config, delay, err)
}

func (s *Service) retry(e event, config EventInvokeConfig, delay time.Duration, err error) (event, condition) {
	wait := s.options.Pace.Wait(delay)
	e.Due = time.Now().UTC().Add(wait)
	age := cmp.Or(time.Duration(config.MaxEventAgeSeconds)*time.Second, maxEventAge)
	if e.Due.Sub(e.Received) > s.options.Pace.Wait(age) {
		return e, eventAgeExceeded
	}
	s.note(cloud.Warning, e.Function, "event %s is tried again in %s: %v", e.Event.RequestID, wait, err)
	return e, ""
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
