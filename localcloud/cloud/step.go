package cloud

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// The kinds of a Step.
const (
	StepRequest  = "request"  // a request to an HTTP API
	StepCall     = "call"     // a request to AWS's wire protocols
	StepDelivery = "delivery" // from a topic to a subscription
	StepRun      = "run"      // of a function
	StepSchedule = "schedule" // an event of a schedule or a rule
)

// A Step is one hop of what a request, a message or an event causes, for people who watch
// it. Unlike segments of X-Ray, steps exist without sampling and permissions, hold
// payloads, and never leave the local cloud.
type Step struct {
	Trace string `json:"trace"` // the root of its trace, "1-…"
	// Links are the roots of other traces that caused this one: those of the messages in
	// a batch.
	Links     []string   `json:"links,omitempty"`
	Kind      string     `json:"kind"`
	Name      string     `json:"name"`              // "POST /add", "dynamodb:PutItem"
	From      string     `json:"from,omitempty"`    // the ARN of what caused it; "" for a client or unknown
	To        string     `json:"to,omitempty"`      // the ARN of the resource
	Request   string     `json:"request,omitempty"` // ID
	Start     time.Time  `json:"start"`
	Took      Millis     `json:"took"`
	Cold      Millis     `json:"cold,omitempty"`    // how long the environment took to start; 0 if it was warm
	Attempt   int        `json:"attempt,omitempty"` // from 1; 0 if there can be only one
	Input     string     `json:"input,omitempty"`
	Output    string     `json:"output,omitempty"`
	Error     string     `json:"error,omitempty"` // why it failed; "" if it did not
	Log       string     `json:"log,omitempty"`   // the end of the log of a run
	Decisions []Decision `json:"decisions,omitempty"`
}

// Millis is a duration that JSON has in milliseconds.
type Millis time.Duration

// MarshalJSON implements json.Marshaler.
func (m Millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(m)/1e6, 'f', -1, 64), nil
}

// Decision is the outcome of one authorization.
type Decision struct {
	Time     time.Time `json:"time"`
	Caller   string    `json:"caller"`
	Role     string    `json:"role,omitempty"` // the name of the caller's role
	Action   string    `json:"action"`
	Resource string    `json:"resource"`
	Allowed  bool      `json:"allowed"`
	Reasons  []Reason  `json:"reasons,omitempty"` // the statements that decided
	// Message is the refusal in AWS's words, and Missing the smallest statement that would
	// have allowed the request; both are "" if it is allowed.
	Message string `json:"message,omitempty"`
	Missing string `json:"missing,omitempty"`
	// Where says to which policy Missing belongs.
	Where string `json:"where,omitempty"`
}

// Reason is a statement of a policy that led to a Decision.
type Reason struct {
	Policy    string `json:"policy"` // what kind of policy it is, and its name if it has one
	Sid       string `json:"sid,omitempty"`
	Statement int    `json:"statement"` // its index in the policy, from 0
}

// StepRecorder is an optional interface of a [Journal] that keeps steps.
type StepRecorder interface{ Record(Step) }

// maxStepText is the size in bytes of the payloads of a step. Longer ones are cut off.
const maxStepText = 16 << 10

// StepText returns a payload as a step holds it.
func StepText[T string | []byte](payload T) string {
	if len(payload) <= maxStepText {
		return strings.ToValidUTF8(string(payload), string(utf8.RuneError))
	}
	return strings.ToValidUTF8(string(payload[:maxStepText]), "") + "\n… (" + strconv.Itoa(len(payload)) + " bytes)"
}

// An OpenStep is a step that has begun. Its methods may be called concurrently.
type OpenStep struct {
	mu   sync.Mutex
	step Step
}

// BeginStep returns a context with a new step, to which the authorizations in that context
// belong. If the step has no trace, it belongs to that of the context, or else to a new one.
func BeginStep(ctx context.Context, s Step) (context.Context, *OpenStep) {
	if s.Trace == "" {
		s.Trace = StepTrace(ctx)
	}
	if s.Trace == "" {
		s.Trace = NewTraceID(time.Now())
	}
	s.Start = time.Now()
	o := &OpenStep{step: s}
	return context.WithValue(ctx, openStep{}, o), o
}

// Fail sets the error of the step, if there is one.
func (s *Step) Fail(err error) {
	if err != nil {
		s.Error = err.Error()
	}
}

type openStep struct{}

// StepTrace returns the trace of the context's step, or "".
func StepTrace(ctx context.Context) string {
	o, ok := ctx.Value(openStep{}).(*OpenStep)
	if !ok {
		return ""
	}
	return o.step.Trace // never changes
}

// ReachStep sets the resource of the context's step, if there is one.
func ReachStep(ctx context.Context, to string) {
	if o, ok := ctx.Value(openStep{}).(*OpenStep); ok {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.step.To = to
	}
}

// StepSource returns what a resource that is used in the context is used by: the resource of
// a request to an HTTP API, or "".
func StepSource(ctx context.Context) string {
	o, ok := ctx.Value(openStep{}).(*OpenStep)
	if !ok {
		return ""
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.step.Kind != StepRequest {
		return ""
	}
	return o.step.To
}

// Decided adds a decision to the context's step, if there is one.
func Decided(ctx context.Context, d Decision) {
	o, ok := ctx.Value(openStep{}).(*OpenStep)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.step.To == "" {
		o.step.To = d.Resource
	}
	o.step.Decisions = append(o.step.Decisions, d)
}

type check struct{}

// AsCheck returns a context in which authorizations only check what would be permitted:
// they are no decisions about a request.
func AsCheck(ctx context.Context) context.Context { return context.WithValue(ctx, check{}, true) }

// IsCheck reports whether ctx is one of AsCheck.
func IsCheck(ctx context.Context) bool { return ctx.Value(check{}) != nil }

// End records the step in the journal, if that is a StepRecorder. edit, which may be nil,
// completes the step before.
func (o *OpenStep) End(j Journal, edit func(*Step)) {
	r, ok := j.(StepRecorder)
	if !ok {
		return
	}
	o.mu.Lock()
	s := o.step
	s.Decisions = slices.Clone(s.Decisions)
	o.mu.Unlock()
	s.Took = Millis(time.Since(s.Start))
	if edit != nil {
		edit(&s)
	}
	r.Record(s)
}
