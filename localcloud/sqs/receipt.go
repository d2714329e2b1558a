package sqs

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// handle returns the receipt handle of the last receive of a message. It is
// opaque to clients.
func (s *Service) handle(q Queue, m *message) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Join([]string{m.Receipt, q.ARN, m.ID}, " ")))
}

// find returns the message of a receipt handle. It returns nil if the message is
// gone or has been received again since.
func (b *backlog) find(q Queue, handle string) (*message, error) {
	if handle == "" {
		return nil, missing("ReceiptHandle")
	}
	raw, err := base64.StdEncoding.DecodeString(handle)
	parts := strings.Split(string(raw), " ")
	if err != nil || len(parts) != 3 || parts[0] == "" || parts[1] != q.ARN {
		return nil, refusal("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
	}
	for _, m := range b.messages {
		if m.ID == parts[2] && m.Receipt == parts[0] {
			return m, nil
		}
	}
	return nil, nil
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
	return s.delete(q, handle)
}

func (s *Service) delete(q Queue, handle string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.backlogs[q.Name]
	if b == nil {
		return nonExistent()
	}
	m, err := b.find(q, handle)
	if err != nil || m == nil {
		return err
	}
	if err := s.messages.Delete(m.key()); err != nil {
		return err
	}
	b.remove(m)
	b.used = time.Now()
	s.report(q.Name, b.used, cloud.Counted("NumberOfMessagesDeleted", 1))
	return nil
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
	return s.changeVisibility(q, handle, seconds)
}

func (s *Service) changeVisibility(q Queue, handle string, seconds int) error {
	if seconds < 0 || seconds > maxVisibility {
		return invalid(seconds, "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and %d.", maxVisibility)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.backlogs[q.Name]
	if b == nil {
		return nonExistent()
	}
	m, err := b.find(q, handle)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	switch {
	case m == nil:
		return invalid(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case !m.AvailableAt.After(now):
		return nil
	case int(now.Sub(m.LastReceive).Seconds())+seconds > maxVisibility:
		return invalid(seconds, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [%d seconds]", maxVisibility)
	}
	next := *m
	next.AvailableAt = now.Add(time.Duration(seconds) * time.Second)
	if err := s.replace(m, next); err != nil {
		return err
	}
	b.notify()
	return nil
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
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.backlogs[q.Name]
	if b == nil {
		return nonExistent()
	}
	if time.Since(b.purged) < time.Minute {
		return refusal(namespace+"PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.Name)
	}
	b.purged = time.Now()
	return s.clear(b)
}
