package lambda_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// recordTraces makes functions record the trace headers of their events.
func recordTraces(k *kit) *[]string {
	traces := &[]string{}
	k.handle = func(_ context.Context, e runtimeapi.Event) (runtimeapi.Response, error) {
		*traces = append(*traces, e.TraceID)
		return runtimeapi.Response{Payload: []byte("{}")}, nil
	}
	return traces
}

// A function that sends each event on with its own trace header is stopped after 16
// invocations, also if another function takes part in the loop.
func TestRecursiveInvocation(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add")
	create(t, s, "sub")
	traces := recordTraces(k)
	trace := "Root=1;Sampled=0"
	for i := range 16 {
		for _, name := range []string{"add", "sub"} {
			if _, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: name, TraceHeader: trace}); err != nil {
				t.Fatalf("invocation %d of %s: %v", i+1, name, err)
			}
			trace = strings.ReplaceAll((*traces)[len(*traces)-1], "|", url.PathEscape("|")) // as the SDK sends it
		}
	}
	if got := (*traces)[31]; !strings.HasPrefix(got, "Root=1;Sampled=0;Parent=") || !strings.Contains(got, ";Lineage=") || strings.Count(got, ":15") != 2 {
		t.Errorf("last trace header: %s", got)
	}
	_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add", TraceHeader: trace})
	expectError(t, err, "RecursiveInvocationException", "Lambda has detected your function being invoked in a recursive loop")
	if len(*traces) != 32 {
		t.Errorf("the function received %d events, want 32", len(*traces))
	}
	invoke(t, s, "add") // another chain
}

// An asynchronous event that continues a loop is accepted, and then goes to the
// on-failure destination.
func TestRecursiveAsynchronousInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		o := k.outbox()
		s := k.open(t)
		create(t, s, "add")
		if _, err := s.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: "add", MaxRetryAttempts: 2, OnFailure: failuresARN}); err != nil {
			t.Fatal(err)
		}
		traces := recordTraces(k)
		trace := ""
		for range 17 {
			if _, err := s.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: "add", TraceHeader: trace}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			trace = (*traces)[len(*traces)-1]
		}
		if len(*traces) != 16 {
			t.Errorf("the function received %d events, want 16", len(*traces))
		}
		if len(o.sent) != 1 || o.sent[0].to != failuresARN || !strings.Contains(o.sent[0].Body, `"approximateInvokeCount":0`) {
			t.Errorf("sent %+v", o.sent)
		}
		if !slices.ContainsFunc(k.warnings(), func(w string) bool { return strings.Contains(w, "in a recursive loop") }) {
			t.Errorf("warnings %q", k.warnings())
		}
	})
}
