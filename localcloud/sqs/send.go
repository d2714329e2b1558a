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
// services use it, and it does not wait until the message is on disk: see cloud.Sender.
func (s *Service) SendMessage(ctx context.Context, caller cloud.Caller, queueARN string, m cloud.QueueMessage) (string, error) {
	q, err := s.queueAt(queueARN)
	if err != nil {
		return "", err
	}
	if err := s.permitTo(ctx, caller, q, "SendMessage"); err != nil {
		return "", err
	}
	id, enqueue := s.enqueue(ctx, q, caller, Entry{QueueMessage: m})
	return id, single(s.change(q.Name, []step{enqueue}))
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
	id, enqueue := s.enqueue(ctx, q, caller, e)
	return id, single(s.changeForClient(q.Name, enqueue))
}

// enqueue returns the step that adds a message, and the ID that the message gets.
func (s *Service) enqueue(ctx context.Context, q Queue, caller cloud.Caller, e Entry) (id string, add step) {
	delay := q.DelaySeconds
	if e.DelaySeconds != nil {
		delay = *e.DelaySeconds
	}
	err := check(e.QueueMessage, q.MaxMessageBytes)
	if delay < 0 || delay > maxDelay {
		err = invalid(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= %d.", maxDelay)
	}
	for name, a := range e.System {
		if err == nil && (name != traceHeader || a.DataType != "String") {
			err = refusal("InvalidParameterValue", "The message system attribute '%s' with type '%s' is invalid: it must be %s, a String.", name, a.DataType, traceHeader)
		}
		e.TraceHeader = a.StringValue
	}
	if err != nil {
		return "", func(*change) error { return err }
	}
	id = uuid.NewString()
	encoded := encodeContent(content{ID: id, Sender: sender(caller), GroupID: e.GroupID, TraceHeader: e.TraceHeader, Trace: cloud.StepTrace(ctx), Attributes: e.Attributes}, e.Body)
	bytes := size(e.QueueMessage)
	return id, func(c *change) error {
		m := &message{
			number: s.last.Add(1), size: uint32(bytes), sentAt: c.now.wall, sent: c.now.process,
			available: c.now.process + time.Duration(delay)*time.Second,
		}
		s.reorder(q, id, m)
		c.add(func() {
			c.b.add(m, c.now.process)
			c.b.notify()
			s.report(q.Name, time.Now(), cloud.Counted("NumberOfMessagesSent", 1), cloud.MetricValue{Name: "SentMessageSize", Unit: "Bytes", Value: float64(bytes)})
		}, s.set(q.Name, *m, c.now), s.contents.Set(key(q.Name, m.number), encoded))
		return nil
	}
}

// sender returns the SenderId of messages from a caller.
func sender(c cloud.Caller) string {
	if c.Service != "" {
		return c.Service
	}
	return c.UserID
}
