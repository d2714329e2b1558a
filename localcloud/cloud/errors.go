package cloud

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an answer of AWS that refuses a request. Every service returns its
// refusals as *Error; the gateway alone turns them into a wire format, and any
// other error into InternalFailure.
type Error struct {
	Code    string // "NotFound", "ResourceNotFoundException": as in the service's API reference
	Message string // AWS's wording where it is known
	Status  int    // HTTP status; 400 where zero
	// Fields are further members of the error's shape, such as "Reason" and
	// "Type" of Lambda's TooManyRequestsException. Nil for most.
	Fields map[string]string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// HTTPStatus is Status, or 400 where it is not set.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// Errorf makes an Error with a formatted message; status 0 stands for 400.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: status}
}

// ErrorCode is the code of the *Error in err's chain, or "".
func ErrorCode(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
