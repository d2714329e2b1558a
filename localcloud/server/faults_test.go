package server

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/sqs"
)

// TestFaults sets faults as the command does, sees one happen, and finds them set after
// the next start, until they are cleared.
func TestFaults(t *testing.T) {
	dir := t.TempDir()
	plan := control.Faults{Seed: 5, Duplicate: 1, Crashes: []control.Crash{{Function: "there", Rate: 0.5}, {Function: "missing", Rate: 1, Point: cloud.CrashAfter}}}
	developer := cloud.Caller{ARN: cloud.Place{Account: Account}.GlobalARN("iam", "user/developer"), Administrator: true}
	first, err := Open(config(dir))
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- first.Serve(ctx) }()
	first.deploy(t, "main-there-1a2b3c4")
	if f := faultsOf(t, first); f != nil {
		t.Errorf("faults before any was set: %+v", f)
	}
	check(t, control.SetFaults(t.Context(), first.Config(), plan))
	q, err := first.services.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 3600})
	check(t, err)
	entry := sqs.Entry{}
	entry.Body = "m"
	_, err = first.services.SQS.Send(t.Context(), developer, q.URL, entry)
	check(t, err)
	for n := range 3 {
		got, err := first.services.SQS.Receive(t.Context(), developer, q.URL, sqs.ReceiveRequest{MaxMessages: 1})
		if err != nil || len(got) != min(2-n, 1) {
			t.Errorf("receive %d: %v, %v", n+1, got, err)
		}
	}
	want := &control.FaultStatus{Faults: plan, Injected: map[cloud.FaultKind]int{cloud.FaultDuplicate: 1}, Unused: []string{"--crash missing"}}
	if diff := cmp.Diff(want, faultsOf(t, first)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if err := control.SetFaults(t.Context(), first.Config(), control.Faults{Reorder: 7}); err == nil || !strings.Contains(err.Error(), "--reorder is 7") {
		t.Errorf("a rate of 7: %v", err)
	}
	cancel()
	check(t, errors.Join(<-served, first.Close()))

	second := serve(t, dir)
	want.Injected = map[cloud.FaultKind]int{}
	if diff := cmp.Diff(want, faultsOf(t, second)); diff != "" {
		t.Errorf("status after the next start (-want +got):\n%s", diff)
	}
	check(t, control.ClearFaults(t.Context(), second.Config()))
	if f := faultsOf(t, second); f != nil {
		t.Errorf("faults after they were cleared: %+v", f)
	}
}

func faultsOf(t *testing.T, s *Server) *control.FaultStatus {
	t.Helper()
	status, err := control.At(t.Context(), s.Config().Port)
	check(t, err)
	return status.Faults
}
