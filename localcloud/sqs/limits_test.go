package sqs_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

// At the maximum of messages in flight, a receive fails, or waits until one of them is
// deleted.
func TestMessagesInFlightAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{})
		s.Crowd("work", 119_999)
		send(t, s, work, "one")
		send(t, s, work, "two")
		if got := bodies(receive(t, s, work, 0)); got != "one" {
			t.Errorf("received %q, want one", got)
		}
		_, err := s.Receive(t.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 1})
		wantError(t, err, "OverLimit: Too many messages are in flight: at most 120000 may be received and not deleted.")
		start := time.Now()
		if got := bodies(receive(t, s, work, 20)); got != "" || time.Since(start) != 20*time.Second {
			t.Errorf("received %q after %v", got, time.Since(start))
		}
		time.AfterFunc(3*time.Second, func() {
			if err := s.Delete(t.Context(), developer, work, s.Handle(must(s.Queue(work))(t))); err != nil {
				t.Error(err)
			}
		})
		start = time.Now()
		if got := bodies(receive(t, s, work, 20)); got != "two" || time.Since(start) != 3*time.Second {
			t.Errorf("received %q after %v", got, time.Since(start))
		}
	})
}

// One receive returns no more than 1 MiB, but at least one message.
func TestSizeOfAReceiveIsLimited(t *testing.T) {
	s := withQueue(t, sqs.Queue{})
	for _, kib := range []int{1024, 400, 400, 400} {
		send(t, s, work, strings.Repeat("x", kib<<10))
	}
	for _, want := range []int{1, 2, 1, 0} {
		if got := receive(t, s, work, 0); len(got) != want {
			t.Errorf("received %d messages, want %d", len(got), want)
		}
	}
}

// Expired messages are removed in chunks, and none of them is received meanwhile.
func TestManyMessagesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		s := newService(t, st)
		must(s.CreateQueue(sqs.Queue{Name: "work", RetentionSeconds: 60}))(t)
		for range 2500 {
			send(t, s, work, "old")
		}
		time.Sleep(time.Minute)
		send(t, s, work, "young")
		if got := bodies(receive(t, s, work, 1)); got != "young" {
			t.Errorf("received %q", got)
		}
		wantCounts(t, s, work, sqs.Counts{Available: 1}) // the queue's visibility timeout is 0
		wantCounts(t, newService(t, st), work, sqs.Counts{Available: 1})
		synctest.Wait()
	})
}

// Many messages move to the dead-letter queue in several changes, in order.
func TestManyMessagesMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		s := newService(t, st)
		must(s.CreateQueue(sqs.Queue{Name: "dead"}))(t)
		must(s.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30}))(t)
		for range 250 {
			send(t, s, work, "m")
		}
		for range 25 {
			receive(t, s, work, 0)
		}
		time.Sleep(30 * time.Second)
		must(s.UpdateQueue(work, func(q *sqs.Queue) error {
			q.RedrivePolicy = `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":1}`
			return nil
		}))(t)
		send(t, s, work, "last")
		if got := bodies(receive(t, s, work, 0)); got != "last" {
			t.Errorf("received %q", got)
		}
		for _, s := range []*sqs.Service{s, newService(t, st)} {
			wantCounts(t, s, work, sqs.Counts{InFlight: 1})
			wantCounts(t, s, dead, sqs.Counts{Available: 250})
		}
	})
}

// A wall clock that is set forward or back changes nothing in a process. After it was set
// back, a restart hides no message for longer than it was to be, and expires none.
func TestWallClockSteps(t *testing.T) {
	for _, step := range []time.Duration{-time.Hour, 20 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			st := store.InMemory()
			s := newService(t, st)
			must(s.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30, RetentionSeconds: 7200}))(t)
			send(t, s, work, "one")
			receive(t, s, work, 0)
			s.StepWallClock(step)
			wantCounts(t, s, work, sqs.Counts{InFlight: 1})
			send(t, s, work, "two")
			time.Sleep(30 * time.Second)
			if got := bodies(receive(t, s, work, 0)); got != "one two" {
				t.Errorf("after a step of %v, received %q", step, got)
			}
			s = newService(t, st) // by a wall clock without the step
			time.Sleep(30 * time.Second)
			if got := bodies(receive(t, s, work, 0)); got != "one two" {
				t.Errorf("after a step of %v and a restart, received %q", step, got)
			}
			time.Sleep(2 * time.Hour)
			wantCounts(t, s, work, sqs.Counts{})
		})
	}
}

// What the disk could not take is not acknowledged, and does not hide which requests of
// the batch were refused.
func TestFailureOfTheStore(t *testing.T) {
	st := must(store.Open(t.TempDir()))(t)
	s := newService(t, st)
	must(s.CreateQueue(sqs.Queue{Name: "work"}))(t)
	send(t, s, work, "m")
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	results := must(s.SendBatch(t.Context(), developer, work, []sqs.BatchEntry[sqs.Entry]{{ID: "a", Request: entry("m")}, {ID: "b", Request: entry("")}}))(t)
	if a, b := results[0], results[1]; a.Err == nil || a.Err.Code != "InternalFailure" || a.Err.HTTPStatus() != 500 || a.MessageID != "" || b.Err.Code != "MissingParameter" {
		t.Errorf("results %v, %v", a, b)
	}
	if _, err := s.Send(t.Context(), developer, work, entry("m")); err == nil {
		t.Error("a message was sent")
	}
	for range 2 {
		if got, err := s.Receive(t.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 1}); err == nil || got != nil {
			t.Errorf("received %v", got)
		}
	}
	wantCounts(t, s, work, sqs.Counts{Available: 1})
}
