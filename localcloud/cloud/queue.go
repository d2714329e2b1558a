package cloud

import (
	"context"
	"time"
)

// Sender sends messages to queues.
type Sender interface {
	// SendMessage stores the message and returns its ID. The message is soon on disk,
	// before anything that the caller changes afterwards, so a caller that stores what
	// it hands over needs no wait. It fails with
	// AWS.SimpleQueueService.NonExistentQueue if there is no such queue, and with
	// AccessDenied if neither the queue's policy nor the caller's role allows
	// sqs:SendMessage.
	SendMessage(ctx context.Context, caller Caller, queueARN string, m QueueMessage) (messageID string, err error)
}

// QueueMessage is a message that a Sender sends to a queue.
type QueueMessage struct {
	Body        string
	Attributes  map[string]MessageAttribute
	GroupID     string // MessageGroupId, which a standard queue does not order by; "" for none
	TraceHeader string // the system attribute AWSTraceHeader, or ""
}

// Receiver receives messages from queues, which it takes by their ARNs. Its errors are
// those of SQS: AWS.SimpleQueueService.NonExistentQueue if there is no such queue, and
// AccessDenied or KMS.AccessDeniedException if the caller lacks a permission.
type Receiver interface {
	// VisibilityTimeout returns how long the queue hides a received message.
	VisibilityTimeout(queueARN string) (time.Duration, error)
	// CheckReceiver returns nil if the caller may perform the action
	// ("ReceiveMessage") on the queue. It does not check the queue's key.
	CheckReceiver(ctx context.Context, caller Caller, queueARN, action string) error
	// ReceiveMessages returns up to limit messages, which must be from 1 to 10, and hides
	// them for the queue's visibility timeout. If there are none, it waits for one for as
	// long as wait. That the messages were received is on disk when it returns.
	ReceiveMessages(ctx context.Context, caller Caller, queueARN string, limit int, wait time.Duration) ([]ReceivedMessage, error)
	// DeleteMessages deletes up to ten received messages by their receipt handles. It
	// returns once that is on disk, or the first error.
	DeleteMessages(ctx context.Context, caller Caller, queueARN string, handles []string) error
}

// ReceivedMessage is a message that a client or a Receiver has received.
type ReceivedMessage struct {
	ID            string
	ReceiptHandle string // of this receive; every receive has its own
	Body          string
	Attributes    map[string]MessageAttribute
	System        map[string]string // SentTimestamp, ApproximateReceiveCount, …
	// MD5OfBody and MD5OfAttributes are checksums in hex. Only Receivers set them. The
	// second is "" if there are no attributes.
	MD5OfBody, MD5OfAttributes string
	Trace                      string // of the step that sent it; no client receives it
}

// MessageAttribute is a value sent alongside the body of a message.
type MessageAttribute struct {
	DataType    string // "String", "Number" or "Binary", with an optional label: "Number.int"
	StringValue string
	BinaryValue []byte // set only for Binary
}
