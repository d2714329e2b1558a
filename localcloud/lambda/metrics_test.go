package lambda_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// reports is a cloud.Metrics that sums the values of each metric.
type reports struct {
	mu   sync.Mutex
	sums map[string]float64 // by "Name{dimension=value,…}"
}

func (r *reports) Report(namespace string, _ time.Time, dimensions [][]cloud.Dimension, values []cloud.MetricValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, set := range dimensions {
		var names []string
		for _, d := range set {
			names = append(names, d.Name+"="+d.Value)
		}
		for _, v := range values {
			r.sums[v.Name+"{"+strings.Join(names, ",")+"}"] += v.Value
		}
	}
}

// of returns the sums of the metrics with those dimensions, by name.
func (r *reports) of(dimensions string) map[string]float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := map[string]float64{}
	for key, sum := range r.sums {
		if name, ok := strings.CutSuffix(key, "{"+dimensions+"}"); ok {
			found[name] = sum
		}
	}
	return found
}

func measured(k *kit) *reports {
	r := &reports{sums: map[string]float64{}}
	k.options.Metrics = r
	return r
}

// TestMetrics checks the metrics of invocations and their dimensions.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		r := measured(k)
		fail := false
		k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
			time.Sleep(20 * time.Millisecond)
			return runtimeapi.Response{Payload: []byte(`{}`), Failed: fail}, nil
		}
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) { c.ReservedConcurrency = 1 })
		if _, err := s.PublishVersion("add", "", ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateAlias(lambda.Alias{Function: "add", Name: "live", Version: "1"}); err != nil {
			t.Fatal(err)
		}
		invoke := func(function string) error {
			_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: function, Payload: []byte(`{}`)})
			return err
		}
		var both sync.WaitGroup
		for range 2 { // one of which is throttled
			both.Go(func() { _ = invoke("add:live") })
		}
		both.Wait()
		fail = true
		if err := invoke("add"); err != nil {
			t.Fatal(err)
		}
		for dimensions, want := range map[string]map[string]float64{
			"":                                   {"Invocations": 2, "Errors": 1, "Throttles": 1, "Duration": 40, "ConcurrentExecutions": 2},
			"FunctionName=add":                   {"Invocations": 2, "Errors": 1, "Throttles": 1, "Duration": 40, "ConcurrentExecutions": 2},
			"FunctionName=add,Resource=add":      {"Invocations": 1, "Errors": 1, "Throttles": 0, "Duration": 20},
			"FunctionName=add,Resource=add:live": {"Invocations": 1, "Errors": 0, "Throttles": 1, "Duration": 20},
			"ExecutedVersion=1,FunctionName=add,Resource=add:live": {"Invocations": 1, "Errors": 0, "Throttles": 0, "Duration": 20},
		} {
			if diff := cmp.Diff(want, r.of(dimensions)); diff != "" {
				t.Errorf("{%s} (-want +got)\n%s", dimensions, diff)
			}
		}
	})
}

// TestAsynchronousMetrics checks the metrics of events that the function never handles.
// Their age is that on AWS, although the waits are shorter.
func TestAsynchronousMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		r := measured(k)
		k.options.Pace = 60
		k.outbox().err = cloud.Errorf(403, "AccessDenied", "refused")
		k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
			return runtimeapi.Response{Payload: []byte(`{}`), Failed: true}, nil
		}
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) { c.DeadLetterTargetARN = failuresARN })
		if _, err := s.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: "add", MaxRetryAttempts: 2, OnFailure: failuresARN}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: "add", Payload: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		got := r.of("FunctionName=add")
		for name, want := range map[string]float64{"AsyncEventsReceived": 1, "AsyncEventsDropped": 1, "Errors": 3, "DestinationDeliveryFailures": 1, "DeadLetterErrors": 1,
			"AsyncEventAge": (60 + 180) * 1000} {
			if fmt.Sprintf("%.0f", got[name]) != fmt.Sprintf("%.0f", want) {
				t.Errorf("%s = %v, want %v; there are %v", name, got[name], want, slices.Sorted(maps.Keys(got)))
			}
		}
	})
}
