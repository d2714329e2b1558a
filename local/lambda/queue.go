package lambda

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tally/local/cloud"
	"tally/local/lambda/runtimeapi"
)

// How Lambda retries asynchronous invocations.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const (
	maxAttempts  = 3               // the first and two retries, of a function that fails
	maxEventAge  = 6 * time.Hour   // after which an event is not tried again
	firstBackoff = time.Second     // after a throttled attempt, doubled
	maxBackoff   = 5 * time.Minute // at each further one up to this
)

// retryDelays follow a failed attempt: the first, the second.
var retryDelays = [maxAttempts - 1]time.Duration{time.Minute, 2 * time.Minute}

// event is an asynchronous invocation, kept until it is done or given up.
type event struct {
	Function string
	Event    runtimeapi.Event
	Received time.Time
	Attempts int           // how often the function failed
	Backoff  time.Duration // wait after the next throttled attempt; 0 for the first
	Due      time.Time     // of the next attempt
}

// InvokeAsync puts the event into the function's queue, where it survives a
// restart, and returns. The function gets it at least once; where it fails it
// gets it twice more, under the same request id.
func (s *Service) InvokeAsync(ctx context.Context, in cloud.Invocation) (string, error) {
	to, ev, err := s.admit(ctx, in, "Event", maxAsyncPayload)
	if err != nil {
		return "", err
	}
	now := time.Now().UTC()
	e := event{Function: to.Name, Event: ev, Received: now, Due: now}
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
		outcome, err := s.execute(e.Function, e.Event)
		if errors.Is(err, errClosed) {
			return // does not count: the event waits for the next start
		}
		var again bool
		if e, again = s.judge(e, outcome, err); !again {
			err = s.events.Delete(e.Event.RequestID)
		} else {
			err = s.events.Put(e.Event.RequestID, e)
		}
		if err != nil {
			s.note(cloud.Warning, e.Function, "event %s: %v", e.Event.RequestID, err)
		}
		if !again {
			return
		}
	}
}

// judge decides what becomes of the event after an attempt: it returns it as
// it is to be tried again, if it is.
func (s *Service) judge(e event, outcome cloud.Outcome, err error) (next event, again bool) {
	switch {
	case err == nil && outcome.FunctionError == "":
		return e, false
	case err == nil:
		return s.retryFailed(e, errors.New(describe(outcome.Payload)))
	case cloud.ErrorCode(err) == "ResourceNotFoundException":
		return s.giveUp(e, "its function is gone", err)
	}
	return s.retryRefused(e, err)
}

// retryFailed is for an event that the function got, and failed on.
func (s *Service) retryFailed(e event, err error) (event, bool) {
	e.Attempts++
	if e.Attempts == maxAttempts {
		return s.giveUp(e, "RetriesExhausted", err)
	}
	return s.retry(e, retryDelays[e.Attempts-1], err)
}

// retryRefused is for an event that could not be given to the function: it was
// throttled, or Lambda itself is at fault.
func (s *Service) retryRefused(e event, err error) (event, bool) {
	if f, known := s.functions.Get(e.Function); known && f.ReservedConcurrency == 0 {
		return s.giveUp(e, "ZeroReservedConcurrency", err)
	}
	delay := max(e.Backoff, firstBackoff)
	e.Backoff = min(2*delay, maxBackoff)
	return s.retry(e, delay, err)
}

func (s *Service) retry(e event, delay time.Duration, err error) (event, bool) {
	wait := s.options.Pace.Wait(delay)
	e.Due = time.Now().UTC().Add(wait)
	if e.Due.Sub(e.Received) > s.options.Pace.Wait(maxEventAge) {
		return s.giveUp(e, "EventAgeExceeded", err)
	}
	s.note(cloud.Warning, e.Function, "event %s is tried again in %s: %v", e.Event.RequestID, wait, err)
	return e, true
}

// giveUp drops the event for a reason that AWS calls the condition, where it
// has a name for it.
func (s *Service) giveUp(e event, condition string, err error) (event, bool) {
	s.note(cloud.Warning, e.Function, "event %s is dropped after %s, %s: %v",
		e.Event.RequestID, count(e.Attempts, "failed attempt"), condition, err)
	return e, false
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
