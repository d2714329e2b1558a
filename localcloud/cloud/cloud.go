package cloud

import (
	"context"
	"time"
)

// Request asks whether a caller may do something.
type Request struct {
	Caller   Caller
	Action   string // "sns:Publish"
	Resource string // an ARN, or "*" for actions that have no resource
	// ResourcePolicy is the policy document attached to the resource, as JSON;
	// "" where it has none.
	ResourcePolicy string
	// Context holds condition keys beyond those that follow from the caller
	// (aws:SourceArn, aws:SourceAccount, aws:PrincipalArn, …).
	Context map[string][]string
}

// Authorizer answers Requests. The error is nil where the request is allowed
// and otherwise the *Error AWS gives, with the reason in AWS's words.
type Authorizer interface {
	Authorize(ctx context.Context, r Request) error
}

// RoleAssumer gives a service the credentials of a role, if the role's trust
// policy lets that service assume it.
type RoleAssumer interface {
	// AssumeRole checks that role exists and trusts the service principal
	// ("lambda.amazonaws.com"), and returns the credentials of a new session.
	AssumeRole(ctx context.Context, principal string, role ARN, session string) (Credentials, error)
	// Revoke ends a session; its access key is unknown from then on.
	Revoke(accessKeyID string)
}

// Invocation is one call of a function.
type Invocation struct {
	Caller   Caller
	Function string // name, "name:qualifier", partial or whole ARN
	// Qualifier is a version or alias, where Function does not hold one.
	Qualifier     string
	Payload       []byte // JSON
	ClientContext string // base64 JSON of the Invoke API, usually ""
	TraceHeader   string // X-Amzn-Trace-Id, made up where ""
}

// Outcome is what came of a synchronous Invocation that reached the function.
type Outcome struct {
	RequestID string
	// Payload is the function's answer, or, where FunctionError is set, the
	// JSON object with errorMessage and errorType.
	Payload         []byte
	FunctionError   string // "Unhandled", or "" for success
	TimedOut        bool   // FunctionError because the function ran out of time
	ExecutedVersion string // "$LATEST"
	LogTail         []byte // the last 4 KiB of this invocation's log
}

// Invoker runs functions.
type Invoker interface {
	// Invoke runs the function and waits for its answer (RequestResponse).
	// A failing function is an Outcome, not an error; errors are refusals:
	// ResourceNotFoundException, AccessDeniedException,
	// TooManyRequestsException, RequestTooLargeException. Where ctx ends first
	// its error is returned, and the function runs on.
	Invoke(ctx context.Context, in Invocation) (Outcome, error)
	// InvokeAsync queues the event and returns at once (Event). What becomes
	// of the invocation is Lambda's business: retries, then the destinations.
	InvokeAsync(ctx context.Context, in Invocation) (requestID string, err error)
}

// LogEvent is one event of a log stream.
type LogEvent struct {
	Time    time.Time // millisecond resolution
	Message string    // one line or several; Lambda's end in a newline
}

// LogWriter appends to a log stream, creating it where it does not exist.
type LogWriter interface {
	// WriteLog fails with AccessDeniedException where the caller may not write
	// to the group.
	WriteLog(ctx context.Context, caller Caller, group, stream string, events []LogEvent) error
}

// Journal takes note of what happens between services: the journal. It never
// blocks and never fails.
type Journal interface {
	Append(Entry)
}

// Entry is one thing that happened.
type Entry struct {
	Time     time.Time // set by the Journal where zero
	Level    Level
	Service  string // "sns", "lambda", "apigateway"
	Resource string // the short name or ARN of the resource it happened to
	Message  string // one line for a person
}

// Level tells how much a person should care about an Entry.
type Level string

// The levels of an Entry.
const (
	Info    Level = "info"
	Warning Level = "warning" // something was refused, lost, or will be retried
)

// Pace divides the long waits of AWS, so that a person sees a retry happen.
// The zero Pace, like 1, leaves them as they are.
type Pace float64

// Wait is d as this local cloud waits it: AWS's own where it is shorter than a
// minute, else divided by the pace.
func (p Pace) Wait(d time.Duration) time.Duration {
	if p <= 1 || d < time.Minute {
		return d
	}
	return time.Duration(float64(d) / float64(p))
}
