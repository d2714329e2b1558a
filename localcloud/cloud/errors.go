package cloud

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an error that AWS returns when it refuses a request. Services return
// all refusals as *Error. Only the gateway encodes them for the wire. It encodes
// any other error as InternalFailure.
type Error struct {
	Code    string // "NotFound", "ResourceNotFoundException": as in the service's API reference
	Message string // AWS's wording, if known
	Status  int    // HTTP status; 0 means 400
	// Fields are further members of the error's shape, such as "Reason" and
	// "Type" of Lambda's TooManyRequestsException, encoded as JSON. Nil for most.
	Fields map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// OfKMS returns the error with which another service reports an error of KMS, under a
// code of its own.
func (e *Error) OfKMS(code string) *Error {
	return &Error{
		Code: code, Status: e.Status,
		Message: fmt.Sprintf("%s (Service: AWSKMS; Status Code: %d; Error Code: %s)", e.Message, e.HTTPStatus(), e.Code),
	}
}

// RewordKeyError returns the error with which another service reports an error of KMS: a
// denied access under its own code, and others under the given one. It returns other
// errors unchanged.
func RewordKeyError(err error, code string) error {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return err
	case e.Code == "AccessDeniedException":
		return e.OfKMS(e.Code)
	}
	return e.OfKMS(code)
}

// HTTPStatus returns Status, or 400 if Status is 0.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// Errorf returns an Error with a formatted message. A status of 0 means 400.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: status}
}

// ErrorCode returns the code of the first *Error in err's chain, or "" if there
// is none.
func ErrorCode(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
