package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/runtimeapi"
)

// ending is the result of an invocation whose runtime sent no response.
type ending struct {
	response  runtimeapi.Response
	line      string // to log, "" for none
	status    string // statusTimeout or statusError
	errorType string // if the status is statusError
}

// ending returns the result for err in Lambda's wording. It returns an error if
// the function did not cause err.
func (f Function) ending(requestID string, err error) (ending, error) {
	if errors.Is(err, context.DeadlineExceeded) {
		message := fmt.Sprintf("Task timed out after %.2f seconds", f.timeout().Seconds())
		return ending{
			response: runtimeapi.Failure("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: %s", requestID, message)),
			line:     fmt.Sprintf("%s %s %s", cloud.Timestamp(time.Now()), requestID, message),
			status:   statusTimeout,
		}, nil
	}
	if failure, ok := errors.AsType[*Failure](err); ok {
		message := fmt.Sprintf("RequestId: %s Error: %s", requestID, failure.Message)
		return ending{
			response: runtimeapi.Failure(failure.Type, message),
			line:     message + "\n" + failure.Type,
			status:   statusError, errorType: failure.Type,
		}, nil
	}
	if failure, ok := errors.AsType[*runtimeapi.InitError](err); ok {
		return ending{
			response: runtimeapi.Response{Payload: failure.Payload, Failed: true},
			status:   statusError, errorType: errorType(err),
		}, nil
	}
	return ending{}, fmt.Errorf("run %s: %w", f.Name, err)
}

// The status of an invocation or of the start of a runtime, in Lambda's own log
// lines.
const (
	statusSuccess = "success"
	statusError   = "error"
	statusTimeout = "timeout"
)

// errorType returns the errorType that Lambda reports for the error with which a
// runtime ended.
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

// decodeError returns the errorType and the errorMessage in the response of a
// function that failed. If the response is not such an object, it is the message.
func decodeError(payload []byte) (kind, message string) {
	var e struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(payload, &e) != nil {
		return "", string(payload)
	}
	return e.ErrorType, e.ErrorMessage
}

// describe returns the error in the response of a function that failed, for the
// journal.
func describe(payload []byte) string {
	kind, message := decodeError(payload)
	if kind == "" {
		return message
	}
	return kind + ": " + message
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", inMilliseconds(d)) }
