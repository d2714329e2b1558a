package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"tally/local/lambda/runtimeapi"
)

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

// report is the REPORT line: tabs between its fields and after the last. No
// function has used more memory than it may, says AWS.
func report(f Function, requestID string, took, initTook time.Duration, memoryMB int, status string) string {
	line := fmt.Sprintf("REPORT RequestId: %s\tDuration: %s\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		requestID, milliseconds(took), int(math.Ceil(inMilliseconds(took))), f.MemoryMB, min(memoryMB, f.MemoryMB))
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
