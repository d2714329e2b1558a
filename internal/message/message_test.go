package message

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	own   = "0a1b2c3d-0000-4000-8000-000000000002" // of SNS
	given = "5d4c3b2a-0000-4000-8000-000000000003" // in the attribute
	queue = "11111111-2222-4333-8444-555555555555" // of SQS
	text  = `{"num1":3,"num2":4}`
)

// notification returns an SNS message with these attributes in JSON.
func notification(attributes string) string {
	return `{"Type":"Notification","MessageId":"` + own + `","TopicArn":"arn:aws:sns:us-east-1:123456789012:numbers","Message":"{\"num1\":3,\"num2\":4}",` +
		`"Timestamp":"2026-01-02T03:04:05.678Z","UnsubscribeURL":"https://example.com","MessageAttributes":` + attributes + `}`
}

func TestFromSNS(t *testing.T) {
	for attributes, want := range map[string]string{
		`{}`:   own,
		`null`: own,
		`{"id":{"Type":"String","Value":"` + given + `"}}`: given,
		`{"id":{"Type":"String","Value":"order 17"}}`:      own,
		`{"id":{"Type":"Binary","Value":"AAEC"}}`:          own,
		`{"ID":{"Type":"String","Value":"` + given + `"}}`: own,
		`{"id":"` + given + `"}`:                           own,
	} {
		var n events.SNSEntity
		if err := json.Unmarshal([]byte(notification(attributes)), &n); err != nil {
			t.Fatal(err)
		}
		if got := FromSNS(n); got != (Message{want, text}) {
			t.Errorf("%s: got %v", attributes, got)
		}
	}
}

func TestFromSQS(t *testing.T) {
	attribute := func(id string) map[string]events.SQSMessageAttribute {
		return map[string]events.SQSMessageAttribute{"id": {DataType: "String", StringValue: aws.String(id)}}
	}
	for name, test := range map[string]struct {
		body       string
		attributes map[string]events.SQSMessageAttribute
		want       Message
	}{
		"a notification":                 {notification(`{}`), nil, Message{own, text}},
		"a notification with id":         {notification(`{"id":{"Type":"String","Value":"` + given + `"}}`), nil, Message{given, text}},
		"raw":                            {text, nil, Message{queue, text}},
		"raw with id":                    {text, attribute(given), Message{given, text}},
		"raw with another id":            {text, attribute("order 17"), Message{queue, text}},
		"raw with binary id":             {text, map[string]events.SQSMessageAttribute{"id": {DataType: "Binary", BinaryValue: []byte(given)}}, Message{queue, text}},
		"neither":                        {"hello", nil, Message{queue, "hello"}},
		"raw, with the type of the same": {`{"Type":"Notification"}`, nil, Message{queue, `{"Type":"Notification"}`}},
	} {
		if got := FromSQS(events.SQSMessage{MessageId: queue, Body: test.body, MessageAttributes: test.attributes}); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
