package timetable

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/store"
)

// Event is an occurrence that is being delivered.
type Event struct {
	Key      string // of the schedule, or of a target of a rule; see Courier
	ID       string
	At       time.Time     // AWS's time of the occurrence
	Attempts int           `json:",omitempty"` // that have failed
	Age      time.Duration `json:",omitempty"` // AWS's time since the first attempt
	Final    bool          `json:",omitempty"` // there are no more attempts
	Ended    string        `json:",omitempty"` // the member of the retry policy that ended them, if one did
	Code     string        `json:",omitempty"` // of the last error
	Message  string        `json:",omitempty"`
}

// RetryPolicy limits the retries of an event.
type RetryPolicy struct {
	Attempts int           // after the first one
	Age      time.Duration // of the event
}

// The members of a retry policy, by which a dead letter names what ended the retries.
const (
	MaximumRetryAttempts     = "MaximumRetryAttempts"
	MaximumEventAgeInSeconds = "MaximumEventAgeInSeconds"
)

// Courier knows who delivers events.
type Courier interface {
	// Find returns who delivers the events with a key, or nil if the schedule or the
	// target that they belong to was deleted, even if there is another of that name.
	Find(key string) Delivery
	// Name returns the name of that schedule, or of the rule.
	Name(key string) string
	// Dropped is called for an event that is not delivered for that reason.
	Dropped(Event)
}

// Delivery delivers the events of a schedule or of a target of a rule, as these are when an
// attempt begins.
type Delivery interface {
	Target() string // its ARN
	// Send delivers an event to its target. context.Canceled means that Close has ended
	// the attempt, which does not count.
	Send(context.Context, Event) error
	RetryPolicy() RetryPolicy
	// Permanent reports whether an error ends the retries at once.
	Permanent(error) bool
	// Bury sends an event that could not be delivered to the dead-letter queue, if there
	// is one. After an error, it is called again.
	Bury(context.Context, Event) error
	// Done is called at the end, whether or not the event was delivered, which is then no
	// longer owed.
	Done(Event)
}

// Deliveries delivers events, each at least once, and retries those that fail. Events of
// different keys never wait for each other.
type Deliveries struct {
	courier Courier
	pace    cloud.Pace
	backlog *backlog.Backlog
	life    context.Context // of attempts
	end     context.CancelFunc

	mu   sync.Mutex
	owed map[string]int // events by key; the backlog also holds those that are ending
}

// Workers is how many events of a key are usually delivered at the same time, at most.
const Workers = 16

// NewDeliveries opens the events in the store with that name. Up to workers events of a key
// are delivered at the same time.
func NewDeliveries(st *store.Store, name string, pace cloud.Pace, workers int, courier Courier, report func(error)) (*Deliveries, error) {
	d := &Deliveries{courier: courier, pace: pace}
	d.life, d.end = context.WithCancel(context.Background())
	var err error
	d.backlog, err = backlog.New(backlog.Options{Store: st, Name: name, Run: d.run, MaxWorkers: workers, Report: report})
	if err == nil {
		d.owed = d.backlog.Lens()
	}
	return d, err
}

// Start begins to deliver.
func (d *Deliveries) Start() { d.backlog.Start() }

// Close interrupts the attempts in progress. The next start continues.
func (d *Deliveries) Close() {
	d.end()
	d.backlog.Close()
}

// Add adds events together with other changes.
func (d *Deliveries) Add(events []Event, others ...store.Change) error {
	tasks := make([]backlog.Task, len(events))
	for i, e := range events {
		tasks[i] = backlog.Task{Lane: e.Key, Data: e.encode()}
		d.count(e.Key, 1)
	}
	err := d.backlog.Add(tasks, others...)
	if err != nil {
		for _, e := range events {
			d.count(e.Key, -1)
		}
	}
	return err
}

// count adds to the number of events with a key that are owed.
func (d *Deliveries) count(key string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owed[key] += n; d.owed[key] == 0 {
		delete(d.owed, key)
	}
}

// Pending returns how many events with a key are owed.
func (d *Deliveries) Pending(key string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.owed[key]
}

// Owed is how many events a schedule or a target of a rule is owed.
type Owed struct {
	Name   string // of the schedule or the rule
	Target string // an ARN; "" if it was deleted, and receives none of the events
	Count  int    // with those that are being delivered
}

// Owed returns what is owed, sorted by name.
func (d *Deliveries) Owed() (all []Owed) {
	d.mu.Lock()
	owed := maps.Clone(d.owed)
	d.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(owed)) {
		o := Owed{Name: d.courier.Name(key), Count: owed[key]}
		if to := d.courier.Find(key); to != nil {
			o.Target = to.Target()
		}
		all = append(all, o)
	}
	return all
}

func (e Event) encode() []byte {
	data, _ := json.Marshal(e) // always encodes
	return data
}

// run makes one attempt.
func (d *Deliveries) run(t backlog.Task) backlog.Result {
	var e Event
	_ = json.Unmarshal(t.Data, &e) // encode has encoded it
	to := d.courier.Find(e.Key)
	if to == nil {
		d.count(e.Key, -1)
		d.courier.Dropped(e)
		return backlog.Result{}
	}
	if e.Final {
		return d.bury(to, e)
	}
	err := to.Send(d.life, e)
	switch {
	case err == nil:
		return d.done(to, e)
	case errors.Is(err, context.Canceled):
		return backlog.Result{Interrupted: true}
	}
	e.Code, e.Message = explain(err)
	delay := backoff(e.Attempts)
	e.Attempts++
	policy := to.RetryPolicy()
	switch e.Final = true; {
	case to.Permanent(err):
	case e.Attempts > policy.Attempts:
		e.Ended = MaximumRetryAttempts
	case e.Age+delay > policy.Age:
		e.Ended = MaximumEventAgeInSeconds
	default:
		e.Final = false
		e.Age += delay
		return backlog.Result{Again: true, Delay: d.pace.Wait(delay), Data: e.encode()}
	}
	return d.bury(to, e)
}

func (d *Deliveries) bury(to Delivery, e Event) backlog.Result {
	if err := to.Bury(d.life, e); err != nil {
		return backlog.Result{Again: true, Delay: time.Second, Data: e.encode()}
	}
	return d.done(to, e)
}

func (d *Deliveries) done(to Delivery, e Event) backlog.Result {
	d.count(e.Key, -1)
	to.Done(e)
	return backlog.Result{}
}

// Internal is the code of errors that are not AWS's.
const Internal = "InternalFailure"

// explain returns the code and the message of an error.
func explain(err error) (code, message string) {
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return e.Code, e.Message
	}
	return Internal, err.Error()
}

// longestBackoff makes the 185 retries that AWS makes by default take the 24 hours that it
// takes.
const longestBackoff = 8 * time.Minute

// backoff returns the wait after a number of failed attempts before the last one. It
// doubles each time; AWS does not document its length.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
func backoff(attempts int) time.Duration {
	if attempts > 8 {
		return longestBackoff
	}
	return min(time.Second<<attempts, longestBackoff)
}
