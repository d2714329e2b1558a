package cloud

import "context"

// Sender puts messages into queues.
type Sender interface {
	// SendMessage returns the message's ID once the queue has kept it. It fails
	// with AWS.SimpleQueueService.NonExistentQueue, and with AccessDenied where
	// neither the queue's policy nor the caller's role allows sqs:SendMessage.
	SendMessage(ctx context.Context, caller Caller, queueARN string, m QueueMessage) (messageID string, err error)
}

// QueueMessage is what a Sender puts into a queue.
type QueueMessage struct {
	Body        string
	Attributes  map[string]MessageAttribute
	TraceHeader string // the system attribute AWSTraceHeader, "" for none
}

// MessageAttribute is a value that travels beside the body of a message.
type MessageAttribute struct {
	DataType    string // "String", "Number" or "Binary", with an optional label: "Number.int"
	StringValue string
	BinaryValue []byte // of Binary alone
}
