package sqs_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

// reports is a cloud.Metrics that holds the last value of each metric, or their sum if
// the unit is not that of a state.
type reports struct {
	mu   sync.Mutex
	last map[string]float64
}

func (r *reports) Report(namespace string, _ time.Time, dimensions [][]cloud.Dimension, values []cloud.MetricValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		if namespace == "AWS/SQS" && len(dimensions) == 1 && dimensions[0][0] == (cloud.Dimension{Name: "QueueName", Value: "work"}) {
			r.last[v.Name] = v.Value
		}
	}
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reports{last: map[string]float64{}}
		s := withQueue(t, sqs.Queue{})
		s.ReportTo(r, 1)
		expect := func(when string, want map[string]float64) {
			t.Helper()
			if diff := cmp.Diff(want, r.last); diff != "" {
				t.Errorf("%s (-want +got)\n%s", when, diff)
			}
			clear(r.last)
		}
		receive := func(wait int) []sqs.Message {
			return must(s.Receive(t.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 1, WaitSeconds: &wait}))(t)
		}
		state := func(visible, inFlight, delayed, age float64) map[string]float64 {
			return map[string]float64{"ApproximateNumberOfMessagesVisible": visible, "ApproximateNumberOfMessagesNotVisible": inFlight,
				"ApproximateNumberOfMessagesDelayed": delayed, "ApproximateAgeOfOldestMessage": age}
		}

		s.Sample(time.Now())
		expect("a new queue", state(0, 0, 0, 0))
		receive(0)
		expect("an empty receive", map[string]float64{"NumberOfEmptyReceives": 1})
		receive(5)
		expect("a wait in vain", map[string]float64{"NumberOfEmptyReceives": 1})
		send(t, s, work, "hello")
		expect("a message", map[string]float64{"NumberOfMessagesSent": 1, "SentMessageSize": 5})
		time.Sleep(90 * time.Second)
		s.Sample(time.Now())
		expect("a message waits", state(1, 0, 0, 90))
		m := receive(0)
		expect("a receive", map[string]float64{"NumberOfMessagesReceived": 1})
		s.Sample(time.Now())
		expect("a message in flight", state(0, 1, 0, 90))
		must(0, s.Delete(t.Context(), developer, work, m[0].ReceiptHandle))(t)
		expect("a delete", map[string]float64{"NumberOfMessagesDeleted": 1})
		time.Sleep(5 * time.Hour)
		s.Sample(time.Now())
		expect("an idle queue", state(0, 0, 0, 0))
		time.Sleep(2 * time.Hour)
		s.Sample(time.Now())
		expect("an inactive queue", map[string]float64{})
	})
}

// While a message waits for a consumer, it grows older in AWS's time. Its delay and its time
// in flight are real.
func TestAgeHasThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reports{last: map[string]float64{}}
		s := withQueue(t, sqs.Queue{DelaySeconds: 10, VisibilityTimeoutSeconds: 30})
		s.ReportTo(r, 60)
		send(t, s, work, "hello")
		for _, step := range []struct {
			after time.Duration
			age   float64
		}{
			{9 * time.Second, 9},           // delayed
			{11 * time.Second, 10 + 10*60}, // available for 10 s
			{0, 20},                        // received
			{29 * time.Second, 49},         // in flight
			{31 * time.Second, 50 + 30*60}, // available again for 30 s
		} {
			time.Sleep(step.after)
			if step.after == 0 {
				receive(t, s, work, 0)
			}
			s.Sample(time.Now())
			if got := r.last["ApproximateAgeOfOldestMessage"]; got != step.age {
				t.Errorf("the age is %v, want %v", got, step.age)
			}
		}
	})
}
