package cloud

import "time"

// Faults decides to which messages, invocations and requests something happens that AWS
// allows for all of them, but does to few: a second delivery, a late one, one out of order,
// the end of an execution environment, or an error of a table. A fault never loses anything
// by itself.
//
// A decision depends on nothing but the configuration, the kind and the Victim, so it
// does not matter in which order concurrent workers ask. While no faults are set, a call
// costs one atomic load. Methods may be called concurrently.
type Faults interface {
	// Number returns the number of a message that has just arrived at a resource of a
	// service, counted from 1 since the faults were set, or 0 if none are. IDs are
	// random: only by numbers can the same faults hit the same messages again.
	Number(service, resource string) uint64
	// Decide returns the fault of a kind that hits the victim, and whether there is one.
	Decide(kind FaultKind, v Victim) (Fault, bool)
	// Injected counts a fault that has hit a victim, and adds it to the journal. The
	// format describes what happened.
	Injected(kind FaultKind, v Victim, format string, args ...any)
}

// FaultKind is a kind of fault.
type FaultKind string

// The kinds of faults.
const (
	// FaultDuplicate delivers a message, or runs an asynchronous event, once more
	// although that has succeeded.
	FaultDuplicate FaultKind = "duplicate"
	FaultDelay     FaultKind = "delay"   // of a delivery or an asynchronous event
	FaultReorder   FaultKind = "reorder" // lets later messages overtake a message
	FaultCrash     FaultKind = "crash"   // ends an execution environment
	FaultSlow      FaultKind = "slow"    // prolongs an invocation
	// FaultThrottle and FaultError refuse a request to a table: it is throttled, or
	// DynamoDB fails.
	FaultThrottle FaultKind = "throttle"
	FaultError    FaultKind = "error"
)

// FaultKinds are all kinds of faults.
var FaultKinds = []FaultKind{FaultDuplicate, FaultDelay, FaultReorder, FaultCrash, FaultSlow, FaultThrottle, FaultError}

// Fault is a decision.
type Fault struct {
	Kind  FaultKind
	Wait  time.Duration // of FaultDelay, FaultReorder and FaultSlow: before what is late
	Point CrashPoint    // of FaultCrash
	// Part says when a crash during an invocation happens, as a part of the usual
	// duration: 0 to 1.
	Part float64
}

// CrashPoint is a moment of an invocation.
type CrashPoint string

// The moments at which an execution environment can crash.
const (
	CrashBefore CrashPoint = "before" // the function does not receive the event
	CrashDuring CrashPoint = "during" // the function receives the event; nobody receives its response
	CrashAfter  CrashPoint = "after"  // as soon as the function has responded
)

// Victim is what a fault may hit: a message, an event or an invocation.
type Victim struct {
	Service  string // "sns", "sqs", "lambda" or "dynamodb"
	Resource string // name or ARN of the topic, queue, function or table
	To       string // the endpoint of a subscription; "" for other services
	ID       string // of the message or request, for people; decides if there is no Number
	Number   uint64 // see Faults.Number; 0 if the message arrived before the faults were set
	Attempt  int    // the number of earlier attempts
}

// Held returns the fault that holds a victim back, be it a delay or for others to
// overtake it, and whether there is one.
func Held(f Faults, v Victim) (Fault, bool) {
	if fault, ok := f.Decide(FaultDelay, v); ok {
		return fault, true
	}
	return f.Decide(FaultReorder, v)
}

// NoFaults is a Faults that hits nothing.
type NoFaults struct{}

// Number returns 0.
func (NoFaults) Number(string, string) uint64 { return 0 }

// Decide returns false.
func (NoFaults) Decide(FaultKind, Victim) (Fault, bool) { return Fault{}, false }

// Injected does nothing.
func (NoFaults) Injected(FaultKind, Victim, string, ...any) {}
