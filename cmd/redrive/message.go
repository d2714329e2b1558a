package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	snsmessage "tally/internal/message"
)

// A message is a decoded message of a failure queue.
type message struct {
	// ID is the one that the function logs: that of the SNS message in the event, or its
	// message attribute id; see package message. Events without one have the ID of
	// Lambda's request; other messages have MessageID.
	ID        string    `json:"id"`
	MessageID string    `json:"messageId"` // of the message in the queue
	Sent      time.Time `json:"sent"`      // to the queue
	// Condition is why Lambda gave up, such as "RetriesExhausted"; ReceivesExhausted for
	// what the function received from a queue; Undelivered for what SNS or EventBridge
	// Scheduler could not deliver; or Unknown.
	Condition string `json:"condition"`
	Attempts  int    `json:"attempts,omitempty"` // of Lambda or the scheduler; 0 if unknown
	Reason    string `json:"reason,omitempty"`   // of the last attempt
	Payload   string `json:"payload"`            // the SNS message or, without one, the event

	event  json.RawMessage // what the function failed on; nil if unknown
	handle string          // the receipt handle
}

// The conditions of messages that are not from Lambda.
const (
	receivesExhausted = "ReceivesExhausted"
	undelivered       = "Undelivered"
	unknown           = "Unknown"
)

// why returns the condition and the reason.
func (m message) why() string {
	if m.Reason == "" {
		return m.Condition
	}
	return m.Condition + ": " + m.Reason
}

// systemAttributes are the attributes that decode uses.
var systemAttributes = []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp}

// schedulerAttributes are the attributes of a dead letter of EventBridge Scheduler that
// decode uses.
var schedulerAttributes = []string{"ERROR_CODE", "ERROR_MESSAGE", "RETRY_ATTEMPTS", "SCHEDULE_ARN", "TARGET_ARN"}

// decode decodes a message of a failure queue: Lambda's record of an invocation, the
// notification of an SNS message, or the event of a schedule. Any other body is Unknown and
// has no event. SNS sends what it could not deliver to the redrive queue of the subscription;
// a notification in another queue comes from the buffer of a function that failed.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
func decode(in types.Message, q queue) message {
	body := aws.ToString(in.Body)
	m := message{MessageID: aws.ToString(in.MessageId), Condition: unknown, Payload: body, handle: aws.ToString(in.ReceiptHandle)}
	if ms, err := strconv.ParseInt(in.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
		m.Sent = time.UnixMilli(ms).UTC()
	}
	var r record
	var n notification
	if json.Unmarshal([]byte(body), &r) == nil && r.RequestContext.Condition != "" && len(r.RequestPayload) > 0 {
		m.Condition, m.Attempts, m.event = r.RequestContext.Condition, r.RequestContext.ApproximateInvokeCount, r.RequestPayload
		m.Reason, m.ID, m.Payload = r.reason(), r.RequestContext.RequestID, string(r.RequestPayload)
		if sent, ok := snsMessage(r.RequestPayload); ok {
			m.ID, m.Payload = sent.id(), sent.Message
		}
	} else if json.Unmarshal([]byte(body), &n) == nil && n.Type == "Notification" {
		m.ID, m.Payload = n.id(), n.Message
		if event, err := n.lambdaEvent(); err != nil {
			m.Reason = err.Error()
		} else if m.Condition, m.event = undelivered, event; !q.redrive() {
			m.Condition, m.Reason = receivesExhausted, "the function failed each time it received the message; its log states why"
		}
	} else if event, ok := scheduledEvent(in); ok {
		m.Condition, m.event, m.Payload = undelivered, event, string(event)
		attribute := in.MessageAttributes
		m.Reason = aws.ToString(attribute["ERROR_CODE"].StringValue) + ": " + aws.ToString(attribute["ERROR_MESSAGE"].StringValue)
		if retries, err := strconv.Atoi(aws.ToString(attribute["RETRY_ATTEMPTS"].StringValue)); err == nil {
			m.Attempts = retries + 1
		}
	} else {
		m.Reason = "the body is neither a record of Lambda, a notification of SNS nor an event of a schedule"
	}
	m.ID = cmp.Or(m.ID, m.MessageID)
	return m
}

// scheduledEvent returns the event in a dead letter of EventBridge Scheduler, if it is one.
// The body is the request that failed. AWS does not document that for a function, so the
// payload may be a string or JSON, and any other body counts as the event itself.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
func scheduledEvent(in types.Message) (json.RawMessage, bool) {
	if in.MessageAttributes["SCHEDULE_ARN"].StringValue == nil {
		return nil, false
	}
	event := []byte(aws.ToString(in.Body))
	if strings.HasSuffix(aws.ToString(in.MessageAttributes["TARGET_ARN"].StringValue), ":aws-sdk:lambda:invoke") {
		var request struct{ Payload json.RawMessage }
		if json.Unmarshal(event, &request) == nil && request.Payload != nil {
			event = request.Payload
			if text := ""; json.Unmarshal(event, &text) == nil {
				event = []byte(text)
			}
		}
	}
	return event, json.Valid(event)
}

// record is Lambda's record of an invocation.
type record struct {
	RequestContext struct {
		RequestID              string
		Condition              string
		ApproximateInvokeCount int
	}
	RequestPayload  json.RawMessage
	ResponsePayload json.RawMessage // absent if the last attempt did not reach the function
}

func (r record) reason() string { return functionError(r.ResponsePayload) }

// functionError returns the error in a function's response: its message or, without
// one, its type or the response itself.
func functionError(response []byte) string {
	var e struct{ ErrorMessage, ErrorType string }
	if json.Unmarshal(response, &e) == nil && (e.ErrorMessage != "" || e.ErrorType != "") {
		return cmp.Or(e.ErrorMessage, e.ErrorType)
	}
	return string(response)
}

// snsMessage returns the SNS message in a Lambda event, if that has exactly one.
func snsMessage(event []byte) (m notification, ok bool) {
	var e struct{ Records []struct{ Sns *notification } }
	if json.Unmarshal(event, &e) != nil || len(e.Records) != 1 || e.Records[0].Sns == nil {
		return m, false
	}
	return *e.Records[0].Sns, true
}

// notification is an SNS message as queues receive it.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type notification struct {
	Type              string
	MessageID         string `json:"MessageId"`
	TopicArn          string
	Subject           *string
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string
	MessageAttributes json.RawMessage
}

// id returns the ID that the function logs for the message.
func (n notification) id() string {
	var attributes map[string]any
	_ = json.Unmarshal(n.MessageAttributes, &attributes) // none if they are invalid
	return snsmessage.FromSNS(events.SNSEntity{MessageID: n.MessageID, MessageAttributes: attributes}).ID
}

// lambdaEvent returns the event with which SNS would have invoked the function. Three
// of its members have other names than in a notification, and all are always present.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
func (n notification) lambdaEvent() (json.RawMessage, error) {
	subscription, err := n.subscriptionARN()
	if err != nil {
		return nil, err
	}
	type lambdaNotification struct {
		Type              string
		MessageID         string `json:"MessageId"`
		TopicArn          string
		Subject           *string
		Message           string
		Timestamp         string
		SignatureVersion  string
		Signature         string
		SigningCertURL    string `json:"SigningCertUrl"`
		UnsubscribeURL    string `json:"UnsubscribeUrl"`
		MessageAttributes json.RawMessage
	}
	type record struct {
		EventSource          string
		EventVersion         string
		EventSubscriptionArn string
		Sns                  lambdaNotification
	}
	if n.MessageAttributes == nil {
		n.MessageAttributes = json.RawMessage("{}")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // like SNS
	err = e.Encode(struct{ Records []record }{[]record{{"aws:sns", "1.0", subscription, lambdaNotification(n)}}})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// subscriptionARN returns the ARN of the subscription that the notification is for.
// Only its UnsubscribeURL contains the ARN.
func (n notification) subscriptionARN() (string, error) {
	u, err := url.Parse(n.UnsubscribeURL)
	if err != nil {
		return "", fmt.Errorf("its UnsubscribeURL: %w", err)
	}
	subscription := u.Query().Get("SubscriptionArn")
	if subscription == "" {
		return "", errors.New("its UnsubscribeURL does not contain the SubscriptionArn")
	}
	return subscription, nil
}
