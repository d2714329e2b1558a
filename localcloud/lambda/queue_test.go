package lambda_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// attempts collects the times and the request IDs of a function's invocations.
type attempts struct {
	began time.Time
	at    []time.Duration
	ids   []string
}

func (a *attempts) note(ev runtimeapi.Event) {
	a.at = append(a.at, time.Since(a.began))
	a.ids = append(a.ids, ev.RequestID)
}

// failing returns a handler that collects its invocations and fails.
func failing(a *attempts) func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
	return func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
		a.note(ev)
		return runtimeapi.Response{Payload: []byte(`{"errorType":"Oops","errorMessage":"no luck"}`), Failed: true}, nil
	}
}

func invokeAsync(t *testing.T, s *lambda.Service, name string) string {
	t.Helper()
	id, err := s.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: name, Payload: []byte(`{"n":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestRetries(t *testing.T) {
	for name, tc := range map[string]struct {
		pace cloud.Pace
		want []time.Duration
	}{
		"as on AWS": {0, []time.Duration{0, time.Minute, 3 * time.Minute}},
		"faster":    {60, []time.Duration{0, time.Second, 3 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				a := attempts{began: time.Now()}
				k.options.Dir, k.options.Pace, k.handle = dir, tc.pace, failing(&a)
				s := k.open(t)
				create(t, s, "add")
				id := invokeAsync(t, s, "add")
				time.Sleep(time.Hour)
				synctest.Wait()
				if !slices.Equal(a.at, tc.want) {
					t.Errorf("attempts at %v, want %v", a.at, tc.want)
				}
				if !slices.Equal(a.ids, []string{id, id, id}) {
					t.Errorf("request IDs %v, want %s three times", a.ids, id)
				}
				warnings := k.warnings()
				want := "event " + id + " is dropped after 3 failed attempts (RetriesExhausted): Oops: no luck"
				if warnings[len(warnings)-1] != want {
					t.Errorf("last warning %q, want %q", warnings[len(warnings)-1], want)
				}
			})
		})
	}
}

// TestFullQueue checks that InvokeAsync waits while the queue is full, and says whether it or
// its caller gave up.
func TestFullQueue(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.handle = func(ctx context.Context, _ runtimeapi.Event) (runtimeapi.Response, error) {
			<-ctx.Done()
			return runtimeapi.Response{}, context.Cause(ctx)
		}
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) { c.TimeoutSeconds = 900 })
		largest := cloud.Invocation{Caller: developer, Function: "add", Payload: []byte(`"` + strings.Repeat("a", 1<<20-2) + `"`)}
		for range 64 {
			if _, err := s.InvokeAsync(t.Context(), largest); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.InvokeAsync(ctx, largest); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v after the caller's deadline", err)
		}
		if _, err := s.InvokeAsync(t.Context(), largest); cloud.ErrorCode(err) != "TooManyRequestsException" {
			t.Errorf("got %v", err)
		}
	})
}

// TestThrottled checks that a throttled event is retried for six hours, at growing
// intervals.
func TestThrottled(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) { c.ReservedConcurrency = 1; c.TimeoutSeconds = 900 })
		k.handle = func(ctx context.Context, _ runtimeapi.Event) (runtimeapi.Response, error) {
			<-ctx.Done() // the only environment stays busy until the timeout
			return runtimeapi.Response{}, context.Cause(ctx)
		}
		go func() {
			for t.Context().Err() == nil {
				s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
			}
		}()
		synctest.Wait()
		id := invokeAsync(t, s, "add")
		time.Sleep(7 * time.Hour)
		synctest.Wait()

		var waits []time.Duration
		var last cloud.Entry
		for _, e := range k.entries {
			if _, after, again := strings.Cut(e.Message, id+" will be retried in "); again {
				text, _, _ := strings.Cut(after, ":")
				wait, err := time.ParseDuration(text)
				if err != nil {
					t.Fatal(err)
				}
				waits = append(waits, wait)
			}
			if strings.Contains(e.Message, id+" is dropped") {
				last = e
			}
		}
		var want []time.Duration
		for wait := time.Second; wait < 5*time.Minute; wait *= 2 {
			want = append(want, wait)
		}
		for sum := 511 * time.Second; sum+5*time.Minute <= 6*time.Hour; sum += 5 * time.Minute {
			want = append(want, 5*time.Minute)
		}
		if diff := cmp.Diff(want, waits); diff != "" {
			t.Errorf("waits: -want +got\n%s", diff)
		}
		if want := "after 0 failed attempts (EventAgeExceeded): TooManyRequestsException: Rate Exceeded."; !strings.HasSuffix(last.Message, want) {
			t.Errorf("last entry %q, want …%s", last.Message, want)
		}
	})
}

func TestDroppedAtOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		s := k.open(t)
		create(t, s, "none", func(c *lambda.Config) { c.ReservedConcurrency = 0 })
		id := invokeAsync(t, s, "none")
		synctest.Wait()
		want := "event " + id + " is dropped after 0 failed attempts (ZeroReservedConcurrency): TooManyRequestsException: Rate Exceeded."
		if got := k.warnings(); !slices.Equal(got, []string{want}) {
			t.Errorf("warnings %q, want %q", got, want)
		}

		k.handle = failing(&attempts{})
		create(t, s, "gone")
		id = invokeAsync(t, s, "gone")
		synctest.Wait()
		if err := s.DeleteFunction("gone"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		got := k.warnings()
		want = "event " + id + " is dropped after 1 failed attempt (its function no longer exists): ResourceNotFoundException: Function not found: "
		if last := got[len(got)-1]; !strings.HasPrefix(last, want) {
			t.Errorf("last warning %q, want %q", last, want)
		}
	})
}

// TestQueueSurvives checks that the next process retries an event whose attempt was
// interrupted by Close and an event that waits for its second attempt, each when it
// is due.
func TestQueueSurvives(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.keepStore()
		s := k.open(t)
		create(t, s, "add")

		first := attempts{began: time.Now()}
		k.handle = failing(&first)
		failed := invokeAsync(t, s, "add")
		synctest.Wait()
		k.started[0].Close()
		k.handle = sleep(time.Hour)
		interrupted := invokeAsync(t, s, "add")
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		time.Sleep(20 * time.Second)
		second := attempts{began: time.Now()}
		k.handle = func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
			second.note(ev)
			if string(ev.Payload) != `{"n":1}` || ev.FunctionARN != addARN {
				t.Errorf("event %+v", ev)
			}
			return runtimeapi.Response{}, nil
		}
		s = k.open(t)
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []string{interrupted, failed}; !slices.Equal(second.ids, want) {
			t.Errorf("retried %v, want %v", second.ids, want)
		}
		if want := []time.Duration{0, 40 * time.Second}; !slices.Equal(second.at, want) {
			t.Errorf("retried at %v, want %v", second.at, want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		third := attempts{}
		k.handle = failing(&third)
		s = k.open(t)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(third.ids) > 0 {
			t.Errorf("completed events were retried: %v", third.ids)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
