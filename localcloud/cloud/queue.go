package cloud

import "context"

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

// MessageAttribute is a value sent alongside the body of a message.
type MessageAttribute struct {
	DataType    string // "String", "Number" or "Binary", with an optional label: "Number.int"
	StringValue string
	BinaryValue []byte // set only for Binary
}
