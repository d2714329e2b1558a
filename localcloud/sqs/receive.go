package sqs

import (
	"context"
	"time"

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
type Message = cloud.ReceivedMessage

// maxInFlight is the maximum number of messages of a queue that are received and not
// yet deleted.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
const maxInFlight = 120_000

// Receive returns the oldest available messages and hides them for the visibility
// timeout. If there are none, it waits for one; if none arrives in time, it returns
// none. It returns fewer messages than it could, which SQS may do, rather than more than
// 1 MiB of them. Messages that have been received too often move to the dead-letter
// queue instead. It fails with AWS.SimpleQueueService.NonExistentQueue, AccessDenied and
// InvalidParameterValue, and with OverLimit if it does not wait and too many messages
// are in flight.
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
	return s.receive(ctx, q, r.MaxMessages, hidden, wait)
}

// receive is Receive for a permitted caller.
func (s *Service) receive(ctx context.Context, q Queue, limit int, hidden, wait time.Duration) ([]Message, error) {
	for over := time.After(wait); ; {
		a, err := s.attempt(ctx, q.Name, limit, hidden)
		if a.moved && len(a.taken) == 0 && err == nil {
			continue
		}
		if a.full && wait == 0 && err == nil {
			err = overLimit("Too many messages are in flight: at most %d may be received and not deleted.", maxInFlight)
		}
		if err != nil || len(a.taken) > 0 || wait == 0 {
			received, err := s.read(q, a.taken, err)
			s.reportReceive(q.Name, len(received), err)
			return received, err
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
	taken   []message        // as they are now
	moved   bool             // whether messages were moved to the dead-letter queue
	full    bool             // whether too many messages are in flight
	changed <-chan struct{}  // closed when another attempt may succeed
	due     <-chan time.Time // fires when a hidden message becomes available; nil if none is hidden
}

// attempt receives up to limit messages that are available now.
func (s *Service) attempt(ctx context.Context, queue string, limit int, hidden time.Duration) (attempt, error) {
	if err := ctx.Err(); err != nil {
		return attempt{}, err // the caller is gone
	}
	q, ok := s.queues.Get(queue)
	b := s.backlog(queue)
	if !ok || b == nil {
		return attempt{}, nonExistent()
	}
	to, tries, ok := s.deadLetterQueue(q)
	var dead *backlog
	if ok {
		dead = s.backlog(to.Name)
	}
	defer lockBoth(b, dead)()
	if b.deleted {
		return attempt{}, nonExistent()
	}
	if dead != nil && dead.deleted {
		dead = nil
	}
	now := s.now()
	if err := s.expire(q.Queue, b, now.process); err != nil {
		return attempt{}, err
	}
	b.used = time.Now()
	b.promote(now.process)
	a := attempt{changed: b.changed, full: b.inFlight >= maxInFlight}
	r := receiving{Service: s, q: q.Queue, b: b, now: now, hidden: hidden, limit: min(limit, maxInFlight-b.inFlight), dead: dead, tries: tries}
	err := r.run()
	if err == nil {
		a.taken, a.moved = r.taken, len(r.moved) > 0
	}
	if m := b.hidden.first(); m != nil {
		a.due = time.After(m.available - now.process)
	}
	return a, err
}

// read returns what a client receives of messages, once it is on disk that it does. A
// message that has been removed meanwhile is left out.
func (s *Service) read(q Queue, taken []message, err error) ([]Message, error) {
	if err != nil || len(taken) == 0 {
		return nil, err
	}
	var received []Message
	for _, m := range taken {
		raw, err := s.contents.Get(key(q.Name, m.number))
		if err != nil {
			return nil, err
		}
		if raw == nil {
			continue
		}
		c, body, err := decodeContent(raw)
		if err != nil {
			return nil, err
		}
		received = append(received, Message{ID: c.ID, ReceiptHandle: handle(q, m), Body: body, Attributes: c.Attributes, System: system(m, c), Trace: c.Trace})
	}
	return received, s.store.Sync()
}
