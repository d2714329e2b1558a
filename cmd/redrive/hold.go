package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

const (
	// visibility is the time for which received messages are hidden. After a
	// crash, they are available again when it is over.
	visibility = 30 * time.Second
	// renewal is the time after which they are hidden again.
	renewal = visibility / 3
	// batch is the maximum number of messages in one request to SQS.
	batch = 10
)

// A hold keeps the messages that have been received from a queue hidden from other
// consumers until it is released.
//
// SQS hides a message for at most 12 hours after it was received; then it can be
// received again.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
type hold struct {
	cloud cloud
	queue queue
	stop  func() // stops keeping

	mu      sync.Mutex
	handles map[string]string // the receipt handles by message ID
}

// newHold returns a hold for messages of the queue. It calls failed if it cannot keep
// them hidden. The caller must release it.
func newHold(ctx context.Context, cloud cloud, q queue, failed func(error)) *hold {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	h := &hold{cloud: cloud, queue: q, handles: map[string]string{}}
	h.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		every := time.NewTicker(renewal)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
			if err := h.hide(ctx, visibility); err != nil && ctx.Err() == nil {
				failed(fmt.Errorf("%s: cannot keep the messages hidden: %w", q.Name, explain(err)))
				return
			}
		}
	}()
	return h
}

// add adds a message that has just been received.
func (h *hold) add(m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handles[m.MessageID] = m.handle
}

// handle returns the latest receipt handle of a message: SQS may refuse an older one.
func (h *hold) handle(m message) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.handles[m.MessageID]
}

// forget removes a message that has been deleted.
func (h *hold) forget(m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.handles, m.MessageID)
}

// release makes the messages available at once.
func (h *hold) release(ctx context.Context) error {
	h.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := h.hide(ctx, 0); err != nil {
		return fmt.Errorf("%s: messages remain hidden for up to %v: %w", h.queue.Name, visibility, explain(err))
	}
	return nil
}

// hide hides the messages for a time from now on.
func (h *hold) hide(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	handles := slices.Collect(maps.Values(h.handles))
	h.mu.Unlock()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for chunk := range slices.Chunk(handles, batch) {
		g.Go(func() error {
			entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(chunk))
			for i, handle := range chunk {
				entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
					Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &handle, VisibilityTimeout: int32(d.Seconds()),
				}
			}
			// An entry fails if the message has been deleted since, or if it has
			// been hidden for 12 hours.
			_, err := h.cloud.hide(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &h.queue.URL, Entries: entries})
			return err
		})
	}
	return g.Wait()
}
