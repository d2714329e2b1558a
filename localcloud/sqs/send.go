package sqs

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

const maxDelay = 900 // seconds

// traceHeader is the only system attribute that a sender may set.
const traceHeader = "AWSTraceHeader"

// Entry is a message to send.
type Entry struct {
	cloud.QueueMessage
	DelaySeconds *int // 0 to 900; nil means the queue's delay
	// System holds message system attributes, of which SQS accepts only
	// AWSTraceHeader. It overrides TraceHeader.
	System map[string]cloud.MessageAttribute
}

// SendMessage sends a message as Send does, to a queue given by its ARN. Other
// services use it.
func (s *Service) SendMessage(ctx context.Context, caller cloud.Caller, queueARN string, m cloud.QueueMessage) (string, error) {
	q, ok := s.byARN(queueARN)
	if !ok {
		return "", nonExistent()
	}
	return s.Send(ctx, caller, s.URL(q.Name), Entry{QueueMessage: m})
}

// Send stores a message and returns its ID. It fails with
// AWS.SimpleQueueService.NonExistentQueue, AccessDenied, MissingParameter,
// InvalidParameterValue and InvalidMessageContents.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func (s *Service) Send(ctx context.Context, caller cloud.Caller, url string, e Entry) (string, error) {
	q, err := s.permit(ctx, caller, url, "SendMessage")
	if err != nil {
		return "", err
	}
	return s.enqueue(q, caller, e)
}

func (s *Service) enqueue(q Queue, caller cloud.Caller, e Entry) (string, error) {
	delay := q.DelaySeconds
	if e.DelaySeconds != nil {
		delay = *e.DelaySeconds
	}
	if delay < 0 || delay > maxDelay {
		return "", invalid(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= %d.", maxDelay)
	}
	if err := check(e.QueueMessage, q.MaxMessageBytes); err != nil {
		return "", err
	}
	for name, a := range e.System {
		if name != traceHeader || a.DataType != "String" {
			return "", refusal("InvalidParameterValue", "The message system attribute '%s' with type '%s' is invalid: it must be %s, a String.", name, a.DataType, traceHeader)
		}
		e.TraceHeader = a.StringValue
	}
	now := time.Now().UTC()
	m := message{
		Queue: q.Name, ID: uuid.NewString(), QueueMessage: e.QueueMessage, Sender: sender(caller),
		Sent: now, AvailableAt: now.Add(time.Duration(delay) * time.Second),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.backlogs[q.Name]
	if b == nil {
		return "", nonExistent()
	}
	m.Number = s.last + 1
	if err := s.messages.Put(m.key(), m); err != nil {
		return "", err
	}
	s.last = m.Number
	b.add(&m)
	b.used = now
	s.report(q.Name, now, cloud.Counted("NumberOfMessagesSent", 1), cloud.MetricValue{Name: "SentMessageSize", Unit: "Bytes", Value: float64(size(m.QueueMessage))})
	return m.ID, nil
}

// sender returns the SenderId of messages from a caller.
func sender(c cloud.Caller) string {
	if c.Service != "" {
		return c.Service
	}
	return c.UserID
}
