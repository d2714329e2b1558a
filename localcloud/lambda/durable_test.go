package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/store"
)

// effects records in the store which events a function has processed and which results
// a queue has received, as functions and queues of the local cloud do.
type effects struct {
	st     *store.Store
	values *store.Values
	mu     sync.Mutex
	tries  map[string]int
}

func newEffects(st *store.Store) *effects {
	return &effects{st: st, values: store.NewValues(st, "effects"), tries: map[string]int{}}
}

func (e *effects) try(what string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tries[what]++
	return e.tries[what]
}

func (e *effects) note(what string) error { return e.st.Apply(e.values.Set(what, []byte{1})) }

func (e *effects) has(what string) bool {
	v, _ := e.values.Get(what)
	return v != nil
}

// SendMessage implements cloud.Sender. The queue's disk is full at first.
func (e *effects) SendMessage(_ context.Context, _ cloud.Caller, _ string, m cloud.QueueMessage) (string, error) {
	if e.try("send") == 1 {
		return "", errors.New("the disk is full")
	}
	_, id, _ := strings.Cut(m.Body, `"requestId":"`)
	return "id", e.note("sent " + id[:36])
}

// handle fails for odd events, and otherwise notes that it has processed the event.
func (e *effects) handle(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
	if strings.Contains(string(ev.Payload), `"odd"`) {
		return runtimeapi.Response{Payload: []byte(`{}`), Failed: true}, nil
	}
	return runtimeapi.Response{Payload: []byte("1")}, e.note("ran " + ev.RequestID)
}

// TestNoAcknowledgedEventIsLost interrupts asynchronous invocations after every single
// change of the store, as a SIGKILL could, and checks that in the end each event that a
// client relies on has been processed, or has arrived at the destination for failures.
func TestNoAcknowledgedEventIsLost(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		st, log := store.InMemoryWithLog()
		open := func(st *store.Store) (*lambda.Service, *effects) {
			e := newEffects(st)
			k.options.Store, k.options.Sender, k.handle = st, e, e.handle
			return k.open(t), e
		}
		s, _ := open(st)
		create(t, s, "add")
		if _, err := s.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: "add", OnFailure: failuresARN, MaxRetryAttempts: 1}); err != nil {
			t.Fatal(err)
		}
		start := log.Len()
		var mu sync.Mutex
		acknowledged := map[string]int{} // request ID: changes that are on disk
		for i := range 10 {
			go func() {
				payload := []byte([]string{`"even"`, `"odd"`}[i%2])
				id, err := s.InvokeEvent(t.Context(), cloud.Invocation{Caller: developer, Function: "add", Payload: payload})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				acknowledged[id] = log.Synced()
			}()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if queued(s) != 0 || len(acknowledged) != 10 || log.Len() < start+35 {
			t.Fatalf("%d events queued, %d acknowledged, %d changes", queued(s), len(acknowledged), log.Len()-start)
		}
		for n := start; n <= log.Len(); n++ {
			st := log.At(n)
			s, after := open(st)
			time.Sleep(time.Hour)
			synctest.Wait()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for id, onDisk := range acknowledged {
				if n >= onDisk && !after.has("ran "+id) && !after.has("sent "+id) {
					t.Errorf("after %d changes, acknowledged after %d: event %s is lost", n, onDisk, id)
				}
			}
			_ = store.NewValues(st, "lambda-events").Ascend("", "", func(key string, _ []byte) bool {
				t.Errorf("after %d changes: event %s is left", n, key)
				return true
			})
			if queued(s) != 0 {
				t.Errorf("after %d changes: %d events are queued in the end", n, queued(s))
			}
		}
	})
}

// TestSlowFunctionsDelayOnlyThemselves checks that events of a function that is throttled
// or slow do not delay those of another one.
func TestSlowFunctionsDelayOnlyThemselves(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		s := k.open(t)
		k.handle = sleep(time.Second)
		create(t, s, "slow", func(c *lambda.Config) { c.ReservedConcurrency = 1 })
		for range 2000 {
			invokeAsync(t, s, "slow")
		}
		synctest.Wait()
		var ran []time.Duration
		began := time.Now()
		k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
			k.mu.Lock()
			defer k.mu.Unlock()
			ran = append(ran, time.Since(began))
			return runtimeapi.Response{}, nil
		}
		create(t, s, "quick")
		for range 100 {
			invokeAsync(t, s, "quick")
		}
		synctest.Wait()
		if len(ran) != 100 || slices.Max(ran) > 0 {
			t.Errorf("%d events ran, after %v", len(ran), ran)
		}
	})
}

// TestConcurrencyFollowsTheDuration checks that events of a slow function run at the same
// time, and that those of a quick one start few environments.
func TestConcurrencyFollowsTheDuration(t *testing.T) {
	for _, tc := range []struct {
		takes        time.Duration
		events       int
		within       time.Duration
		fewest, most int
	}{
		{time.Second, 10, 2 * time.Second, 10, 10}, // some wait a moment for a busy environment
		{time.Second, 500, 4 * time.Second, 200, 500},
		{time.Millisecond, 2000, time.Second, 1, 16},
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t)
			k.options.Dir = dir
			k.handle = sleep(tc.takes)
			s := k.open(t)
			create(t, s, "add")
			for range tc.events {
				invokeAsync(t, s, "add")
			}
			time.Sleep(tc.within)
			synctest.Wait()
			if n := len(k.started); queued(s) != 0 || n < tc.fewest || n > tc.most {
				t.Errorf("%v: %d events left after %v, %d environments, want %d to %d", tc.takes, queued(s), tc.within, n, tc.fewest, tc.most)
			}
		})
	}
}

// TestFullQueueRefuses checks that a full queue makes callers wait, and then refuses them
// with AWS's error.
func TestFullQueueRefuses(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.handle = sleep(15 * time.Minute)
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) { c.TimeoutSeconds = 900 })
		payload := []byte(fmt.Sprintf("%q", strings.Repeat("x", 1<<20-2))) // 64 of these fill the queue
		send := func() error {
			_, err := s.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: "add", Payload: payload})
			return err
		}
		for range 64 {
			if err := send(); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		expectError(t, send(), "TooManyRequestsException", "Rate Exceeded.")
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("waited %v, want 5 s", waited)
		}
	})
}

// TestClockOfTheMachine checks that events that were queued before the clock was set back,
// or ahead by days, run in time and are not dropped.
func TestClockOfTheMachine(t *testing.T) {
	for name, tc := range map[string]struct{ before, after time.Duration }{
		"back":  {time.Hour, 0},
		"ahead": {0, 72 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			k := newKit(t)
			k.options.Dir = dir
			k.keepStore()
			synctest.Test(t, func(t *testing.T) { // each bubble begins at the same time
				time.Sleep(tc.before)
				k.handle = failing(&attempts{})
				s := k.open(t)
				create(t, s, "add")
				invokeAsync(t, s, "add")
				synctest.Wait()
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(tc.after)
				a := attempts{began: time.Now()}
				k.handle = func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
					a.note(ev)
					return runtimeapi.Response{}, nil
				}
				s := k.open(t)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if len(a.at) != 1 || a.at[0] > time.Minute {
					t.Errorf("attempts after %v, want one within the minute before the retry", a.at)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// queued returns the number of events in the queues of all functions.
func queued(s *lambda.Service) (n int) {
	for _, events := range s.Queued() {
		n += events
	}
	return n
}
