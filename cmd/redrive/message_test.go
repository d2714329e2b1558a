package main

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestDecode decodes the bodies in testdata. For each, NAME.event.json is what the
// function must receive, byte for byte except for white space.
func TestDecode(t *testing.T) {
	for _, test := range []struct {
		name string
		want message
	}{
		{"lambda-sns", message{ID: "0a1b2c3d-0000-4000-8000-000000000002", Condition: "RetriesExhausted", Attempts: 3,
			Reason:  `message 0a1b2c3d-0000-4000-8000-000000000002: num1: must be an integer, not "three"`,
			Payload: `{"num1":"three","num2":4}`}},
		{"lambda-expired", message{ID: "11111111-2222-4333-8444-555555555555", Condition: "EventAgeExceeded",
			Payload: `{"n":12345678901234567890,"text":"<&>"}`}},
		{"sns", message{ID: "0a1b2c3d-0000-4000-8000-000000000002", Condition: undelivered, Payload: `{"num1":3,"num2":4} <&>`}},
		{"sns-attributes", message{ID: "0a1b2c3d-0000-4000-8000-000000000003", Condition: undelivered, Payload: `{"num1":3,"num2":4}`}},
		{"lambda-sns-id", message{ID: "5d4c3b2a-0000-4000-8000-000000000003", Condition: "RetriesExhausted", Attempts: 3, Reason: "late", Payload: `{"num1":3,"num2":4}`}},
		{"sns-id", message{ID: "5d4c3b2a-0000-4000-8000-000000000003", Condition: undelivered, Payload: `{"num1":3,"num2":4}`}},
		{"sns-no-subscription", message{ID: "0a1b2c3d-0000-4000-8000-000000000002", Condition: unknown, Payload: "hello",
			Reason: "its UnsubscribeURL does not contain the SubscriptionArn"}},
		{"other", message{ID: "queue-id", Condition: unknown, Payload: `{"num1":3,"num2":4}`,
			Reason: "the body is neither a record of Lambda, a notification of SNS nor an event of a schedule"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := read(t, test.name+".json")
			test.want.MessageID, test.want.Sent = "queue-id", time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
			got := decode(types.Message{
				MessageId: aws.String("queue-id"), ReceiptHandle: aws.String("handle"), Body: aws.String(body),
				Attributes: map[string]string{"SentTimestamp": "1767323045678"},
			}, redrives)
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(message{})); diff != "" {
				t.Error(diff)
			}
			if test.want.Condition == unknown {
				if got.event != nil {
					t.Errorf("the event is %s", got.event)
				}
				return
			}
			if diff := cmp.Diff(read(t, test.name+".event.json"), string(got.event)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// redrives holds what could not be delivered.
var redrives = queue{Name: "numbers-handle-message-redrive"}

// TestDecodeBuffered decodes a notification that the function received from the buffer of
// its subscription.
func TestDecodeBuffered(t *testing.T) {
	got := decode(types.Message{MessageId: aws.String("queue-id"), Body: aws.String(read(t, "sns.json"))}, failures)
	want := message{ID: "0a1b2c3d-0000-4000-8000-000000000002", MessageID: "queue-id", Condition: "ReceivesExhausted", Payload: `{"num1":3,"num2":4} <&>`,
		Reason: "the function failed each time it received the message; its log states why"}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(message{})); diff != "" || string(got.event) != read(t, "sns.event.json") {
		t.Errorf("the event is %s; %s", got.event, diff)
	}
}

// TestDecodeSchedule decodes dead letters of a schedule, which hold the event in several
// forms.
func TestDecodeSchedule(t *testing.T) {
	attribute := func(s string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
	}
	const invoke, function = "arn:aws:scheduler:::aws-sdk:lambda:invoke", "arn:aws:lambda:us-east-1:000000000000:function:f"
	for _, test := range []struct{ target, body string }{
		{invoke, `{"FunctionName":"f","InvocationType":"Event","Payload":"{\"n\":1}"}`},
		{invoke, `{"FunctionName":"f","InvocationType":"Event","Payload":{"n":1}}`},
		{invoke, `{"n":1}`},
		{function, `{"n":1}`},
	} {
		got := decode(types.Message{MessageId: aws.String("queue-id"), Body: &test.body, MessageAttributes: map[string]types.MessageAttributeValue{
			"SCHEDULE_ARN": attribute("arn:aws:scheduler:us-east-1:000000000000:schedule/g/n"), "ERROR_CODE": attribute("AccessDeniedException"),
			"ERROR_MESSAGE": attribute("no"), "RETRY_ATTEMPTS": attribute("3"), "TARGET_ARN": attribute(test.target),
		}}, redrives)
		want := message{ID: "queue-id", MessageID: "queue-id", Condition: undelivered, Attempts: 4, Reason: "AccessDeniedException: no", Payload: `{"n":1}`}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(message{})); diff != "" || string(got.event) != want.Payload {
			t.Errorf("%s: the event is %s; %s", test.body, got.event, diff)
		}
	}
}

// read returns a JSON file in testdata without white space.
func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
