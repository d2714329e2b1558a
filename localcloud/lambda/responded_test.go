package lambda_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// lingering responds to an event at once, and requests the next one later.
func lingering(linger time.Duration) func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
	return func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
		r := runtimeapi.Response{Payload: []byte(`7`)}
		if ev.Responded != nil {
			ev.Responded(r)
		}
		time.Sleep(linger)
		return r, nil
	}
}

// TestResponded checks that a caller need not wait until the runtime requests the next
// event, unless it wants the log; and that its next request waits for the same
// environment, without being throttled, but not for long: the environment still counts.
func TestResponded(t *testing.T) {
	const start = 20 * time.Millisecond
	for name, tc := range map[string]struct {
		linger       time.Duration
		in           cloud.Invocation
		first, again time.Duration // until the responses to the first two requests
		environments int
	}{
		"a moment":         {5 * time.Millisecond, cloud.Invocation{}, start, 5 * time.Millisecond, 1},
		"a moment and log": {5 * time.Millisecond, cloud.Invocation{LogTail: true}, start + 5*time.Millisecond, 5 * time.Millisecond, 1},
		"a second":         {time.Second, cloud.Invocation{}, start, start, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.options.Dir = dir
				k.start = func(context.Context, lambda.Spec) error { time.Sleep(start); return nil }
				k.handle = lingering(tc.linger)
				s := k.open(t)
				create(t, s, "add", func(c *lambda.Config) { c.ReservedConcurrency = 1 })
				tc.in.Caller, tc.in.Function = developer, "add"
				for i, want := range []time.Duration{tc.first, tc.again} {
					began := time.Now()
					out, err := s.Invoke(t.Context(), tc.in)
					if i == 1 && tc.linger > 100*time.Millisecond {
						expectError(t, err, "TooManyRequestsException", "Rate Exceeded.")
					} else if err != nil || string(out.Payload) != "7" || (len(out.LogTail) > 0) != tc.in.LogTail {
						t.Errorf("%+v, %v", out, err)
					}
					if took := time.Since(began); took != want {
						t.Errorf("request %d took %s, want %s", i, took, want)
					}
				}
				if got := len(k.alive()); got != tc.environments {
					t.Errorf("%d environments, want %d", got, tc.environments)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				invoke(t, s, "add") // the concurrency is free again
			})
		})
	}
}
