package poller_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/poller"
	"tally/localcloud/sqs"
)

var place = cloud.Place{Region: "us-east-1", Account: "000000000000"}

var (
	sender = cloud.Caller{ARN: place.GlobalARN("iam", "user/developer"), UserID: "AIDA1"}
	role   = cloud.Caller{ARN: place.GlobalARN("sts", "assumed-role/worker/add"), Role: "worker"}
)

// An invocation is one that a test's function has received.
type invocation struct {
	at      time.Duration // since the beginning of the test
	ids     []string      // of the messages
	counts  []string      // how often each was received
	payload []byte
	traces  []string
}

// A rig is a queue named work with a dead-letter queue, and a poller with a function.
type rig struct {
	*poller.Poller
	queues    *sqs.Service
	url, arn  string
	authorize func(cloud.Request) error
	// respond is the function. Its result has the response, or the error.
	respond func(ctx context.Context, in invocation) (string, error)

	start    time.Time
	mu       sync.Mutex
	received []invocation
	warnings []string
	stop     func() // ends polling, and waits for the batches in progress
}

var errFunction = errors.New("the function failed")

func (r *rig) Authorize(_ context.Context, request cloud.Request) error { return r.authorize(request) }

// newRig returns a rig whose function succeeds. Messages move to the queue dead when they
// have been received twice.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{start: time.Now(), authorize: func(cloud.Request) error { return nil }}
	r.respond = func(context.Context, invocation) (string, error) { return "null", nil }
	var err error
	if r.queues, err = sqs.New(place, nil, r, func() string { return "http://127.0.0.1" }); err != nil {
		t.Fatal(err)
	}
	dead, err := r.queues.CreateQueue(sqs.Queue{Name: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	q, err := r.queues.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30,
		RedrivePolicy: `{"deadLetterTargetArn":"` + dead.ARN + `","maxReceiveCount":2}`})
	if err != nil {
		t.Fatal(err)
	}
	r.url, r.arn = q.URL, q.ARN
	r.Poller = &poller.Poller{
		QueueARN: q.ARN, Region: place.Region, BatchSize: 10, MaxConcurrency: 1000, Queue: r.queues,
		Memory: semaphore.NewWeighted(poller.MaxMemory),
		Access: func(context.Context) (cloud.Caller, func(), error) { return role, func() {}, nil },
		Invoke: r.invoke,
		Warn: func(format string, args ...any) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
		},
	}
	return r
}

// poll begins to poll, until the test ends or calls stop.
func (r *rig) poll(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	life, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		r.Run(ctx, life)
		close(ended)
	}()
	r.stop = func() {
		cancel()
		<-ended
		end()
	}
	t.Cleanup(r.stop)
	synctest.Wait()
}

func (r *rig) invoke(ctx context.Context, payload []byte, traces []string) (cloud.Outcome, error) {
	var event struct {
		Records []struct {
			MessageID  string `json:"messageId"`
			Attributes map[string]string
		}
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		panic(err)
	}
	in := invocation{at: time.Since(r.start), payload: payload, traces: traces}
	for _, m := range event.Records {
		in.ids, in.counts = append(in.ids, m.MessageID), append(in.counts, m.Attributes["ApproximateReceiveCount"])
	}
	r.mu.Lock()
	r.received = append(r.received, in)
	r.mu.Unlock()
	response, err := r.respond(ctx, in)
	if errors.Is(err, errFunction) {
		return cloud.Outcome{RequestID: "1", FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"no"}`)}, nil
	}
	return cloud.Outcome{RequestID: "1", Payload: []byte(response)}, err
}

// send sends messages with these bodies, and returns their IDs.
func (r *rig) send(t *testing.T, bodies ...string) (ids []string) {
	t.Helper()
	for _, body := range bodies {
		id, err := r.queues.SendMessage(t.Context(), sender, r.arn, cloud.QueueMessage{Body: body})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// sendAtOnce sends up to 10 messages, which a waiting receiver finds together.
func (r *rig) sendAtOnce(t *testing.T, bodies ...string) {
	t.Helper()
	var entries []sqs.BatchEntry[sqs.Entry]
	for _, body := range bodies {
		entries = append(entries, sqs.BatchEntry[sqs.Entry]{ID: body, Request: sqs.Entry{QueueMessage: cloud.QueueMessage{Body: body}}})
	}
	results, err := r.queues.SendBatch(t.Context(), sender, r.queues.URL("work"), entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results {
		if result.Err != nil {
			t.Fatal(result.Err)
		}
	}
}

func numbers(n int) (bodies []string) {
	for i := range n {
		bodies = append(bodies, fmt.Sprint(i))
	}
	return bodies
}

// count returns the numbers of messages in a queue.
func (r *rig) count(t *testing.T, name string) sqs.Counts {
	t.Helper()
	c, err := r.queues.Count(r.queues.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// batches returns the sizes of the events, with the seconds at which they arrived: "10@0".
// Of those that arrive at the same time, the largest is the first.
func (r *rig) batches() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sorted := slices.SortedStableFunc(slices.Values(r.received), func(a, b invocation) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(len(b.ids), len(a.ids)))
	})
	var all []string
	for _, in := range sorted {
		all = append(all, fmt.Sprintf("%d@%d", len(in.ids), int(in.at.Seconds())))
	}
	return strings.Join(all, " ")
}

func throttled() error { return cloud.Errorf(429, "TooManyRequestsException", "Rate Exceeded.") }
