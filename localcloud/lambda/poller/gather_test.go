package poller_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"

	"tally/localcloud/sqs"
)

// Messages that the function does not receive are deleted, and do not count for a batch.
func TestFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.BatchSize, r.Window = 3, 10*time.Second
		r.Accepts = func(body string) bool { return body != "no" }
		r.send(t, "no", "a", "no", "b", "no", "no", "no")
		r.poll(t)
		if c := r.count(t, "work"); c.Available != 0 || c.InFlight != 2 {
			t.Errorf("before the end of the window, the queue has %+v", c)
		}
		time.Sleep(15 * time.Second)
		if got, c := r.batches(), r.count(t, "work"); got != "2@10" || c != (sqs.Counts{}) || len(r.warnings) > 0 {
			t.Errorf("events %s; the queue has %+v; warnings %q", got, c, r.warnings)
		}
	})
}

// Pollers process batches only while there is memory. A batch that waits for it in vain
// returns to the queue.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.BatchSize, r.Memory = 1, semaphore.NewWeighted(2500)
		release := make(chan struct{})
		r.respond = func(context.Context, invocation) (string, error) {
			<-release
			return "null", nil
		}
		r.send(t, strings.Repeat("a", 500), strings.Repeat("b", 500), strings.Repeat("c", 500))
		r.poll(t)
		if got, c := r.batches(), r.count(t, "work"); got != "1@0 1@0" || c.InFlight != 3 {
			t.Errorf("events %s, and the queue has %+v", got, c)
		}
		close(release)
		time.Sleep(time.Second)
		if got, c := r.batches(), r.count(t, "work"); got != "1@0 1@0 1@0" || c != (sqs.Counts{}) {
			t.Errorf("events %s, and the queue has %+v", got, c)
		}
		if !r.Memory.TryAcquire(2500) {
			t.Error("the memory of batches was not released")
		}
		r.send(t, "d")
		time.Sleep(time.Second)
		if got := r.batches(); got != "1@0 1@0 1@0" {
			t.Errorf("without memory, events %s", got)
		}
		r.Memory.Release(2500)
		time.Sleep(time.Minute)
		if c := r.count(t, "work"); c != (sqs.Counts{}) {
			t.Errorf("the queue still has %+v", c)
		}
	})
}
