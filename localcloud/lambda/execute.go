package lambda

import (
	"context"
	"errors"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/runtimeapi"
)

// execute runs the function once, in an idle environment or a new one. A failure
// of the function is part of the Outcome and not an error. If early is not nil, it
// receives the outcome as soon as the runtime has responded, without the log, while the
// runtime may still have something to do before it requests the next event.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
// https://aws.amazon.com/blogs/compute/running-code-after-returning-a-response-from-an-aws-lambda-function/
func (s *Service) execute(to Reference, event runtimeapi.Event, early func(cloud.Outcome)) (cloud.Outcome, error) {
	return s.executeUnder(to, event, early, s.invocationHit(to, event))
}

// executeUnder is execute with what faults do to the invocation.
func (s *Service) executeUnder(to Reference, event runtimeapi.Event, early func(cloud.Outcome), h hit) (cloud.Outcome, error) {
	if err := checkRecursion(event); err != nil {
		s.measureRefusal(to, err)
		return cloud.Outcome{}, err
	}
	inst, err := s.acquire(to)
	if err != nil {
		s.measureRefusal(to, err)
		return cloud.Outcome{}, err
	}
	defer s.release(inst)
	s.measureConcurrency(to.Name)
	if inst.log == nil {
		if err := s.open(inst); err != nil {
			return cloud.Outcome{}, err
		}
	}
	if early != nil {
		event.Responded = func(r runtimeapi.Response) {
			s.responded(inst)
			early(inst.outcome(event.RequestID, r))
		}
	}
	return s.run(to, inst, event, h)
}

// run runs the function once in this environment, and logs and measures the invocation
// as AWS does.
func (s *Service) run(to Reference, inst *instance, event runtimeapi.Event, h hit) (cloud.Outcome, error) {
	initDuration := time.Duration(0)
	if inst.env == nil {
		initDuration = s.initialize(inst)
		s.opened(inst, initDuration)
	}
	_, step := cloud.BeginStep(context.Background(), cloud.Step{Kind: cloud.StepRun, Trace: cloud.TraceField(event.TraceID, "Root"), Attempt: event.Attempt})
	trace := traceRun(event.TraceID, inst.function.TracingMode)
	event.TraceID = trace.header

	start := time.Now()
	timeout := s.limit(inst.function, inst.function.timeout())
	event.Deadline = start.Add(timeout)
	ctx, cancel := s.within(inst.function, event.Deadline)
	defer cancel()
	response, err := s.attempt(ctx, inst, event, h)
	duration := min(time.Since(start), timeout)
	inst.took = duration

	memory := 0
	if inst.env != nil {
		if err != nil {
			inst.env.Close() // so that its last lines precede END
		}
		memory = inst.env.MaxMemoryMB()
	}
	end := ending{}
	if err != nil {
		if s.life.Err() != nil {
			return cloud.Outcome{}, errClosed
		}
		if errors.Is(err, errCrashed) {
			inst.took = 0                      // no usual duration
			return cloud.Outcome{}, errCrashed // the log ends without a report
		}
		if end, err = inst.function.ending(event.RequestID, err); err != nil {
			return cloud.Outcome{}, err
		}
		response = end.response
	}
	inst.system.done(measurements{
		requestID: event.RequestID, took: duration, init: initDuration, memoryMB: memory, failed: response.Failed, ending: end,
	})
	s.recordRun(inst, trace, event, start, duration, response)
	s.measureRun(to, inst.function.Version, response.Failed, duration)
	out := s.outcome(inst, event, response, duration)
	step.End(s.options.Journal, func(st *cloud.Step) {
		st.Name, st.To, st.Request = inst.function.Name+":"+inst.function.Version, inst.function.ARN, event.RequestID
		st.From, st.Links, st.Took, st.Cold = event.Source, event.Links, cloud.Millis(duration), cloud.Millis(initDuration)
		st.Input, st.Output, st.Log = cloud.StepText(event.Payload), cloud.StepText(response.Payload), cloud.StepText(out.LogTail)
		if response.Failed {
			st.Error = describe(response.Payload)
		}
	})
	return out, nil
}

// initialize starts the runtime of a new environment before the invocation, as
// AWS does, and returns how long that took. It returns 0 if the runtime failed to
// start.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
func (s *Service) initialize(inst *instance) time.Duration {
	inst.system.initStart(s.options.Place.Region)
	ctx, cancel := s.within(inst.function, time.Now().Add(s.limit(inst.function, initTimeout)))
	defer cancel()
	start := time.Now()
	if err := s.start(ctx, inst); err != nil {
		inst.system.initFailed(time.Since(start), "init", err)
		return 0
	}
	return time.Since(start)
}

// attempt passes the event to the runtime. If initialize failed, it first starts
// the runtime again, which counts toward the invocation's timeout.
func (s *Service) attempt(ctx context.Context, inst *instance, event runtimeapi.Event, h hit) (runtimeapi.Response, error) {
	start := time.Now()
	var err error
	if inst.env == nil {
		if err = s.start(ctx, inst); err != nil {
			inst.system.initFailed(time.Since(start), "invoke", err)
		}
	}
	inst.system.start(event.RequestID)
	if err != nil {
		return runtimeapi.Response{}, err
	}
	if err := s.linger(ctx, h); err != nil {
		return runtimeapi.Response{}, err
	}
	if h.crash != nil {
		return s.invokeUnder(ctx, inst, event, h.crash)
	}
	return inst.env.Invoke(ctx, event)
}

// outcome returns the outcome for the response of the runtime.
func (inst *instance) outcome(requestID string, response runtimeapi.Response) cloud.Outcome {
	out := cloud.Outcome{RequestID: requestID, Payload: response.Payload, ExecutedVersion: inst.function.Version}
	if response.Failed {
		out.FunctionError = "Unhandled"
	}
	return out
}

// outcome returns the outcome with the log, and reports it in the journal.
func (s *Service) outcome(inst *instance, event runtimeapi.Event, response runtimeapi.Response, took time.Duration) cloud.Outcome {
	out := inst.outcome(event.RequestID, response)
	hop := cloud.Hop(event.RequestID, event.TraceID)
	out.LogTail = inst.log.cutTail()
	if response.Failed {
		s.note(cloud.Warning, inst.function.Name, "failed after %s: %s%s", milliseconds(took), describe(response.Payload), hop)
		return out
	}
	s.note(cloud.Info, inst.function.Name, "returned after %s%s", milliseconds(took), hop)
	return out
}
