package lambda_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// burst invokes the function n times at once and returns how long that took.
func burst(t *testing.T, s *lambda.Service, n int) time.Duration {
	t.Helper()
	start := time.Now()
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			out, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
			if err != nil || out.FunctionError != "" {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
	group.Wait()
	return time.Since(start)
}

// TestBurst checks how many environments a burst of events starts, and how long it
// takes, depending on the time that starts and runs take.
func TestBurst(t *testing.T) {
	eager := 2 * runtime.GOMAXPROCS(0)
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		start, run time.Duration
		events     int
		most       int // environments
		within     time.Duration
		again      time.Duration // within which a second burst ends
		saturated  bool
	}{
		"a few":                {20 * ms, ms, eager, eager, 21 * ms, ms, false},
		"short runs":           {20 * ms, ms, 10 * eager, eager, 30 * ms, 10 * ms, false},
		"many short runs":      {20 * ms, ms, 100 * eager, 10 * eager, 120 * ms, 100 * ms, false},
		"long runs":            {20 * ms, time.Second, 10 * eager, 10 * eager, 1150 * ms, time.Second, false},
		"slow starts":          {2 * time.Second, ms, 10 * eager, 10 * eager, 2501 * ms, ms, false},
		"saturated":            {20 * ms, ms, 100 * eager, eager, 120 * ms, 100 * ms, true},
		"saturated, long runs": {20 * ms, time.Second, 10 * eager, 10 * eager, 1601 * ms, time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.options.Dir = dir
				k.start = func(context.Context, lambda.Spec) error { time.Sleep(tc.start); return nil }
				k.handle = sleep(tc.run)
				k.options.Saturated = func() bool { return tc.saturated }
				s := k.open(t)
				create(t, s, "add")
				if took := burst(t, s, tc.events); took > tc.within {
					t.Errorf("the first burst took %s, want at most %s", took, tc.within)
				}
				if took := burst(t, s, tc.events); took > tc.again {
					t.Errorf("the second burst took %s, want at most %s", took, tc.again)
				}
				if got := len(k.alive()); got > tc.most {
					t.Errorf("%d environments for %d events, want at most %d", got, tc.events, tc.most)
				}
			})
		})
	}
}

// TestWaitingCounts checks that an invocation that waits for an environment counts
// toward the concurrency of its function.
func TestWaitingCounts(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.handle = sleep(time.Second)
		s := k.open(t)
		limit := 2*runtime.GOMAXPROCS(0) + 1
		create(t, s, "add", func(c *lambda.Config) { c.ReservedConcurrency = limit })
		for range limit {
			invokeInBackground(t, s, "add")
		}
		if got := len(k.alive()); got != limit-1 {
			t.Fatalf("%d environments, want %d: the last invocation should wait", got, limit-1)
		}
		_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
		expectError(t, err, "TooManyRequestsException", "Rate Exceeded.")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		burst(t, s, limit)
	})
}

// TestChangesWhileWaiting checks that an invocation that waits runs the version that
// exists when its wait is over, and ends with the service.
func TestChangesWhileWaiting(t *testing.T) {
	eager := 2 * runtime.GOMAXPROCS(0)
	for name, tc := range map[string]struct {
		change func(t *testing.T, s *lambda.Service)
		code   string // of the error, "" for none
	}{
		"updated": {func(t *testing.T, s *lambda.Service) { update(t, s, "add", "second", func(*lambda.Config) {}) }, ""},
		"deleted": {func(t *testing.T, s *lambda.Service) {
			if err := s.DeleteFunction("add"); err != nil {
				t.Error(err)
			}
		}, "ResourceNotFoundException"},
		"closed": {func(_ *testing.T, s *lambda.Service) { s.Close() }, "ServiceException"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.options.Dir = dir
				k.handle = func(ctx context.Context, _ runtimeapi.Event) (runtimeapi.Response, error) {
					select {
					case <-time.After(time.Second):
						return runtimeapi.Response{Payload: []byte(`"ok"`)}, nil
					case <-ctx.Done():
						return runtimeapi.Response{}, errors.New("canceled")
					}
				}
				s := k.open(t)
				create(t, s, "add")
				for range eager {
					invokeInBackground(t, s, "add")
				}
				result := make(chan error, 1)
				go func() {
					_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
					result <- err
				}()
				synctest.Wait()
				tc.change(t, s)
				if err := <-result; cloud.ErrorCode(err) != tc.code {
					t.Errorf("error %v, want %q", err, tc.code)
				}
				if last := k.specs[len(k.specs)-1].Dir; tc.code == "" && last == k.specs[0].Dir {
					t.Errorf("the invocation ran the code in %s, which had been replaced", last)
				}
			})
		})
	}
}
