package lambda_test

import (
	"context"
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
)

// faults is a cloud.Faults that hits what its function selects.
type faults struct {
	hit func(cloud.FaultKind, cloud.Victim) (cloud.Fault, bool)

	mu       sync.Mutex
	arrived  uint64
	injected []string // "kind attempt"
}

func (f *faults) Number(service, resource string) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if service == "lambda" && resource == "add" {
		f.arrived++
	}
	return f.arrived
}

func (f *faults) Decide(kind cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
	fault, ok := f.hit(kind, v)
	fault.Kind = kind
	return fault, ok && v.Service == "lambda" && v.Resource == "add" && v.ID != "" && v.Number == 1
}

func (f *faults) Injected(kind cloud.FaultKind, v cloud.Victim, _ string, _ ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.injected = append(f.injected, fmt.Sprint(kind, " ", v.Attempt))
}

// crashing hits the attempts of an event that are listed.
func crashing(point cloud.CrashPoint, attempts ...int) func(cloud.FaultKind, cloud.Victim) (cloud.Fault, bool) {
	return func(kind cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
		return cloud.Fault{Point: point, Part: 0.5}, kind == cloud.FaultCrash && (attempts == nil || slices.Contains(attempts, v.Attempt))
	}
}

// TestFaultsOfEvents checks when a function receives an asynchronous event that faults
// hit, although it may not be retried. The function takes a second and succeeds.
func TestFaultsOfEvents(t *testing.T) {
	kind := func(want cloud.FaultKind) func(cloud.FaultKind, cloud.Victim) (cloud.Fault, bool) {
		return func(k cloud.FaultKind, _ cloud.Victim) (cloud.Fault, bool) {
			return cloud.Fault{Wait: 5 * time.Second}, k == want
		}
	}
	for name, c := range map[string]struct {
		hit      func(cloud.FaultKind, cloud.Victim) (cloud.Fault, bool)
		want     []time.Duration // when the function receives the event
		injected []string
	}{
		"none":      {func(cloud.FaultKind, cloud.Victim) (cloud.Fault, bool) { return cloud.Fault{}, false }, []time.Duration{0}, nil},
		"duplicate": {kind(cloud.FaultDuplicate), []time.Duration{0, time.Second}, []string{"duplicate 0"}},
		"delay":     {kind(cloud.FaultDelay), []time.Duration{5 * time.Second}, []string{"delay 0"}},
		"reorder":   {kind(cloud.FaultReorder), []time.Duration{5 * time.Second}, []string{"reorder 0"}},
		"before":    {crashing(cloud.CrashBefore, 0), []time.Duration{time.Second}, []string{"crash 0"}},
		// The duration of invocations is not known yet: the first one crashes after 5 ms,
		// the next is tried after the waits of 1 s and 2 s.
		"during": {crashing(cloud.CrashDuring, 0, 1), []time.Duration{0, 1005 * time.Millisecond, 3010 * time.Millisecond}, []string{"crash 0", "crash 1"}},
		"after":  {crashing(cloud.CrashAfter, 0), []time.Duration{0, 2 * time.Second}, []string{"crash 0"}},
		"always": {crashing(cloud.CrashBefore), []time.Duration{7 * time.Second}, []string{"crash 0", "crash 1", "crash 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k, f := newKit(t), &faults{hit: c.hit}
				a := attempts{began: time.Now()}
				k.options.Dir, k.options.Faults = dir, f
				k.handle = func(ctx context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
					a.note(ev)
					return sleep(time.Second)(ctx, ev)
				}
				s := k.open(t)
				create(t, s, "add", func(c *lambda.Config) { c.TimeoutSeconds = 3 })
				if _, err := s.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: "add", MaxEventAgeSeconds: 60}); err != nil {
					t.Fatal(err)
				}
				id := invokeAsync(t, s, "add")
				time.Sleep(time.Hour)
				synctest.Wait()
				if !slices.Equal(a.at, c.want) || len(s.Queued()) != 0 {
					t.Errorf("received at %v, want %v; %v queued", a.at, c.want, s.Queued())
				}
				if slices.ContainsFunc(a.ids, func(other string) bool { return other != id }) {
					t.Errorf("request IDs %v, want %s", a.ids, id)
				}
				if !slices.Equal(f.injected, c.injected) {
					t.Errorf("injected %v, want %v", f.injected, c.injected)
				}
				if w := k.warnings(); len(w) > 0 {
					t.Errorf("warnings %q", w)
				}
			})
		})
	}
}

// TestCrashOfInvocation checks what the caller of a function receives whose environment
// crashes, and that the environment is gone.
func TestCrashOfInvocation(t *testing.T) {
	for point, want := range map[cloud.CrashPoint]struct {
		received int
		ok       bool
	}{cloud.CrashBefore: {0, false}, cloud.CrashDuring: {1, false}, cloud.CrashAfter: {1, true}} {
		t.Run(string(point), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k, received := newKit(t), 0
				k.options.Dir, k.options.Faults = dir, &faults{hit: crashing(point)}
				k.handle = func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
					received++
					r := runtimeapi.Response{Payload: []byte("1")}
					if ev.Responded != nil {
						ev.Responded(r)
					}
					return r, nil
				}
				s := k.open(t)
				create(t, s, "add")
				out, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
				synctest.Wait()
				if want.ok && (err != nil || string(out.Payload) != "1" || out.FunctionError != "") {
					t.Errorf("outcome %+v, %v", out, err)
				}
				if !want.ok {
					expectError(t, err, "ServiceException", "An error occurred and the request cannot be processed.")
				}
				if received != want.received || len(k.alive()) != 0 {
					t.Errorf("received %d times, want %d; environments %v live", received, want.received, k.alive())
				}
				if out := invoke(t, s, "add"); string(out.Payload) != "1" || len(k.alive()) != 1 {
					t.Errorf("the next invocation: %+v; environments %v live", out, k.alive())
				}
			})
		})
	}
}

// TestFailureDuringCrash checks that a function that fails before its environment would
// crash has failed by itself.
func TestFailureDuringCrash(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k, f := newKit(t), &faults{hit: crashing(cloud.CrashDuring)}
		k.options.Dir, k.options.Faults = dir, f
		k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
			return runtimeapi.Response{}, &lambda.Failure{Type: "Runtime.ExitError", Message: "Runtime exited with error: exit status 1"}
		}
		s := k.open(t)
		create(t, s, "add")
		if out := invoke(t, s, "add"); out.FunctionError != "Unhandled" || len(f.injected) != 0 {
			t.Errorf("outcome %+v, injected %v", out, f.injected)
		}
	})
}

// TestSlowInvocation checks that the time by which a fault prolongs an invocation counts
// toward its duration and its timeout.
func TestSlowInvocation(t *testing.T) {
	for slow, want := range map[time.Duration]string{2 * time.Second: "1", 4 * time.Second: "Task timed out after 3.00 seconds"} {
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t)
			k.options.Faults = &faults{hit: func(kind cloud.FaultKind, _ cloud.Victim) (cloud.Fault, bool) {
				return cloud.Fault{Wait: slow}, kind == cloud.FaultSlow
			}}
			k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
				return runtimeapi.Response{Payload: []byte("1")}, nil
			}
			s := k.open(t)
			create(t, s, "add", func(c *lambda.Config) { c.TimeoutSeconds = 3 })
			start := time.Now()
			out := invoke(t, s, "add")
			if took := time.Since(start); !strings.Contains(string(out.Payload), want) || took != min(slow, 3*time.Second) {
				t.Errorf("%v longer: %s after %v, want %s", slow, out.Payload, took, want)
			}
		})
	}
}

// TestLongDelay checks that the time scale divides a long delay, after which the event is as
// old as it would be on AWS.
func TestLongDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, m := newKit(t), &ages{}
		k.options.Pace, k.options.Metrics = 60, m
		k.options.Faults = &faults{hit: func(kind cloud.FaultKind, _ cloud.Victim) (cloud.Fault, bool) {
			return cloud.Fault{Wait: 3 * time.Hour}, kind == cloud.FaultDelay
		}}
		a := attempts{began: time.Now()}
		k.handle = func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
			a.note(ev)
			return runtimeapi.Response{Payload: []byte("1")}, nil
		}
		s := k.open(t)
		create(t, s, "add")
		invokeAsync(t, s, "add")
		time.Sleep(time.Hour)
		synctest.Wait()
		if !slices.Equal(a.at, []time.Duration{3 * time.Minute}) || m.last != float64((3*time.Hour).Milliseconds()) {
			t.Errorf("received at %v, with an age of %v ms", a.at, m.last)
		}
	})
}

// ages is a cloud.Metrics that holds the last AsyncEventAge.
type ages struct{ last float64 }

func (a *ages) Report(_ string, _ time.Time, _ [][]cloud.Dimension, values []cloud.MetricValue) {
	for _, v := range values {
		if v.Name == "AsyncEventAge" {
			a.last = v.Value
		}
	}
}
