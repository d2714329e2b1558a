package sqs

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

const (
	maxWait       = 20           // seconds
	maxVisibility = 12 * 60 * 60 // seconds
)

// ReceiveRequest holds the parameters of Receive.
type ReceiveRequest struct {
	MaxMessages              int  // 1 to 10
	VisibilityTimeoutSeconds *int // 0 to 43,200; nil means the queue's timeout
	WaitSeconds              *int // how long to wait for a message: 0 to 20; nil means the queue's time
}

// Message is a received message.
type Message struct {
	ID            string
	ReceiptHandle string // of this receive; every receive has its own
	Body          string
	Attributes    map[string]cloud.MessageAttribute
	System        map[string]string // SentTimestamp, ApproximateReceiveCount, …
}

// Receive returns the oldest available messages and hides them for the visibility
// timeout. If there are none, it waits for one; if none arrives in time, it returns
// none. Messages that have been received too often move to the dead-letter queue
// instead. It fails with AWS.SimpleQueueService.NonExistentQueue, AccessDenied and
// InvalidParameterValue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func (s *Service) Receive(ctx context.Context, caller cloud.Caller, url string, r ReceiveRequest) ([]Message, error) {
	q, err := s.permit(ctx, caller, url, "ReceiveMessage")
	if err != nil {
		return nil, err
	}
	hidden, wait, err := r.times(q)
	if err != nil {
		return nil, err
	}
	for over := time.After(wait); ; {
		a, err := s.attempt(ctx, q.Name, r.MaxMessages, hidden)
		if err != nil || len(a.received) > 0 || wait == 0 {
			s.reportReceive(q.Name, len(a.received), err)
			return a.received, err
		}
		select {
		case <-a.changed:
		case <-a.due:
		case <-over:
			s.reportReceive(q.Name, 0, nil)
			return nil, nil
		case <-s.done:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// times returns how long to hide messages, and how long to wait for one.
func (r ReceiveRequest) times(q Queue) (hidden, wait time.Duration, err error) {
	hide, await := q.VisibilityTimeoutSeconds, q.ReceiveWaitSeconds
	if r.VisibilityTimeoutSeconds != nil {
		hide = *r.VisibilityTimeoutSeconds
	}
	if r.WaitSeconds != nil {
		await = *r.WaitSeconds
	}
	const reason = "Must be >= 0 and <= %d, if provided."
	switch { // before the conversions, which can overflow
	case r.MaxMessages < 1 || r.MaxMessages > 10:
		err = invalid(r.MaxMessages, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
	case hide < 0 || hide > maxVisibility:
		err = invalid(hide, "VisibilityTimeout", reason, maxVisibility)
	case await < 0 || await > maxWait:
		err = invalid(await, "WaitTimeSeconds", reason, maxWait)
	}
	return time.Duration(hide) * time.Second, time.Duration(await) * time.Second, err
}

// An attempt is the result of one attempt to receive messages.
type attempt struct {
	received []Message
	changed  <-chan struct{}  // closed when another attempt may succeed
	due      <-chan time.Time // fires when a hidden message becomes available; nil if none is hidden
}

// attempt receives up to limit messages that are available now.
func (s *Service) attempt(ctx context.Context, queue string, limit int, hidden time.Duration) (attempt, error) {
	if err := ctx.Err(); err != nil {
		return attempt{}, err // the caller is gone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues.Get(queue)
	b := s.backlogs[queue]
	if !ok || b == nil {
		return attempt{}, nonExistent()
	}
	now := time.Now().UTC()
	if err := s.expire(q.Queue, b, now); err != nil {
		return attempt{}, err
	}
	b.used = now
	a := attempt{changed: b.changed}
	var next time.Time
	for _, m := range slices.Clone(b.messages) {
		if len(a.received) == limit {
			break
		}
		if m.AvailableAt.After(now) {
			if next.IsZero() || m.AvailableAt.Before(next) {
				next = m.AvailableAt
			}
			continue
		}
		if moved, err := s.redrive(q, b, m); moved || err != nil {
			if err != nil {
				return a, err
			}
			continue
		}
		if err := s.markReceived(m, now, hidden); err != nil {
			return a, err
		}
		a.received = append(a.received, Message{m.ID, s.handle(q.Queue, m), m.Body, m.Attributes, m.system()})
	}
	if !next.IsZero() {
		a.due = time.After(next.Sub(now))
	}
	return a, nil
}

// markReceived counts a receive of a message, hides it, and gives it a new receipt.
func (s *Service) markReceived(m *message, now time.Time, hidden time.Duration) error {
	next := *m
	next.Receives++
	if next.Received.IsZero() {
		next.Received = now
	}
	next.LastReceive = now
	next.AvailableAt = now.Add(hidden)
	next.Receipt = uuid.NewString()
	return s.replace(m, next)
}

// replace replaces a message with next, on disk first.
func (s *Service) replace(m *message, next message) error {
	if err := s.messages.Put(next.key(), next); err != nil {
		return err
	}
	*m = next
	return nil
}

// redrive moves a message that has been received too often to the dead-letter queue,
// and reports whether it did. As on AWS, the message retains the time at which it
// was sent and its receive count.
func (s *Service) redrive(q row, from *backlog, m *message) (moved bool, err error) {
	to, after, ok := s.deadLetterQueue(q)
	if !ok || m.Receives < after {
		return false, nil
	}
	next := *m
	next.Queue, next.Source, next.Receipt = to.Name, q.ARN, ""
	if err := s.replace(m, next); err != nil {
		return false, err
	}
	from.remove(m)
	s.backlogs[to.Name].add(m)
	return true, nil
}

// expire deletes messages past the retention period.
func (s *Service) expire(q Queue, b *backlog, now time.Time) error {
	oldest := now.Add(-time.Duration(q.RetentionSeconds) * time.Second)
	for _, m := range slices.Clone(b.messages) {
		if m.Sent.After(oldest) {
			continue
		}
		if err := s.messages.Delete(m.key()); err != nil {
			return err
		}
		b.remove(m)
	}
	return nil
}
