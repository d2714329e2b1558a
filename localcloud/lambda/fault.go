package lambda

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/lambda/runtimeapi"
)

// Lambda may pass an event to a function late, or several times even if the function
// returns no error, because the queue is eventually consistent. After an error of Lambda
// itself, an asynchronous event is tried again, and the caller of a synchronous invocation
// receives a ServiceException. Faults make Lambda do so.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html
// https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html

// maxCrashes is the maximum number of attempts of an event that faults end, so that it
// arrives eventually.
const maxCrashes = 3

// firstCrash is when a crash during an invocation happens, at the latest, if the duration
// of the function's invocations is not known yet.
const firstCrash = 10 * time.Millisecond

// errCrashed is the error of an invocation whose environment a fault has ended. It is one
// of Lambda, not of the function, so it does not count toward the function's retries.
var errCrashed = cloud.Errorf(http.StatusInternalServerError, "ServiceException",
	"An error occurred and the request cannot be processed. A fault has ended the execution environment; see: localcloud fault show")

func (e event) victim() cloud.Victim {
	return cloud.Victim{Service: "lambda", Resource: e.Function, ID: e.RequestID, Number: e.Number, Attempt: e.Attempts + e.Crashes}
}

// hold returns the result that runs an event later, if a fault holds it back. That
// happens once, before the first attempt.
func (s *Service) hold(e event) (later backlog.Result, held bool) {
	if e.Held || e.Attempts+e.Crashes > 0 {
		return later, false
	}
	f, held := cloud.Held(s.options.Faults, e.victim())
	if !held {
		return later, false
	}
	e.Held = true
	wait := s.options.Pace.Wait(f.Wait)
	e.Saved += f.Wait - wait
	s.options.Faults.Injected(f.Kind, e.victim(), "event %s is held back for %s", e.RequestID, f.Wait)
	return backlog.Result{Again: true, Delay: wait, Data: e.encode()}, true
}

// settle returns what follows an event that has ended with a condition: done or, if it
// has succeeded and a fault runs it once more, the result that does so.
func (s *Service) settle(e event, end condition, done backlog.Result) backlog.Result {
	if end != success || e.Copy || done.Interrupted {
		return done
	}
	if _, again := s.options.Faults.Decide(cloud.FaultDuplicate, e.victim()); !again {
		return done
	}
	e.Copy = true
	s.options.Faults.Injected(cloud.FaultDuplicate, e.victim(), "event %s runs once more, although it has succeeded", e.RequestID)
	return backlog.Result{Again: true, Data: e.encode()}
}

// crash is the end of an execution environment during one invocation.
type crash struct {
	cloud.Fault
	victim   cloud.Victim
	happened bool
}

// eventCrash returns the crash that a fault causes in an attempt of an event, or nil.
func (s *Service) eventCrash(e event) *crash {
	if e.Crashes >= maxCrashes {
		return nil
	}
	return s.crash(e.victim())
}

// hit is what faults do to one invocation.
type hit struct {
	victim cloud.Victim
	crash  *crash        // nil for none
	slow   time.Duration // how much longer the invocation takes
}

// eventHit returns what faults do to an attempt of an event.
func (s *Service) eventHit(e event) hit {
	return hit{e.victim(), s.eventCrash(e), s.slowness(e.victim())}
}

// invocationHit returns what faults do to another invocation.
func (s *Service) invocationHit(to Reference, event runtimeapi.Event) hit {
	number := s.options.Faults.Number("lambda", to.Name)
	v := cloud.Victim{Service: "lambda", Resource: to.Name, ID: event.RequestID, Number: number}
	return hit{v, s.crash(v), s.slowness(v)}
}

// slowness returns how much longer a fault makes an invocation.
func (s *Service) slowness(v cloud.Victim) time.Duration {
	if f, slow := s.options.Faults.Decide(cloud.FaultSlow, v); slow {
		return f.Wait
	}
	return 0
}

// linger waits while the function would wait for something slow, if it would. It returns
// ctx's error if the invocation's timeout is over first.
func (s *Service) linger(ctx context.Context, h hit) error {
	if h.slow == 0 {
		return nil
	}
	s.options.Faults.Injected(cloud.FaultSlow, h.victim, "request %s takes %s longer", h.victim.ID, h.slow)
	select {
	case <-time.After(h.slow):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Service) crash(v cloud.Victim) *crash {
	f, ok := s.options.Faults.Decide(cloud.FaultCrash, v)
	if !ok {
		return nil
	}
	return &crash{Fault: f, victim: v}
}

// lost reports whether the attempt of an event counts for nothing because of the crash:
// there is no response or, because Lambda does not learn of it, a successful one.
func (c *crash) lost(outcome cloud.Outcome, err error) bool {
	return c != nil && c.happened && (err != nil || outcome.FunctionError == "")
}

// afterCrash returns the result that tries the event again, after the waits that follow
// an error of Lambda. It ignores the maximum age: faults alone drop no event.
func (e event) afterCrash() backlog.Result {
	delay := max(e.Backoff, firstBackoff)
	e.Crashes++
	e.Backoff = min(2*delay, maxBackoff)
	return backlog.Result{Again: true, Delay: delay, Data: e.encode()}
}

// invokeUnder passes the event to the runtime, and ends the environment at the moment of
// the crash. If the function fails by itself before that, it does not crash.
func (s *Service) invokeUnder(ctx context.Context, inst *instance, event runtimeapi.Event, c *crash) (response runtimeapi.Response, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	when := "before the function received"
	switch c.Point {
	case cloud.CrashBefore:
		err = errCrashed
	case cloud.CrashDuring:
		when = "while the function handled"
		event.Responded = nil
		timer := time.AfterFunc(s.crashAfter(inst, c.Part), func() { cancel(errCrashed) })
		defer timer.Stop()
		if _, err = inst.env.Invoke(ctx, event); err == nil {
			err = errCrashed // at the last moment: nobody receives the response
		}
	case cloud.CrashAfter:
		when = "after the function had handled"
		respond := event.Responded
		event.Responded = func(r runtimeapi.Response) {
			if respond != nil {
				respond(r)
			}
			cancel(errCrashed)
		}
		response, err = inst.env.Invoke(ctx, event)
	}
	if err != nil && !errors.Is(err, errCrashed) {
		return response, err
	}
	inst.env.Close()
	c.happened = true
	s.options.Faults.Injected(cloud.FaultCrash, c.victim, "an execution environment ended %s request %s", when, event.RequestID)
	return response, err
}

// crashAfter returns the time after which an environment crashes, as a part of the usual
// duration of its function's invocations.
func (s *Service) crashAfter(inst *instance, part float64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	usual := time.Duration(s.pools[inst.function.Name].took)
	if usual == 0 {
		usual = firstCrash
	}
	return time.Duration(part * float64(usual))
}
