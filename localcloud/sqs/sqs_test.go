package sqs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

var place = cloud.Place{Region: "us-east-1", Account: "000000000000"}

const (
	work    = "http://127.0.0.1:4566/000000000000/work"
	workARN = "arn:aws:sqs:us-east-1:000000000000:work"
	deadARN = "arn:aws:sqs:us-east-1:000000000000:dead"
)

var developer = cloud.Caller{ARN: place.GlobalARN("iam", "user/developer"), UserID: "AIDA", Administrator: true}

func newService(t *testing.T, st *store.Store) *sqs.Service {
	t.Helper()
	return must(sqs.New(place, st, must(iam.New(place, nil))(t), func() string { return "http://127.0.0.1:4566" }))(t)
}

// withQueue returns a service with the queue work, whose visibility timeout is 30 s.
func withQueue(t *testing.T, q sqs.Queue) *sqs.Service {
	t.Helper()
	s := newService(t, nil)
	q.Name, q.VisibilityTimeoutSeconds = "work", 30
	must(s.CreateQueue(q))(t)
	return s
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func send(t *testing.T, s *sqs.Service, url, body string) string {
	t.Helper()
	return must(s.Send(t.Context(), developer, url, entry(body)))(t)
}

func entry(body string) sqs.Entry { return sqs.Entry{QueueMessage: cloud.QueueMessage{Body: body}} }

// receive receives up to 10 messages, and waits up to wait seconds for the first.
func receive(t *testing.T, s *sqs.Service, url string, wait int) []sqs.Message {
	t.Helper()
	return must(s.Receive(t.Context(), developer, url, sqs.ReceiveRequest{MaxMessages: 10, WaitSeconds: &wait}))(t)
}

func bodies(messages []sqs.Message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return strings.Join(all, " ")
}

func wantCounts(t *testing.T, s *sqs.Service, url string, want sqs.Counts) {
	t.Helper()
	if got := must(s.Count(url))(t); got != want {
		t.Errorf("%s holds %+v, want %+v", url, got, want)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok || e.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestReceivedMessageIsHiddenAndReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{})
		for _, body := range []string{"one", "two", "three"} {
			send(t, s, work, body)
		}
		first := receive(t, s, work, 0)
		if bodies(first) != "one two three" {
			t.Errorf("received %s", bodies(first))
		}
		wantCounts(t, s, work, sqs.Counts{InFlight: 3})
		if err := s.Delete(t.Context(), developer, work, first[1].ReceiptHandle); err != nil {
			t.Fatal(err)
		}
		if err := s.ChangeVisibility(t.Context(), developer, work, first[2].ReceiptHandle, 60); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		again := receive(t, s, work, 0)
		if bodies(again) != "one" || again[0].ID != first[0].ID || again[0].ReceiptHandle == first[0].ReceiptHandle {
			t.Errorf("received %+v after %+v", again, first[0])
		}
		want := map[string]string{"SenderId": "AIDA", "SentTimestamp": "946684800000",
			"ApproximateReceiveCount": "2", "ApproximateFirstReceiveTimestamp": "946684800000"}
		if diff := cmp.Diff(want, again[0].System); diff != "" {
			t.Errorf("system attributes (-want +got):\n%s", diff)
		}
		time.Sleep(30 * time.Second)
		if got := bodies(receive(t, s, work, 0)); got != "one three" {
			t.Errorf("received %s after a minute", got)
		}
	})
}

// The handle of the last receive deletes the message, even after the timeout. An
// older handle has no effect, which is not an error.
func TestReceiptHandles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{})
		send(t, s, work, "one")
		old := receive(t, s, work, 0)[0].ReceiptHandle
		time.Sleep(time.Minute)
		last := receive(t, s, work, 0)[0].ReceiptHandle
		time.Sleep(time.Minute)
		if err := s.ChangeVisibility(t.Context(), developer, work, last, 10); err != nil {
			t.Error(err)
		}
		wantCounts(t, s, work, sqs.Counts{Available: 1}) // too late for an effect
		if err := s.Delete(t.Context(), developer, work, old); err != nil {
			t.Error(err)
		}
		wantCounts(t, s, work, sqs.Counts{Available: 1})
		for range 2 { // deleting again is not an error
			if err := s.Delete(t.Context(), developer, work, last); err != nil {
				t.Error(err)
			}
			wantCounts(t, s, work, sqs.Counts{})
		}
		wantError(t, s.ChangeVisibility(t.Context(), developer, work, last, 10), "InvalidParameterValue: Value "+last+
			" for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.")
		for _, garbage := range []string{"x", "eCB5IHo="} { // the second is "x y z"
			wantError(t, s.Delete(t.Context(), developer, work, garbage),
				`ReceiptHandleIsInvalid: The input receipt handle "`+garbage+`" is not a valid receipt handle.`)
		}
		wantError(t, s.Delete(t.Context(), developer, work, ""), "MissingParameter: The request must contain the parameter ReceiptHandle.")
	})
}

// A message is hidden for at most 12 hours after it was received.
func TestTotalVisibilityTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{})
		send(t, s, work, "m")
		change := func(handle string, seconds int) error {
			return s.ChangeVisibility(t.Context(), developer, work, handle, seconds)
		}
		handle := receive(t, s, work, 0)[0].ReceiptHandle
		time.Sleep(10 * time.Second)
		wantError(t, change(handle, 43191), "InvalidParameterValue: Value 43191 for parameter VisibilityTimeout is invalid. "+
			"Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
		if err := change(handle, 43190); err != nil {
			t.Error(err)
		}
		time.Sleep(43190 * time.Second)
		handle = receive(t, s, work, 0)[0].ReceiptHandle
		if err := change(handle, 43200); err != nil {
			t.Errorf("after another receive: %v", err)
		}
	})
}

// A long poll ends when a message is sent, becomes visible or is no longer
// delayed, or at its timeout.
func TestLongPolling(t *testing.T) {
	seconds := func(n int) *int { return &n }
	for name, c := range map[string]struct {
		before func(*testing.T, *sqs.Service)
		during func(*testing.T, *sqs.Service) // 3 s later
		want   time.Duration
		body   string
	}{
		"nothing": {want: 20 * time.Second},
		"sent":    {during: func(t *testing.T, s *sqs.Service) { send(t, s, work, "m") }, want: 3 * time.Second, body: "m"},
		"delayed": {before: func(t *testing.T, s *sqs.Service) {
			must(s.Send(t.Context(), developer, work, sqs.Entry{QueueMessage: cloud.QueueMessage{Body: "m"}, DelaySeconds: seconds(7)}))(t)
			wantCounts(t, s, work, sqs.Counts{Delayed: 1})
		}, want: 7 * time.Second, body: "m"},
		"visible again": {before: func(t *testing.T, s *sqs.Service) {
			send(t, s, work, "m")
			must(s.Receive(t.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 1, VisibilityTimeoutSeconds: seconds(5)}))(t)
		}, want: 5 * time.Second, body: "m"},
		"closed": {during: func(t *testing.T, s *sqs.Service) {
			if err := errors.Join(s.Close(), s.Close()); err != nil {
				t.Error(err)
			}
		}, want: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := withQueue(t, sqs.Queue{})
				if c.before != nil {
					c.before(t, s)
				}
				if c.during != nil {
					time.AfterFunc(3*time.Second, func() { c.during(t, s) })
				}
				start := time.Now()
				if got := bodies(receive(t, s, work, 20)); got != c.body || time.Since(start) != c.want {
					t.Errorf("%q after %v, want %q after %v", got, time.Since(start), c.body, c.want)
				}
			})
		})
	}
}

func TestLongPollEndsWithItsQueueAndItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{ReceiveWaitSeconds: 20})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := s.Receive(ctx, developer, work, sqs.ReceiveRequest{MaxMessages: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled by the caller: %v", err)
		}
		time.AfterFunc(time.Second, func() {
			if err := s.DeleteQueue(work); err != nil {
				t.Error(err)
			}
		})
		_, err := s.Receive(t.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 1})
		wantError(t, err, "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.")
	})
}

// Exactly one of the waiting receivers receives each message.
func TestReceiversShareTheMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{})
		const receivers, messages = 8, 40
		got := make(chan string, messages)
		for range receivers {
			go func() {
				wait := 20
				for {
					m, err := s.Receive(t.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 1, WaitSeconds: &wait})
					if err != nil || len(m) == 0 {
						return
					}
					got <- m[0].ID
					if err := s.Delete(t.Context(), developer, work, m[0].ReceiptHandle); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		want := map[string]bool{}
		for range messages {
			want[send(t, s, work, "m")] = true
		}
		synctest.Wait()
		for range messages {
			id := <-got
			if !want[id] {
				t.Errorf("message %s was received twice", id)
			}
			delete(want, id)
		}
		wantCounts(t, s, work, sqs.Counts{})
	})
}

func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{RetentionSeconds: 60})
		send(t, s, work, "old")
		time.Sleep(31 * time.Second)
		send(t, s, work, "young")
		time.Sleep(29 * time.Second)
		wantCounts(t, s, work, sqs.Counts{Available: 1})
		if got := bodies(receive(t, s, work, 0)); got != "young" {
			t.Errorf("received %q", got)
		}
	})
}

func TestPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withQueue(t, sqs.Queue{})
		send(t, s, work, "m")
		if err := s.Purge(t.Context(), developer, work); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, s, work, sqs.Counts{})
		wantError(t, s.Purge(t.Context(), developer, work),
			"AWS.SimpleQueueService.PurgeQueueInProgress: Only one PurgeQueue operation on work is allowed every 60 seconds.")
		time.Sleep(time.Minute)
		if err := s.Purge(t.Context(), developer, work); err != nil {
			t.Error(err)
		}
	})
}

// Messages survive a restart with their order, receive count, receipt handle and
// visibility timeout.
func TestMessagesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	st := must(store.Open(dir))(t)
	s := newService(t, st)
	q := must(s.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 3600, Tags: map[string]string{"k": "v"}}))(t)
	must(s.CreateQueue(sqs.Queue{Name: "gone"}))(t)
	send(t, s, work, "one")
	must(s.Send(t.Context(), developer, work, sqs.Entry{QueueMessage: cloud.QueueMessage{Body: "two", TraceHeader: "Root=1",
		Attributes: map[string]cloud.MessageAttribute{"b": {DataType: "Binary", BinaryValue: []byte{0, 255}}}}}))(t)
	send(t, s, strings.Replace(work, "work", "gone", 1), "three")
	first := must(s.Receive(t.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 1}))(t)
	if err := s.DeleteQueue(strings.Replace(work, "work", "gone", 1)); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	st = must(store.Open(dir))(t)
	defer st.Close()
	s = newService(t, st)
	if diff := cmp.Diff([]sqs.Queue{q}, s.Queues()); diff != "" {
		t.Errorf("queues (-before +after):\n%s", diff)
	}
	wantCounts(t, s, work, sqs.Counts{Available: 1, InFlight: 1})
	got := receive(t, s, work, 0)
	want := []sqs.Message{{Body: "two", Attributes: map[string]cloud.MessageAttribute{"b": {DataType: "Binary", BinaryValue: []byte{0, 255}}}}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(sqs.Message{}, "ID", "ReceiptHandle", "System")); diff != "" || got[0].System["AWSTraceHeader"] != "Root=1" {
		t.Errorf("messages (-before +after):\n%s", diff)
	}
	if err := s.Delete(t.Context(), developer, work, first[0].ReceiptHandle); err != nil {
		t.Error(err)
	}
	wantCounts(t, s, work, sqs.Counts{InFlight: 1})
}
