package sqs_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/sqs"
)

const (
	dead       = "http://127.0.0.1:4566/000000000000/dead"
	toDeadTwo  = `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":"2"}`
	allowWork  = `{"redrivePermission":"byQueue","sourceQueueArns":["` + workARN + `"]}`
	allowOther = `{"redrivePermission":"byQueue","sourceQueueArns":["` + workARN + `2"]}`
)

// withDeadLetters returns a service whose queue work moves a message to the queue
// dead after two receives. The queue dead has the redrive allow policy allow.
func withDeadLetters(t *testing.T, allow string) *sqs.Service {
	t.Helper()
	s := newService(t, nil)
	must(s.CreateQueue(sqs.Queue{Name: "dead", RedriveAllowPolicy: allow}))(t)
	must(s.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30, RedrivePolicy: toDeadTwo}))(t)
	return s
}

func TestMessageReceivedTooOftenMovesToTheDeadLetterQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withDeadLetters(t, allowWork)
		id := send(t, s, work, "m")
		for range 2 {
			if got := bodies(receive(t, s, work, 0)); got != "m" {
				t.Fatalf("received %q", got)
			}
			time.Sleep(30 * time.Second)
		}
		arrived := make(chan []sqs.Message, 1)
		go func() { arrived <- receive(t, s, dead, 20) }() // waits for the message
		synctest.Wait()
		if got := bodies(receive(t, s, work, 0)); got != "" {
			t.Errorf("received %q a third time", got)
		}
		got := (<-arrived)[0]
		want := map[string]string{"SenderId": "AIDA", "SentTimestamp": "946684800000", "ApproximateFirstReceiveTimestamp": "946684800000",
			"ApproximateReceiveCount": "3", "DeadLetterQueueSourceArn": workARN}
		if diff := cmp.Diff(want, got.System); diff != "" || got.ID != id || got.Body != "m" {
			t.Errorf("%s %q, system attributes (-want +got):\n%s", got.ID, got.Body, diff)
		}
		wantCounts(t, s, work, sqs.Counts{})
		if sources := s.Sources(deadARN); len(sources) != 1 || sources[0].Name != "work" {
			t.Errorf("sources %v", sources)
		}
	})
}

// A message stays if the dead-letter queue was deleted, or if it does not allow
// messages from the queue.
func TestMessageStaysWithoutADeadLetterQueue(t *testing.T) {
	for name, change := range map[string]func(*sqs.Service) error{
		"deleted": func(s *sqs.Service) error { return s.DeleteQueue(dead) },
		"not allowed": func(s *sqs.Service) error {
			_, err := s.UpdateQueue(dead, func(q *sqs.Queue) error { q.RedriveAllowPolicy = allowOther; return nil })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := withDeadLetters(t, "")
				if err := change(s); err != nil {
					t.Fatal(err)
				}
				send(t, s, work, "m")
				for i := range 4 {
					if got := bodies(receive(t, s, work, 0)); got != "m" {
						t.Errorf("receive %d: %q", i+1, got)
					}
					time.Sleep(30 * time.Second)
				}
			})
		})
	}
}

func TestRedrivePoliciesAreChecked(t *testing.T) {
	s := newService(t, nil)
	must(s.CreateQueue(sqs.Queue{Name: "dead", RedriveAllowPolicy: allowOther}))(t)
	must(s.CreateQueue(sqs.Queue{Name: "work"}))(t)
	const value, reason = "InvalidParameterValue: Value ", " is invalid. Reason: "
	for policy, want := range map[string]string{
		"nonsense":                  "It must be a JSON object with deadLetterTargetArn and maxReceiveCount.",
		`{"maxReceiveCount":3}`:     "It must be a JSON object with deadLetterTargetArn and maxReceiveCount.",
		`{"deadLetterTargetArn":1}`: "It must be a JSON object with deadLetterTargetArn and maxReceiveCount.",
		`{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":"x"}`:  "It must be a JSON object with deadLetterTargetArn and maxReceiveCount.",
		`{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":1001}`: "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.",
		`{"deadLetterTargetArn":"` + deadARN + `2","maxReceiveCount":1}`:   "Dead letter target does not exist.",
		`{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":1}`:    "The RedriveAllowPolicy of " + deadARN + " does not allow " + workARN + ".",
	} {
		_, err := s.UpdateQueue(work, func(q *sqs.Queue) error { q.RedrivePolicy = policy; return nil })
		wantError(t, err, value+policy+" for parameter RedrivePolicy"+reason+want)
	}
	for policy, want := range map[string]string{
		"{}":                                "It must be a JSON object whose redrivePermission is allowAll, denyAll or byQueue.",
		`{"redrivePermission":"byQueue"}`:   "sourceQueueArns is required with the redrivePermission byQueue, and not allowed with any other.",
		`{"redrivePermission":"everybody"}`: "It must be a JSON object whose redrivePermission is allowAll, denyAll or byQueue.",
		`{"redrivePermission":"denyAll","sourceQueueArns":["a"]}`: "sourceQueueArns is required with the redrivePermission byQueue, and not allowed with any other.",
	} {
		_, err := s.UpdateQueue(work, func(q *sqs.Queue) error { q.RedriveAllowPolicy = policy; return nil })
		wantError(t, err, value+policy+" for parameter RedriveAllowPolicy"+reason+want)
	}
	if q := must(s.Queue(work))(t); q.RedrivePolicy != "" || q.RedriveAllowPolicy != "" {
		t.Errorf("a refused policy was stored: %+v", q)
	}
}
