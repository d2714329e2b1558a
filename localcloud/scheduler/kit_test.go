package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/scheduler"
	"tally/localcloud/store"
)

var here = cloud.Place{Region: "us-east-1", Account: "000000000000"}

const (
	function = "arn:aws:lambda:us-east-1:000000000000:function:f:live"
	queue    = "arn:aws:sqs:us-east-1:000000000000:q"
	topic    = "arn:aws:sns:us-east-1:000000000000:t"
	letters  = "arn:aws:sqs:us-east-1:000000000000:letters"
	role     = "arn:aws:iam::000000000000:role/r"
)

// world is everything around the service. Its functions determine the answers; nil means
// success.
type world struct {
	began time.Time
	store *store.Store
	trust func(service cloud.Caller, role cloud.ARN) error
	reach func(target string) error
	keys  func(operation string, caller cloud.Caller) error

	mu       sync.Mutex
	sent     []string // "10m0s lambda …: payload"
	last     cloud.QueueMessage
	metrics  map[string]float64
	losses   []string
	warnings []string // without losses
	sessions int
}

func newWorld() *world {
	return &world{began: time.Now(), store: store.InMemory(), metrics: map[string]float64{}}
}

// change changes the world while the service uses it.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) open(t *testing.T, pace cloud.Pace) *scheduler.Service {
	t.Helper()
	s, err := scheduler.New(scheduler.Options{
		Place: here, Store: w.store, Roles: w, Keys: w, Journal: w, Metrics: w, Pace: pace, Targets: timetable.Targets{Invoker: w, Sender: w, Publish: w.publish},
		Endpoint: func() string { return "http://127.0.0.1:4566" },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	return s
}

func (w *world) AssumeRole(_ context.Context, service cloud.Caller, role cloud.ARN, session string) (cloud.Credentials, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.trust != nil {
		if err := w.trust(service, role); err != nil {
			return cloud.Credentials{}, err
		}
	}
	w.sessions++
	return cloud.Credentials{Caller: cloud.Caller{ARN: here.GlobalARN("sts", "assumed-role/r/"+session), Role: "r"}}, nil
}

func (w *world) Revoke(string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sessions--
}

func (w *world) take(kind string, caller cloud.Caller, target string, m cloud.QueueMessage) error {
	if caller.Role != "r" {
		return fmt.Errorf("%s has no role", caller)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reach != nil {
		if err := w.reach(target); err != nil {
			return err
		}
	}
	w.sent = append(w.sent, fmt.Sprintf("%v %s: %s", time.Since(w.began), kind, m.Body))
	w.last = m
	return nil
}

func (w *world) InvokeAsync(_ context.Context, in cloud.Invocation) (string, error) {
	return "", w.take("lambda", in.Caller, in.Function, cloud.QueueMessage{Body: string(in.Payload)})
}

func (w *world) SendMessage(_ context.Context, caller cloud.Caller, arn string, m cloud.QueueMessage) (string, error) {
	kind := "sqs"
	if arn == letters {
		kind = "letters"
	}
	return "", w.take(kind, caller, arn, m)
}

func (w *world) publish(_ context.Context, caller cloud.Caller, arn string, m cloud.QueueMessage) error {
	return w.take("sns", caller, arn, m)
}

func (w *world) use(operation string, caller cloud.Caller) error {
	if w.keys == nil {
		return nil
	}
	return w.keys(operation, caller)
}

func (w *world) EncryptWith(_ context.Context, _ string, caller cloud.Caller, _ cloud.ARN) error {
	return w.use("encrypt", caller)
}
func (*world) GrantWith(context.Context, string, cloud.Caller, cloud.ARN) error { return nil }
func (w *world) EncryptValueWith(context.Context, string, cloud.Caller, cloud.ARN) error {
	return errors.New("unexpected")
}
func (w *world) DecryptWith(_ context.Context, _ string, caller cloud.Caller, _ cloud.ARN) error {
	return w.use("decrypt", caller)
}
func (w *world) CheckKey(string) error { return nil }

func (w *world) Append(e cloud.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case e.Loss:
		w.losses = append(w.losses, e.Message)
	case e.Level == cloud.Warning:
		w.warnings = append(w.warnings, e.Message)
	}
}

func (w *world) Report(_ string, _ time.Time, dimensions [][]cloud.Dimension, values []cloud.MetricValue) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range values {
		w.metrics[dimensions[0][0].Value+" "+v.Name] += v.Value
	}
}

// create creates a schedule n of a target.
func create(t *testing.T, s *scheduler.Service, change func(*scheduler.Schedule)) scheduler.Schedule {
	t.Helper()
	made, err := s.Create(t.Context(), cloud.Caller{Administrator: true}, schedule(change))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func schedule(change func(*scheduler.Schedule)) scheduler.Schedule {
	n := scheduler.Schedule{Name: "n", Expression: "rate(10 minutes)", Target: scheduler.Target{ARN: function, RoleARN: role}}
	if change != nil {
		change(&n)
	}
	return n
}
