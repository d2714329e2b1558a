package sqs

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// handle returns the receipt handle of the last receive of a message. It is
// opaque to clients.
func handle(q Queue, m message) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %s %x", m.receipt, q.ARN, m.number))
}

// find returns the message of a receipt handle. It returns nil if the message is
// gone or has been received again since.
func (b *backlog) find(q Queue, handle string) (*message, error) {
	if handle == "" {
		return nil, missing("ReceiptHandle")
	}
	raw, err := base64.StdEncoding.DecodeString(handle)
	parts := strings.Split(string(raw), " ")
	if err != nil || len(parts) != 3 || parts[1] != q.ARN {
		return nil, invalidHandle(handle)
	}
	receipt, err := uuid.Parse(parts[0])
	number, err2 := strconv.ParseUint(parts[2], 16, 64)
	if err != nil || err2 != nil {
		return nil, invalidHandle(handle)
	}
	if m := b.received[number]; m != nil && m.receipt == receipt {
		return m, nil
	}
	return nil, nil
}

func invalidHandle(handle string) error {
	return refusal("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
}

// Delete removes a received message, even after its visibility timeout. As on AWS, a
// message that has been received again since stays, which is not an error. Delete
// fails with AWS.SimpleQueueService.NonExistentQueue, AccessDenied and
// ReceiptHandleIsInvalid.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
func (s *Service) Delete(ctx context.Context, caller cloud.Caller, url, handle string) error {
	q, err := s.permit(ctx, caller, url, "DeleteMessage")
	if err != nil {
		return err
	}
	return single(s.changeForClient(q.Name, s.delete(q, handle)))
}

// delete returns the step that removes the message of a receipt handle.
func (s *Service) delete(q Queue, handle string) step {
	return func(c *change) error {
		m, err := c.b.find(q, handle)
		if err != nil || m == nil {
			return err
		}
		c.add(func() {
			if c.b.received[m.number] != m {
				return // a batch deletes it twice
			}
			full := c.b.inFlight >= maxInFlight
			c.b.remove(m)
			if full {
				c.b.notify()
			}
			s.report(q.Name, time.Now(), cloud.Counted("NumberOfMessagesDeleted", 1))
		}, s.unset(q.Name, m.number)...)
		return nil
	}
}

// ChangeVisibility hides a message in flight for 0 to 43,200 seconds from now; 0
// makes it available at once. A message cannot be hidden for longer than 43,200
// seconds after a receive. As on AWS, it is not an error, but has no effect, if the
// visibility timeout is already over. In addition to the errors of Delete,
// ChangeVisibility fails with InvalidParameterValue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
// https://github.com/localstack/localstack/pull/9632
func (s *Service) ChangeVisibility(ctx context.Context, caller cloud.Caller, url, handle string, seconds int) error {
	q, err := s.permit(ctx, caller, url, "ChangeMessageVisibility")
	if err != nil {
		return err
	}
	return single(s.changeForClient(q.Name, s.changeVisibility(q, Visibility{handle, seconds})))
}

// changeVisibility returns the step that changes the visibility timeout of a message.
func (s *Service) changeVisibility(q Queue, v Visibility) step {
	return func(c *change) error {
		if v.Seconds < 0 || v.Seconds > maxVisibility {
			return invalid(v.Seconds, "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and %d.", maxVisibility)
		}
		m, err := c.b.find(q, v.ReceiptHandle)
		if err != nil {
			return err
		}
		now := c.now.process
		switch {
		case m == nil:
			return invalid(v.ReceiptHandle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
		case !m.isHidden:
			return nil
		case int((now-m.lastReceive).Seconds())+v.Seconds > maxVisibility:
			return invalid(v.Seconds, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [%d seconds]", maxVisibility)
		}
		next := *m
		next.available = now + time.Duration(v.Seconds)*time.Second
		c.add(func() {
			c.b.take(m)
			m.available = next.available
			c.b.insert(m, now)
			c.b.notify()
		}, s.set(q.Name, next, c.now))
		return nil
	}
}

// Purge removes every message of a queue. It fails with
// AWS.SimpleQueueService.NonExistentQueue, AccessDenied, and
// AWS.SimpleQueueService.PurgeQueueInProgress within 60 seconds of the last purge.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html
func (s *Service) Purge(ctx context.Context, caller cloud.Caller, url string) error {
	q, err := s.permit(ctx, caller, url, "PurgeQueue")
	if err != nil {
		return err
	}
	return single(s.changeForClient(q.Name, func(c *change) error {
		if time.Since(c.b.purged) < time.Minute {
			return refusal(namespace+"PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.Name)
		}
		c.add(func() {
			c.b.clear()
			c.b.purged = time.Now()
			c.b.notify()
		}, s.unsetAll(q.Name)...)
		return nil
	}))
}
