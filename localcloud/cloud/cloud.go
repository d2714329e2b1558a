package cloud

import (
	"context"
	"time"
)

// Request describes an action for an [Authorizer] to allow or deny.
type Request struct {
	Caller   Caller
	Action   string // "sns:Publish"
	Resource string // an ARN, or "*" for actions that have no resource
	// ResourcePolicy is the policy document attached to the resource, as JSON,
	// or "" if there is none.
	ResourcePolicy string
	// Context holds condition keys beyond those derived from the caller
	// (aws:SourceArn, aws:SourceAccount, aws:PrincipalArn, …).
	Context map[string][]string
	// Public is set if the resource policy may allow the action to anonymous callers.
	Public bool
}

// Authorizer allows or denies requests. Authorize returns nil if the request is
// allowed. Otherwise, it returns AWS's *Error, with the reason in AWS's words.
type Authorizer interface {
	Authorize(ctx context.Context, r Request) error
}

// RoleAssumer issues a role's credentials to a service that the role's trust
// policy allows to assume it.
type RoleAssumer interface {
	// AssumeRole checks that role exists and trusts the service, and returns the
	// credentials of a new session.
	AssumeRole(ctx context.Context, service Caller, role ARN, session string) (Credentials, error)
	// Revoke ends a session: its access key is no longer valid.
	Revoke(accessKeyID string)
}

// Invocation is one call of a function.
type Invocation struct {
	Caller   Caller
	Function string // name, "name:qualifier", partial ARN or full ARN
	// Qualifier is a version or alias, if Function does not include one.
	Qualifier     string
	Payload       []byte // JSON
	ClientContext string // base64 JSON of the Invoke API, usually ""
	TraceHeader   string // X-Amzn-Trace-Id; the Invoker adds the fields that it lacks
	LogTail       bool   // Invoke waits for the end of the invocation's log
}

// Outcome is the result of a synchronous Invocation that reached the function.
type Outcome struct {
	RequestID string
	// Payload is the function's response or, if FunctionError is set, a JSON
	// object with errorMessage and errorType.
	Payload         []byte
	FunctionError   string // "Unhandled", or "" for success
	ExecutedVersion string // "$LATEST"
	LogTail         []byte // the last 4 KiB of this invocation's log, if requested
}

// Invoker runs functions.
type Invoker interface {
	// Invoke runs the function and waits for its response (RequestResponse).
	// If the function fails, Invoke returns an Outcome and no error. An error
	// means that the function was not invoked: ResourceNotFoundException,
	// AccessDeniedException, TooManyRequestsException or
	// RequestTooLargeException. If ctx ends first, Invoke returns its error, and
	// the function keeps running.
	Invoke(ctx context.Context, in Invocation) (Outcome, error)
	// InvokeAsync queues the event and returns at once (Event). Lambda then
	// retries a failed invocation and sends its result to the destinations. The
	// event is soon on disk, before anything that the caller changes afterwards, so
	// a caller that stores what it hands over needs no wait.
	InvokeAsync(ctx context.Context, in Invocation) (requestID string, err error)
}

// LogEvent is one event of a log stream.
type LogEvent struct {
	Time    time.Time // millisecond resolution
	Message string    // one or more lines; Lambda's end in a newline
}

// LogWriter appends to a log stream. It creates the log group and the stream if
// they do not exist.
type LogWriter interface {
	// WriteLog returns an AccessDeniedException if the caller is not allowed to
	// write to the group.
	WriteLog(ctx context.Context, caller Caller, group, stream string, events []LogEvent) error
}

// Journal collects events between services, for people to read. Append never
// blocks and never fails.
type Journal interface {
	Append(Entry)
}

// Entry is one event in the Journal.
type Entry struct {
	Time     time.Time // set by the Journal if zero
	Level    Level
	Loss     bool   `json:",omitempty"` // whether a message or an event was lost
	Repeats  int    `json:",omitempty"` // how many similar entries before it this one stands for
	Service  string // "sns", "lambda", "apigateway"
	Resource string // the short name or ARN of the resource concerned
	Message  string // one line, for people
}

// Level is the severity of an Entry.
type Level string

// The levels of an Entry.
const (
	Info    Level = "info"
	Warning Level = "warning" // something was refused or lost, or will be retried
)

// Pace is the factor that divides AWS's long waits, so that a person can watch a
// retry happen. The zero Pace, like 1, leaves them unchanged.
type Pace float64

// Wait returns how long this local cloud waits if AWS waits d: d itself if it is
// shorter than a minute, and otherwise d divided by p.
func (p Pace) Wait(d time.Duration) time.Duration {
	if p <= 1 || d < time.Minute {
		return d
	}
	return time.Duration(float64(d) / float64(p))
}
