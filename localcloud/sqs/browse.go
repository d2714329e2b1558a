package sqs

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// Browsed is a message that somebody looks at without receiving it.
type Browsed struct {
	Message        // without a receipt handle
	Number  uint64 // in the order of arrival, over all queues
	Hidden  bool   // delayed or in flight
}

// Browse returns up to limit messages of a queue, the oldest first, and leaves the queue as
// it is, unlike Receive. AWS has no such operation.
func (s *Service) Browse(url string, limit int) ([]Browsed, error) {
	q, err := s.Queue(url)
	if err != nil {
		return nil, err
	}
	b := s.backlog(q.Name)
	if b == nil {
		return nil, nonExistent()
	}
	b.mu.Lock()
	b.promote(s.now().process)
	all := make([]message, len(b.ages.all))
	for i, m := range b.ages.all {
		all[i] = *m
	}
	b.mu.Unlock()
	slices.SortFunc(all, func(m, n message) int { return int(m.sentAt - n.sentAt) })
	var browsed []Browsed
	for _, m := range all[:min(len(all), limit)] {
		raw, err := s.contents.Get(key(q.Name, m.number))
		if err != nil {
			return nil, err
		}
		if raw == nil {
			continue // it has been removed since
		}
		c, body, err := decodeContent(raw)
		if err != nil {
			return nil, err
		}
		browsed = append(browsed, Browsed{Message{ID: c.ID, Body: body, Attributes: c.Attributes, System: system(m, c), Trace: c.Trace}, m.number, m.isHidden})
	}
	return browsed, nil
}

// Claim receives the message with a number, hides it for a time, and returns its receipt
// handle. It fails with MessageInFlight if the message is hidden, because somebody else
// has received it, and with NonExistentMessage if there is none. AWS has no such operation.
func (s *Service) Claim(ctx context.Context, caller cloud.Caller, url string, number uint64, hide time.Duration) (receiptHandle string, err error) {
	q, err := s.permit(ctx, caller, url, "ReceiveMessage")
	if err != nil {
		return "", err
	}
	err = single(s.changeForClient(q.Name, func(c *change) error {
		i := slices.IndexFunc(c.b.ages.all, func(m *message) bool { return m.number == number })
		if i < 0 {
			return refusal("NonExistentMessage", "The message is no longer in the queue.")
		}
		m := c.b.ages.all[i]
		if m.isHidden {
			return refusal("MessageInFlight", "Somebody has received the message; it is hidden until its visibility timeout is over.")
		}
		next := *m
		next.receives++
		if next.receivedAt == 0 {
			next.receivedAt = c.now.wall
		}
		next.lastReceive, next.available, next.receipt = c.now.process, c.now.process+hide, uuid.New()
		receiptHandle = handle(q, next)
		c.add(func() {
			c.b.take(m)
			next.age = m.age
			*m = next
			c.b.received[m.number] = m
			c.b.insert(m, c.now.process)
		}, s.set(q.Name, next, c.now))
		return nil
	}))
	return receiptHandle, err
}
