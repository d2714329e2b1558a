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

// TestDebug debugs a function that starts and runs for longer than it may, and whose caller
// would wait for less. Afterwards, the limits apply again.
func TestDebug(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.start = func(ctx context.Context, _ lambda.Spec) error { return pause(ctx, time.Minute) }
		k.handle = func(ctx context.Context, _ runtimeapi.Event) (runtimeapi.Response, error) {
			return runtimeapi.Response{Payload: []byte(`"ok"`)}, pause(ctx, 5*time.Minute)
		}
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) { c.TimeoutSeconds = 1 })
		debug, stop := context.WithCancel(t.Context())
		ready, ended := make(chan bool), make(chan error, 1)
		go func() { ended <- s.Debug(debug, "add", "", func() { close(ready) }) }()
		<-ready
		if len(k.alive()) != 1 || k.specs[0].MemoryMB != 10240 {
			t.Errorf("environments %v, specs %+v", k.alive(), k.specs)
		}
		if err := s.Debug(debug, "add", "", nil); cloud.ErrorCode(err) != "ResourceConflictException" {
			t.Errorf("debugged twice: %v", err)
		}
		time.Sleep(time.Hour) // idle for longer than it may be

		in := cloud.Invocation{Caller: developer, Function: "add", Payload: []byte("{}")}
		go func() {
			time.Sleep(time.Second)
			if _, err := s.Invoke(t.Context(), in); cloud.ErrorCode(err) != "TooManyRequestsException" {
				t.Errorf("a second environment: %v", err)
			}
		}()
		impatient, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if out, err := s.Invoke(impatient, in); err != nil || string(out.Payload) != `"ok"` {
			t.Errorf("%s, %v", out.Payload, err)
		}
		if len(k.started) != 1 {
			t.Errorf("%d environments have started", len(k.started))
		}
		last := make(chan cloud.Outcome)
		go func() {
			out, err := s.Invoke(t.Context(), in)
			if err != nil {
				t.Error(err)
			}
			last <- out
		}()
		time.Sleep(time.Minute)
		stop()
		if out := <-last; out.FunctionError == "" {
			t.Errorf("the last invocation did not end: %s", out.Payload)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if out, err := s.Invoke(t.Context(), in); err != nil || out.FunctionError == "" {
			t.Errorf("afterwards: %s, %v", out.Payload, err)
		}
	})
}

// pause waits for d, or returns the error of ctx when that ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
