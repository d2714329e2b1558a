// Package poller is the part of Lambda that receives messages from a queue in batches and
// invokes a function with them, for an event source mapping.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
package poller

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"tally/localcloud/cloud"
)

const (
	// receiveLimit is the maximum number of messages that SQS returns at once, and
	// longPoll how long Lambda waits for one.
	receiveLimit = 10
	longPoll     = 20 * time.Second
	// maxPayload is the size of an event in bytes, beyond which a batch is not gathered
	// any further.
	maxPayload = 6 * 1024 * 1024
	// MaxMemory is the size in bytes of all batches in progress, of all pollers.
	MaxMemory = 256 << 20

	// The waits after an error double from one to the next. AWS does not document its own.
	firstBackoff = time.Second
	maxTrouble   = 10 * time.Second // after a queue cannot be polled
	maxThrottle  = 30 * time.Second // after a function is throttled
)

// Poller polls one queue for one function. All fields but Accepts are required.
type Poller struct {
	QueueARN  string
	Region    string        // "us-east-1"
	BatchSize int           // messages of an event, at most
	Window    time.Duration // how long to gather messages from the first of a batch on
	// MaxConcurrency is the maximum number of batches that are processed at once.
	MaxConcurrency int
	// ReportsFailures is whether the function's response names the messages that it
	// could not process.
	ReportsFailures bool
	// Accepts reports whether the function receives a message with that body; otherwise,
	// Lambda deletes it. It is nil if the function receives all messages.
	Accepts func(body string) bool
	// Memory limits the bytes of the batches in progress to MaxMemory.
	Memory *semaphore.Weighted

	Queue cloud.Receiver
	// Access returns the caller with which Lambda uses the queue, a session of the
	// function's role, and what ends the session.
	Access func(ctx context.Context) (caller cloud.Caller, end func(), err error)
	// Invoke runs the function and waits for its response. traces are the trace headers
	// of the messages that have one.
	Invoke func(ctx context.Context, payload []byte, traces []string) (cloud.Outcome, error)
	// Warn reports what keeps messages from being processed.
	Warn func(format string, args ...any)
}

// Run polls until ctx ends. Then it waits for the batches in progress, which life ends.
func (p *Poller) Run(ctx, life context.Context) {
	var batches sync.WaitGroup
	defer batches.Wait()
	c := newConcurrency(p.MaxConcurrency)
	var t trouble
	for c.acquire(ctx) {
		b, err := p.gather(ctx)
		if err == nil {
			t = trouble{}
		} else if ctx.Err() == nil {
			t.report(p, err)
		}
		if len(b.records) == 0 || !p.reserve(life, &b) {
			b.end()
			c.release()
			if err != nil {
				t.wait(ctx)
			}
			continue
		}
		batches.Go(func() {
			defer c.release()
			defer b.end()
			p.process(life, b, c)
		})
	}
}

// reserve waits until there is memory for the batch, which its end releases. It returns
// false if there is none before the messages become visible again.
func (p *Poller) reserve(ctx context.Context, b *batch) bool {
	ctx, cancel := context.WithDeadline(ctx, b.visible)
	defer cancel()
	n := min(int64(b.bytes), MaxMemory)
	if !p.Memory.TryAcquire(n) && p.Memory.Acquire(ctx, n) != nil {
		p.Warn("%d messages return to %s after its visibility timeout: the batches in progress use all memory", len(b.records), p.QueueARN)
		return false
	}
	end := b.end
	b.end = func() {
		p.Memory.Release(n)
		end()
	}
	return true
}

// trouble is why a queue cannot be polled.
type trouble struct {
	reason string // as reported last
	delay  time.Duration
}

// report reports an error once.
func (t *trouble) report(p *Poller, err error) {
	if t.reason != err.Error() {
		t.reason = err.Error()
		p.Warn("cannot poll %s: %v", p.QueueARN, err)
	}
}

func (t *trouble) wait(ctx context.Context) {
	t.delay = min(max(firstBackoff, 2*t.delay), maxTrouble)
	pause(ctx, t.delay)
}

// pause waits, or returns false if ctx ends before that.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// A batch is what has been received for one or more events.
type batch struct {
	caller  cloud.Caller
	end     func() // ends the caller's session
	records []record
	bytes   int
	visible time.Time // when the first message becomes visible again
}

// gather receives the messages of a batch: those of one receive or, if there is a window,
// those of several. It returns none if there is none for a while. It deletes the messages
// that the function does not receive. Even with an error, the batch may have messages.
func (p *Poller) gather(ctx context.Context) (b batch, err error) {
	b.end = func() {}
	hidden, err := p.Queue.VisibilityTimeout(p.QueueARN)
	if err != nil {
		return b, err
	}
	caller, end, err := p.Access(ctx)
	if err != nil {
		return b, err
	}
	b.caller, b.end = caller, end
	var over time.Time // the end of the window
	for wait := longPoll; ; wait = min(longPoll, time.Until(over)) {
		messages, err := p.Queue.ReceiveMessages(ctx, caller, p.QueueARN, min(receiveLimit, p.BatchSize-len(b.records)), wait)
		if len(b.records) == 0 {
			over, b.visible = time.Now().Add(p.Window), time.Now().Add(hidden)
		}
		var dropped []string
		for _, m := range messages {
			if p.Accepts != nil && !p.Accepts(m.Body) {
				dropped = append(dropped, m.ReceiptHandle)
				continue
			}
			r := newRecord(m, p.QueueARN, p.Region)
			b.records = append(b.records, r)
			b.bytes += len(r.json) + 1
		}
		if len(dropped) > 0 {
			err = cmp.Or(err, p.Queue.DeleteMessages(ctx, caller, p.QueueARN, dropped))
		}
		if err != nil || len(b.records) == 0 || len(b.records) >= p.BatchSize || b.bytes >= maxPayload || !time.Now().Before(over) {
			return b, err
		}
	}
}

// process invokes the function with the batch, in several parts if it is too large for
// one event, and deletes the messages that the function has processed. The others become
// visible again after the visibility timeout.
func (p *Poller) process(ctx context.Context, b batch, c *concurrency) {
	start := time.Now()
	for _, records := range split(b.records) {
		outcome, err := p.invoke(ctx, b, records)
		if ctx.Err() != nil {
			return
		}
		done := p.processed(records, outcome, err)
		p.remove(ctx, b.caller, done)
		if n := len(records) - len(done); n > 0 {
			p.Warn("%d of %d messages return to %s after its visibility timeout%s", n, len(records), p.QueueARN, reason(outcome, err))
		}
		c.adjust(err == nil && (outcome.FunctionError == "" || p.ReportsFailures), time.Since(start))
	}
}

// reason returns the end of a sentence that says why messages were not processed.
func reason(outcome cloud.Outcome, err error) string {
	switch {
	case err != nil:
		return ": " + err.Error()
	case outcome.FunctionError != "":
		return ", because the function failed (request " + outcome.RequestID + ")"
	}
	return ", as the response of the function says (request " + outcome.RequestID + ")"
}

// invoke runs the function. While it is throttled, invoke tries again, with growing waits,
// until the messages would be visible again.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-backoff-strategy
func (p *Poller) invoke(ctx context.Context, b batch, records []record) (cloud.Outcome, error) {
	payload, traces := event(records)
	for delay := firstBackoff; ; delay = min(2*delay, maxThrottle) {
		outcome, err := p.Invoke(ctx, payload, traces)
		if cloud.ErrorCode(err) != "TooManyRequestsException" || !time.Now().Add(delay).Before(b.visible) || !pause(ctx, delay) {
			return outcome, err
		}
	}
}

// processed returns the records that the function has processed.
func (p *Poller) processed(records []record, outcome cloud.Outcome, err error) []record {
	switch {
	case err != nil || outcome.FunctionError != "":
		return nil
	case p.ReportsFailures:
		return successes(records, outcome.Payload)
	}
	return records
}

// remove deletes messages from the queue.
func (p *Poller) remove(ctx context.Context, caller cloud.Caller, records []record) {
	var failed error
	for first := 0; first < len(records); first += receiveLimit {
		var handles []string
		for _, r := range records[first:min(first+receiveLimit, len(records))] {
			handles = append(handles, r.handle)
		}
		failed = cmp.Or(failed, p.Queue.DeleteMessages(ctx, caller, p.QueueARN, handles))
	}
	if failed != nil {
		p.Warn("messages that the function has processed cannot be deleted from %s, and will be processed again: %v", p.QueueARN, failed)
	}
}
