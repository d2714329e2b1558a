package sqs_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

// faults is a cloud.Faults that hits the messages with the numbers in its keys.
type faults struct {
	kind    cloud.FaultKind
	numbers map[uint64]bool
	arrived uint64
	journal []string // IDs
}

func (f *faults) Number(service, queue string) uint64 {
	if service == "sqs" && queue == "work" {
		f.arrived++
	}
	return f.arrived
}

func (f *faults) Decide(kind cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
	return cloud.Fault{}, kind == f.kind && f.numbers[v.Number] && v.Service == "sqs" && v.Resource == "work"
}

func (f *faults) Injected(kind cloud.FaultKind, v cloud.Victim, _ string, _ ...any) {
	f.journal = append(f.journal, string(kind)+" "+v.ID)
}

// TestDuplicate checks that a message that a fault duplicates is received twice, at
// once, and only by the second receive can be deleted.
func TestDuplicate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{})
		f := &faults{kind: cloud.FaultDuplicate, numbers: map[uint64]bool{2: true}}
		s.FailWith(f)
		send(t, s, work, "one")
		id := send(t, s, work, "two")
		waiting := make(chan []sqs.Message, 1)
		first := receive(t, s, work, 0)
		if bodies(first) != "one two" {
			t.Errorf("received %s", bodies(first))
		}
		wantCounts(t, s, work, sqs.Counts{Available: 1, InFlight: 1})
		for _, m := range first {
			if err := s.Delete(t.Context(), developer, work, m.ReceiptHandle); err != nil {
				t.Errorf("delete %s: %v", m.Body, err)
			}
		}
		wantCounts(t, s, work, sqs.Counts{Available: 1})
		second := receive(t, s, work, 0)
		if bodies(second) != "two" || second[0].ID != id || second[0].System["ApproximateReceiveCount"] != "2" {
			t.Errorf("received again: %+v", second)
		}
		if got := strings.Join(f.journal, ", "); got != "duplicate "+id {
			t.Errorf("injected %s", got)
		}
		wantCounts(t, s, work, sqs.Counts{InFlight: 1})
		if err := s.Delete(t.Context(), developer, work, second[0].ReceiptHandle); err != nil {
			t.Error(err)
		}
		wantCounts(t, s, work, sqs.Counts{})

		// A receiver that waits receives the copy.
		f.arrived = 1
		go func() { waiting <- receive(t, s, work, 20) }()
		synctest.Wait()
		go func() { waiting <- receive(t, s, work, 20) }()
		synctest.Wait()
		began := time.Now()
		send(t, s, work, "three")
		if a, b := bodies(<-waiting), bodies(<-waiting); a != "three" || b != "three" || time.Since(began) != 0 {
			t.Errorf("two receivers received %q and %q after %v", a, b, time.Since(began))
		}
	})
}

// TestDuplicateAndDeadLetters checks that a fault alone does not move a message to a
// dead-letter queue.
func TestDuplicateAndDeadLetters(t *testing.T) {
	for tries, want := range map[string]int{"1": 1, "2": 2} {
		synctest.Test(t, func(t *testing.T) {
			s := newService(t, nil)
			must(s.CreateQueue(sqs.Queue{Name: "dead"}))(t)
			redrive := `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":"` + tries + `"}`
			must(s.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30, RedrivePolicy: redrive}))(t)
			s.FailWith(&faults{kind: cloud.FaultDuplicate, numbers: map[uint64]bool{1: true}})
			send(t, s, work, "m")
			n := 0
			for range 3 {
				n += len(receive(t, s, work, 0))
			}
			if n != want {
				t.Errorf("maxReceiveCount %s: received %d times, want %d", tries, n, want)
			}
			wantCounts(t, s, dead, sqs.Counts{})
		})
	}
}

// TestReorder checks that messages sent soon afterwards overtake a message, which is
// received all the same if there are none.
func TestReorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{})
		f := &faults{kind: cloud.FaultReorder, numbers: map[uint64]bool{2: true, 4: true}}
		s.FailWith(f)
		var ids []string
		for _, body := range []string{"one", "two", "three"} {
			ids = append(ids, send(t, s, work, body))
		}
		if got := bodies(receive(t, s, work, 0)); got != "one three two" {
			t.Errorf("received %s", got)
		}
		ids = append(ids, send(t, s, work, "four"))
		if got := bodies(receive(t, s, work, 0)); got != "four" {
			t.Errorf("received %s", got)
		}
		if got, want := strings.Join(f.journal, ", "), "reorder "+ids[1]+", reorder "+ids[3]; got != want {
			t.Errorf("injected %s, want %s", got, want)
		}
		time.Sleep(30 * time.Second) // all become available again, in the same order
		if got := bodies(receive(t, s, work, 0)); got != "one three two four" {
			t.Errorf("received %s", got)
		}
	})
}
