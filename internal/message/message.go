// Package message decodes the messages of the topics numbers and sums, however they
// arrive: from SNS itself, or through a queue that is subscribed to the topic.
package message

import (
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/uuid"
)

// Message is a message of a topic.
type Message struct {
	// ID is the message attribute id if it is a UUID in lowercase, or else the message's
	// own ID. It stays the same when the message is delivered again.
	ID   string
	Text string // as published, such as {"num1":3,"num2":4}
}

// FromSNS returns the message in a notification.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
func FromSNS(n events.SNSEntity) Message {
	m := Message{n.MessageID, n.Message}
	attribute, _ := n.MessageAttributes["id"].(map[string]any)
	if id, ok := attribute["Value"].(string); ok && uuid.Valid(id) {
		m.ID = id
	}
	return m
}

// FromSQS returns the message in a message of a queue. The body is a notification or,
// with raw message delivery, the message itself; then the message's own ID is the one
// that the queue has given it, because raw delivery omits that of SNS.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
func FromSQS(r events.SQSMessage) Message {
	var n events.SNSEntity
	if json.Unmarshal([]byte(r.Body), &n) == nil && n.Type == "Notification" && n.MessageID != "" {
		return FromSNS(n)
	}
	m := Message{r.MessageId, r.Body}
	if id := r.MessageAttributes["id"].StringValue; id != nil && uuid.Valid(*id) {
		m.ID = *id
	}
	return m
}
