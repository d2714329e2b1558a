package poller_test

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

// TestEvent compares an event with AWS's example.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
func TestEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for _, m := range []cloud.QueueMessage{
			{Body: "Test message <1>"},
			{Body: "Test message 2.", TraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", Attributes: map[string]cloud.MessageAttribute{
				"text": {DataType: "String", StringValue: "a"}, "raw": {DataType: "Binary.png", BinaryValue: []byte{0, 255}}}},
		} {
			if _, err := r.queues.SendMessage(t.Context(), sender, r.arn, m); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		r.poll(t)
		const attributes = `"attributes":{"ApproximateFirstReceiveTimestamp":"946684802000","ApproximateReceiveCount":"1","SenderId":"AIDA1","SentTimestamp":"946684800000"}`
		const source = `"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:000000000000:work","awsRegion":"us-east-1"}`
		want := `{"Records":[{"messageId":"…","receiptHandle":"…","body":"Test message <1>",` + attributes + `,"messageAttributes":{},` +
			`"md5OfBody":"` + sqs.MD5OfBody("Test message <1>") + `",` + source + `,` +
			`{"messageId":"…","receiptHandle":"…","body":"Test message 2.",` +
			strings.Replace(attributes, `"App`, `"AWSTraceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1","App`, 1) +
			`,"messageAttributes":{"raw":{"binaryValue":"AP8=","stringListValues":[],"binaryListValues":[],"dataType":"Binary.png"},` +
			`"text":{"stringValue":"a","stringListValues":[],"binaryListValues":[],"dataType":"String"}},` +
			`"md5OfMessageAttributes":"6ec2b81e1a3ab0af5e5f3fd6fa1bdc3b","md5OfBody":"` + sqs.MD5OfBody("Test message 2.") + `",` + source + `]}`
		unique := regexp.MustCompile(`"(messageId|receiptHandle)":"[^"]{36,}"`)
		if len(r.received) != 1 {
			t.Fatalf("events %s", r.batches())
		}
		got := unique.ReplaceAllString(string(r.received[0].payload), `"$1":"…"`)
		sum := regexp.MustCompile(`"md5OfMessageAttributes":"[0-9a-f]{32}"`)
		if want = sum.ReplaceAllString(want, sum.FindString(got)); got != want {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
		if traces := r.received[0].traces; !slices.Equal(traces, []string{"Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"}) {
			t.Errorf("traces %q", traces)
		}
		if c := r.count(t, "work"); c != (sqs.Counts{}) {
			t.Errorf("the queue still has %+v", c)
		}
	})
}

func TestBatches(t *testing.T) {
	for _, tt := range []struct {
		size   int
		window time.Duration
		later  bool // whether half of the messages arrive three seconds later
		sent   int
		want   string
	}{
		{10, 0, false, 25, "10@0 10@0 5@0"},
		{3, 0, false, 7, "3@0 3@0 1@0"},
		{10, 0, true, 4, "2@0 2@3"},
		{100, 5 * time.Second, false, 25, "25@5"},
		{20, 5 * time.Second, false, 25, "20@0 5@5"},
		{4, 5 * time.Second, true, 4, "4@3"},
		{100, 2 * time.Second, true, 4, "2@2 2@5"},
		{100, 25 * time.Second, false, 1, "1@25"}, // longer than a receive waits
	} {
		t.Run(fmt.Sprintf("%d in %v", tt.size, tt.window), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.BatchSize, r.Window, r.MaxConcurrency = tt.size, tt.window, 2
				bodies := numbers(tt.sent)
				if tt.later {
					r.send(t, bodies[tt.sent/2:]...)
					r.poll(t)
					time.Sleep(3 * time.Second)
					r.sendAtOnce(t, bodies[:tt.sent/2]...)
				} else {
					r.send(t, bodies...)
					r.poll(t)
				}
				time.Sleep(29 * time.Second)
				if got := r.batches(); got != tt.want {
					t.Errorf("events %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestResponses checks which messages are deleted for each response of the function. F
// stands for the ID of the first of three messages.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#sqs-batchfailurereporting-conditions
func TestResponses(t *testing.T) {
	const all, first, none = 3, 2, 0
	for _, tt := range []struct {
		response string
		deleted  int
	}{
		{`null`, all}, {``, all}, {`{}`, all}, {`""`, all}, {`[]`, all},
		{`{"batchItemFailures":[]}`, all}, {`{"batchItemFailures":null}`, all}, {`{"sum":3}`, all}, {`{"BatchItemFailures":[{"itemIdentifier":"F"}]}`, all},
		{`{"batchItemFailures":[{"itemIdentifier":"F"}]}`, first},
		{`{"batchItemFailures":[{"itemIdentifier":"F"},{"itemIdentifier":"F"}]}`, first},
		{`{"batchItemFailures":[{"itemIdentifier":"F"},{"itemIdentifier":"unknown"}]}`, none},
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, none}, {`{"batchItemFailures":[{"itemIdentifier":null}]}`, none},
		{`{"batchItemFailures":[{"itemIdentifier":1}]}`, none}, {`{"batchItemFailures":[{}]}`, none}, {`{"batchItemFailures":[null]}`, none},
		{`{"batchItemFailures":[{"ItemIdentifier":"F"}]}`, none}, {`{"batchItemFailures":["F"]}`, none}, {`{"batchItemFailures":{"itemIdentifier":"F"}}`, none},
		{`"ok"`, none}, {`1`, none}, {`[1]`, none}, {`{`, none},
	} {
		t.Run(tt.response, func(t *testing.T) {
			for reports, deleted := range map[bool]int{true: tt.deleted, false: all} {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t)
					r.ReportsFailures = reports
					ids := r.send(t, numbers(3)...)
					r.respond = func(context.Context, invocation) (string, error) {
						return strings.ReplaceAll(tt.response, `"F"`, `"`+ids[0]+`"`), nil
					}
					r.poll(t)
					if c := r.count(t, "work"); c.InFlight != 3-deleted || len(r.warnings) != cmp.Compare(3, deleted) {
						t.Errorf("reports failures: %t; %d messages remain, want %d; warnings %q", reports, c.InFlight, 3-deleted, r.warnings)
					}
				})
			}
		})
	}
}

// Messages for which the function fails become visible again after the visibility timeout,
// and move to the dead-letter queue as its redrive policy says.
func TestFunctionErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.respond = func(context.Context, invocation) (string, error) { return "", errFunction }
		r.send(t, "a", "b")
		r.poll(t)
		time.Sleep(100 * time.Second)
		if got := r.batches(); got != "2@0 2@30" || !slices.Equal(r.received[1].counts, []string{"2", "2"}) {
			t.Errorf("events %s, received %v times", got, r.received[1].counts)
		}
		if c := r.count(t, "dead"); c.Available != 2 {
			t.Errorf("in the dead-letter queue: %+v", c)
		}
		want := "2 of 2 messages return to " + r.arn + " after its visibility timeout, because the function failed (request 1)"
		if len(r.warnings) != 2 || r.warnings[0] != want {
			t.Errorf("warnings %q", r.warnings)
		}
	})
}

// A throttled function receives the same event again until its messages become visible.
func TestThrottledFunction(t *testing.T) {
	for name, tt := range map[string]struct {
		throttled int
		want      string
		counts    string
	}{
		"for a while":                 {3, "1@0 1@1 1@3 1@7", "1"},
		"until the messages are back": {7, "1@0 1@1 1@3 1@7 1@15 1@30 1@31 1@33", "2"},
		"forever":                     {1000, "1@0 1@1 1@3 1@7 1@15 1@30 1@31 1@33 1@37 1@45", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.respond = func(_ context.Context, in invocation) (string, error) {
					if len(r.received) <= tt.throttled {
						return "", throttled()
					}
					return "null", nil
				}
				r.send(t, "a")
				r.poll(t)
				time.Sleep(100 * time.Second)
				if got := r.batches(); got != tt.want {
					t.Errorf("events %s, want %s", got, tt.want)
				}
				if last := r.received[len(r.received)-1]; tt.counts != "" && last.counts[0] != tt.counts {
					t.Errorf("received %s times, want %s", last.counts[0], tt.counts)
				}
				if c := r.count(t, "dead"); (c.Available == 1) != (tt.counts == "") {
					t.Errorf("in the dead-letter queue: %+v", c)
				}
			})
		})
	}
}

// A batch that is larger than an event may be becomes several.
func TestLargeBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.BatchSize, r.Window = 100, time.Second
		for range 8 {
			r.send(t, strings.Repeat(`"`, 1<<19)) // 1 MiB as JSON
		}
		r.poll(t)
		time.Sleep(5 * time.Second)
		if got := r.batches(); got != "5@0 1@0 2@1" {
			t.Errorf("events %s", got)
		}
		for _, in := range r.received {
			if len(in.payload) > 6*1024*1024 {
				t.Errorf("an event has %d bytes", len(in.payload))
			}
		}
		if c := r.count(t, "work"); c != (sqs.Counts{}) {
			t.Errorf("the queue still has %+v", c)
		}
	})
}

// The number of batches in progress grows while all of them take long.
func TestConcurrency(t *testing.T) {
	for max, want := range map[int][]int{1000: {5, 10, 15, 20}, 12: {5, 10, 12, 12}, 2: {2, 2, 2, 2}} {
		t.Run(fmt.Sprint(max), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.BatchSize, r.MaxConcurrency = 1, max
				r.respond = func(ctx context.Context, _ invocation) (string, error) {
					time.Sleep(10 * time.Second)
					return "null", nil
				}
				r.send(t, numbers(100)...)
				r.poll(t)
				for second, n := range want {
					if got := len(strings.Fields(r.batches())); got != n {
						t.Errorf("%d batches in progress after %d s, want %d", got, second, n)
					}
					time.Sleep(time.Second)
					synctest.Wait()
				}
			})
		})
	}
}

// Failures reduce the concurrency, and successes restore it. Batches that take a moment do
// not increase it any further.
func TestConcurrencyAfterFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.BatchSize = 1
		busy, most := 0, 0
		r.respond = func(_ context.Context, in invocation) (string, error) {
			r.mu.Lock()
			busy++
			most = max(most, busy)
			r.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			r.mu.Lock()
			defer r.mu.Unlock()
			busy--
			if in.at < time.Second {
				return "", errFunction
			}
			return "null", nil
		}
		r.send(t, numbers(1000)...)
		r.poll(t)
		time.Sleep(905 * time.Millisecond)
		r.mu.Lock()
		if most != 5 || busy != 1 {
			t.Errorf("%d batches at once in the beginning, %d after failures", most, busy)
		}
		most = 0
		r.mu.Unlock()
		time.Sleep(20 * time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		if most != 5 || len(r.received) != 1000 {
			t.Errorf("%d batches at once after successes, %d processed", most, len(r.received))
		}
	})
}

// A queue that refuses the role is tried again now and then, with one warning.
func TestLostPermission(t *testing.T) {
	for action, warning := range map[string]string{
		"sqs:ReceiveMessage": "cannot poll arn:aws:sqs:us-east-1:000000000000:work: AccessDenied: no",
		"sqs:DeleteMessage":  "messages that the function has processed cannot be deleted from arn:aws:sqs:us-east-1:000000000000:work, and will be processed again: AccessDenied: no",
	} {
		t.Run(action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				var refused atomic.Bool
				refused.Store(true)
				r.authorize = func(request cloud.Request) error {
					if refused.Load() && request.Action == action {
						if request.Caller != role {
							t.Errorf("the caller is %s", request.Caller)
						}
						return cloud.Errorf(403, "AccessDenied", "no")
					}
					return nil
				}
				r.send(t, "a")
				r.poll(t)
				time.Sleep(28 * time.Second)
				refused.Store(false)
				time.Sleep(30 * time.Second)
				if !slices.Equal(r.warnings, []string{warning}) {
					t.Errorf("warnings %q", r.warnings)
				}
				if c := r.count(t, "work"); c != (sqs.Counts{}) || len(r.received) == 0 {
					t.Errorf("%d events, and the queue has %+v", len(r.received), c)
				}
			})
		})
	}
}

// When polling ends, the batch in progress is completed, and what has been gathered is
// processed.
func TestEndOfPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.BatchSize, r.Window = 2, 20*time.Second
		r.respond = func(context.Context, invocation) (string, error) {
			time.Sleep(3 * time.Second)
			return "null", nil
		}
		r.send(t, "a", "b", "c")
		r.poll(t)
		r.stop()
		if got, c := r.batches(), r.count(t, "work"); got != "2@0 1@0" || c != (sqs.Counts{}) {
			t.Errorf("events %s, and the queue has %+v", got, c)
		}
		r.send(t, "d")
		time.Sleep(time.Minute)
		if c := r.count(t, "work"); c.Available != 1 {
			t.Errorf("after the end, the queue has %+v", c)
		}
	})
}
