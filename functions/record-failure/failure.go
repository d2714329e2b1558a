package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/message"
	"tally/internal/sum"
)

// failure is a decoded message of the queue.
type failure struct {
	messages []message.Message // at least one
	cause    string            // why they failed, unless their own text shows it
}

// decode decodes a message of the queue. Its body is Lambda's record of an asynchronous
// invocation with an event of SNS, or, if handle-message reads a queue, the message that
// the queue moved, unchanged, to its dead-letter queue.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func decode(r events.SQSMessage) (failure, error) {
	var of struct {
		RequestContext struct{ RequestID, Condition string }
		RequestPayload json.RawMessage
	}
	if json.Unmarshal([]byte(r.Body), &of) != nil || of.RequestContext.Condition == "" {
		return failure{[]message.Message{message.FromSQS(r)}, received(r)}, nil
	}
	var event events.SNSEvent
	if err := json.Unmarshal(of.RequestPayload, &event); err != nil {
		return failure{}, fmt.Errorf("the requestPayload of Lambda's record: %w", err)
	}
	f := failure{cause: "could not be processed; request ID " + of.RequestContext.RequestID}
	for _, record := range event.Records {
		if record.EventSource == "aws:sns" {
			f.messages = append(f.messages, message.FromSNS(record.SNS))
		}
	}
	if len(f.messages) == 0 {
		return failure{}, errors.New("the requestPayload of Lambda's record is not an event of SNS")
	}
	return f, nil
}

// received returns how often a message was received before it came to this queue. A
// message that SQS moves to a dead-letter queue keeps its count.
func received(r events.SQSMessage) string {
	count, err := strconv.Atoi(r.Attributes["ApproximateReceiveCount"])
	if err != nil || count < 2 {
		return "could not be processed"
	}
	return fmt.Sprintf("received %d times without success", count-1)
}

// maxReason is the maximum length of a reason in characters.
const maxReason = 500

// reason returns the numbers of a message and why it failed. The numbers are nil if the
// message has no valid ones. Callers of the API see the reason, so it contains no error
// texts of AWS or of the function: those are in the function's log.
func (f failure) reason(m message.Message) (sum.Numbers, string) {
	n, err := sum.Parse([]byte(m.Text))
	if err == nil {
		return n, f.cause
	}
	text := []rune(strings.ReplaceAll(err.Error(), "\n", "; "))
	if len(text) > maxReason {
		text = append(text[:maxReason-1], '…')
	}
	return n, string(text)
}
