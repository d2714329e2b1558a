package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"tally/local/cloud"
	"tally/local/lambda/runtimeapi"
)

// execute runs the function once, in an environment that is free or a new one.
// A failing function is an Outcome, not an error.
func (s *Service) execute(name string, event runtimeapi.Event) (cloud.Outcome, error) {
	inst, err := s.acquire(name)
	if err != nil {
		return cloud.Outcome{}, err
	}
	defer s.release(inst)
	if inst.log == nil {
		if err := s.open(inst); err != nil {
			return cloud.Outcome{}, err
		}
	}
	return s.run(inst, event)
}

// run runs the function once in this environment, and writes what AWS writes
// about that to the log.
func (s *Service) run(inst *instance, event runtimeapi.Event) (cloud.Outcome, error) {
	initDuration := s.initialize(inst)

	start := time.Now()
	event.Deadline = start.Add(inst.function.timeout())
	ctx, cancel := context.WithDeadline(s.life, event.Deadline)
	defer cancel()
	reply, err := s.attempt(ctx, inst, event)
	duration := time.Since(start)

	memory := 0
	if inst.env != nil {
		if err != nil {
			inst.env.Close() // its last lines belong before END
		}
		memory = inst.env.MaxMemoryMB()
	}
	end := ending{}
	if err != nil {
		if s.life.Err() != nil {
			return cloud.Outcome{}, errClosed
		}
		if end, err = inst.function.ending(event.RequestID, err); err != nil {
			return cloud.Outcome{}, err
		}
		reply = end.reply
	}
	if end.line != "" {
		inst.log.add(end.line)
	}
	inst.log.addf("END RequestId: %s", event.RequestID)
	inst.log.add(report(inst.function, event.RequestID, duration, initDuration, memory, end.status))
	return s.outcome(inst, event.RequestID, reply, duration, end.timedOut), nil
}

// initialize starts the runtime of a new environment ahead of the invocation,
// as AWS does, and returns how long that took; 0 where there was nothing to
// start or it failed.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
func (s *Service) initialize(inst *instance) time.Duration {
	if inst.env != nil {
		return 0
	}
	inst.log.addf("INIT_START Runtime Version: %s\tRuntime Version ARN: arn:aws:lambda:%s::runtime:%s",
		runtimeVersion(inst.function.Runtime), s.Place.Region, inst.function.Runtime)
	ctx, cancel := context.WithTimeout(s.life, initTimeout)
	defer cancel()
	start := time.Now()
	if err := s.start(ctx, inst); err != nil {
		inst.log.add(initReport(time.Since(start), "init", err))
		return 0
	}
	return time.Since(start)
}

// attempt gives the event to the runtime. One that did not start is started
// once more, in the invocation's own time.
func (s *Service) attempt(ctx context.Context, inst *instance, event runtimeapi.Event) (runtimeapi.Reply, error) {
	start := time.Now()
	var err error
	if inst.env == nil {
		if err = s.start(ctx, inst); err != nil {
			inst.log.add(initReport(time.Since(start), "invoke", err))
		}
	}
	inst.log.addf("START RequestId: %s Version: %s", event.RequestID, latest)
	if err != nil {
		return runtimeapi.Reply{}, err
	}
	return inst.env.Invoke(ctx, event)
}

func (s *Service) outcome(inst *instance, requestID string, reply runtimeapi.Reply, took time.Duration, timedOut bool) cloud.Outcome {
	out := cloud.Outcome{
		RequestID: requestID, Payload: reply.Payload, TimedOut: timedOut,
		ExecutedVersion: latest, LogTail: inst.log.cutTail(),
	}
	if reply.Failed {
		out.FunctionError = "Unhandled"
		s.note(cloud.Warning, inst.function.Name, "failed after %s: %s (request %s)", milliseconds(took), describe(reply.Payload), requestID)
		return out
	}
	s.note(cloud.Info, inst.function.Name, "answered after %s (request %s)", milliseconds(took), requestID)
	return out
}

// ending is what becomes of an invocation whose runtime did not answer.
type ending struct {
	reply    runtimeapi.Reply
	timedOut bool
	line     string // of the log, "" for none
	status   string // last fields of the REPORT line
}

// ending words err as Lambda does; an error that is not of the function's
// making is returned.
func (f Function) ending(requestID string, err error) (ending, error) {
	if errors.Is(err, context.DeadlineExceeded) {
		message := fmt.Sprintf("Task timed out after %.2f seconds", f.timeout().Seconds())
		return ending{
			reply:    runtimeapi.Failure("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: %s", requestID, message)),
			timedOut: true,
			line:     fmt.Sprintf("%s %s %s", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), requestID, message),
			status:   "Status: timeout",
		}, nil
	}
	if failure, ok := errors.AsType[*Failure](err); ok {
		message := fmt.Sprintf("RequestId: %s Error: %s", requestID, failure.Message)
		return ending{
			reply:  runtimeapi.Failure(failure.Type, message),
			line:   message + "\n" + failure.Type,
			status: "Status: error\tError Type: " + failure.Type,
		}, nil
	}
	if failure, ok := errors.AsType[*runtimeapi.InitError](err); ok {
		return ending{
			reply:  runtimeapi.Reply{Payload: failure.Payload, Failed: true},
			status: "Status: error\tError Type: " + errorType(err),
		}, nil
	}
	return ending{}, fmt.Errorf("run %s: %w", f.Name, err)
}

// errorType is the errorType of an error that a runtime ended with.
func errorType(err error) string {
	if failure, ok := errors.AsType[*Failure](err); ok {
		return failure.Type
	}
	if failure, ok := errors.AsType[*runtimeapi.InitError](err); ok {
		if kind, _ := decodeError(failure.Payload); kind != "" {
			return kind
		}
	}
	return "Runtime.Unknown"
}

// decodeError reads what a failing function answered.
func decodeError(payload []byte) (kind, message string) {
	var e struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(payload, &e) != nil {
		return "", string(payload)
	}
	return e.ErrorType, e.ErrorMessage
}

func describe(payload []byte) string {
	kind, message := decodeError(payload)
	if kind == "" {
		return message
	}
	return kind + ": " + message
}

// runtimeVersion is the name of a runtime as INIT_START lines have it.
func runtimeVersion(runtime string) string {
	if runtime == "provided.al2" {
		return "provided:al2"
	}
	return "provided:al2023"
}

func initReport(took time.Duration, phase string, err error) string {
	line := fmt.Sprintf("INIT_REPORT Init Duration: %s\tPhase: %s\t", milliseconds(took), phase)
	if errors.Is(err, context.DeadlineExceeded) {
		return line + "Status: timeout"
	}
	return line + "Status: error\tError Type: " + errorType(err)
}

// report is the REPORT line: tabs between its fields and after the last.
func report(f Function, requestID string, took, initTook time.Duration, memoryMB int, status string) string {
	line := fmt.Sprintf("REPORT RequestId: %s\tDuration: %s\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		requestID, milliseconds(took), int(math.Ceil(inMilliseconds(took))), f.MemoryMB, memoryMB)
	if initTook > 0 {
		line += fmt.Sprintf("Init Duration: %s\t", milliseconds(initTook))
	}
	if status != "" {
		line += status + "\t"
	}
	return line
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", inMilliseconds(d)) }
