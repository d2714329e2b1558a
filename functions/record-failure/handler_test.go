package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tally/internal/ledger"
	"tally/internal/metrics"
	"tally/internal/sum"
)

const (
	queueURL = "https://sqs.us-east-1.amazonaws.com/123456789012/handle-message-failures-1a2b3c4"
	own      = "0a1b2c3d-0000-4000-8000-000000000002" // the ID of the SNS message
	given    = "5d4c3b2a-0000-4000-8000-000000000003" // in its attribute
	invalid  = `num1: must be an integer of at most 4300 digits, such as 3 or "3", not "three"`
)

// TestGolden proves what complete events record, and that they are sent on unchanged.
func TestGolden(t *testing.T) {
	for name, want := range map[string]string{
		"lambda-invalid": own + " - " + invalid,
		"lambda-valid":   given + " 3+4 could not be processed; request ID 11111111-2222-4333-8444-555555555555",
		"lambda-expired": given + " 3+4 could not be processed; request ID 11111111-2222-4333-8444-555555555555",
		"buffer":         own + " 3+4 received 5 times without success",
		"buffer-raw":     given + " - " + strings.NewReplacer("num1", "num2", "three", "x").Replace(invalid),
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/" + name + ".event.json")
			if err != nil {
				t.Fatal(err)
			}
			var event events.SQSEvent
			if err := json.Unmarshal(raw, &event); err != nil {
				t.Fatal(err)
			}
			h, f := newTestHandler()
			check(t, h, event, `{"batchItemFailures":[]}`)
			if diff := cmp.Diff([]string{want}, f.recorded); diff != "" {
				t.Error(diff)
			}
			record := event.Records[0]
			want := sqs.SendMessageInput{QueueUrl: &h.queueURL, MessageBody: &record.Body}
			for name, a := range record.MessageAttributes {
				if want.MessageAttributes == nil {
					want.MessageAttributes = map[string]types.MessageAttributeValue{}
				}
				want.MessageAttributes[name] = types.MessageAttributeValue{DataType: &a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
			}
			if diff := cmp.Diff([]sqs.SendMessageInput{want}, f.sent, ignoreUnexported); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var ignoreUnexported = cmpopts.IgnoreUnexported(sqs.SendMessageInput{}, types.MessageAttributeValue{})

// TestAttributes proves that attributes of every type are sent on.
func TestAttributes(t *testing.T) {
	h, f := newTestHandler()
	text := "5"
	check(t, h, events.SQSEvent{Records: []events.SQSMessage{{MessageId: own, Body: "{}", MessageAttributes: map[string]events.SQSMessageAttribute{
		"count": {DataType: "Number.int", StringValue: &text}, "token": {DataType: "Binary", BinaryValue: []byte{0, 1}},
	}}}}, `{"batchItemFailures":[]}`)
	if a := f.sent[0].MessageAttributes; len(a) != 2 || *a["count"].DataType != "Number.int" || *a["count"].StringValue != "5" || string(a["token"].BinaryValue) != "\x00\x01" {
		t.Errorf("sent %v", a)
	}
}

// TestSeveral proves that a message that cannot be recorded or sent on is reported, and
// that the others are not affected.
func TestSeveral(t *testing.T) {
	h, f := newTestHandler()
	var event events.SQSEvent
	add := func(id, body string) {
		event.Records = append(event.Records, events.SQSMessage{MessageId: id, Body: body})
	}
	add("good", `{"num1":3,"num2":4}`)
	add("unrecorded", `{"num1":3,"num2":4}`)
	add("unsent", `"unsent"`)
	add("other", `{"requestContext":{"condition":"RetriesExhausted"},"requestPayload":{"num1":3}}`)
	add("nothing", `{"requestContext":{"condition":"RetriesExhausted"}}`)
	add("s3", `{"requestContext":{"condition":"RetriesExhausted"},"requestPayload":{"Records":[{"eventSource":"aws:s3"}]}}`)
	add("done", `{"num1":3,"num2":4}`)
	add("used", `{"num1":3,"num2":4}`)
	check(t, h, event, `{"batchItemFailures":[{"itemIdentifier":"unrecorded"},{"itemIdentifier":"unsent"},{"itemIdentifier":"other"},{"itemIdentifier":"nothing"},{"itemIdentifier":"s3"}]}`)
	want := []string{"good 3+4 could not be processed", `unsent - the input must be one JSON object such as {"num1": 3, "num2": 4}, not "unsent"`}
	if diff := cmp.Diff(want, f.recorded); diff != "" {
		t.Error(diff)
	}
	// The sums that are done, or of others, are sent on: their messages failed all the same.
	if len(f.sent) != 3 {
		t.Errorf("sent %v", f.sent)
	}
}

// TestReason proves that a reason has at most 500 characters in one line.
func TestReason(t *testing.T) {
	h, f := newTestHandler()
	body := `{` + strings.Repeat(`"é":0,`, 20) + `"num1":3,"num2":4}`
	check(t, h, events.SQSEvent{Records: []events.SQSMessage{{MessageId: own, Body: body}}}, `{"batchItemFailures":[]}`)
	_, reason, _ := strings.Cut(f.recorded[0], " - ")
	const start = "é: is unknown; the fields are num1 and num2, in lowercase; é: is unknown"
	if n := len([]rune(reason)); n != maxReason || !strings.HasPrefix(reason, start) || !strings.HasSuffix(reason, "…") {
		t.Errorf("got %d characters: %s", n, reason)
	}
}

// TestReceived proves that the count of receives does not include that of this function.
func TestReceived(t *testing.T) {
	for count, want := range map[string]string{
		"":  "could not be processed",
		"1": "could not be processed",
		"2": "received 1 times without success",
		"6": "received 5 times without success",
	} {
		if got := received(events.SQSMessage{Attributes: map[string]string{"ApproximateReceiveCount": count}}); got != want {
			t.Errorf("%q: got %q, want %q", count, got, want)
		}
	}
}

// TestCounts proves that every outcome is counted.
func TestCounts(t *testing.T) {
	for id, want := range map[string]string{"good": `{"FailuresRecorded":1,`, "unrecorded": `{"FailuresNotRecorded":1,`, "done": ""} {
		var out strings.Builder
		h, _ := newTestHandler()
		h.metrics = metrics.New(&out, "tally", "record-failure", "test")
		if _, err := h.handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: id, Body: `{"num1":3,"num2":4}`}}}); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: counted %s, want %s", id, got, want)
		}
	}
}

func TestNewHandler(t *testing.T) {
	t.Setenv("FAILURES_QUEUE_URL", "")
	t.Setenv("SUMS_TABLE", "")
	if _, err := newHandler(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "FAILURES_QUEUE_URL") {
		t.Errorf("got %v, want an error that names FAILURES_QUEUE_URL", err)
	}
	t.Setenv("FAILURES_QUEUE_URL", queueURL)
	if _, err := newHandler(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "SUMS_TABLE") {
		t.Errorf("got %v, want an error that names SUMS_TABLE", err)
	}
	t.Setenv("SUMS_TABLE", "sums-1a2b3c4")
	if h, err := newHandler(t.Context(), nil, nil); err != nil || h.send == nil || h.fail == nil || h.queueURL != queueURL {
		t.Errorf("got %v, %v", h, err)
	}
}

// fake records what the handler does.
type fake struct {
	recorded []string // "ID num1+num2 reason", with - for no numbers
	sent     []sqs.SendMessageInput
}

func (f *fake) fail(_ context.Context, id string, n sum.Numbers, reason string) (ledger.Entry, error) {
	switch id {
	case "unrecorded":
		return ledger.Entry{}, errors.New("update the sum in the table: AccessDeniedException")
	case "used":
		return ledger.Entry{}, ledger.ErrOtherNumbers
	case "done":
		return ledger.Entry{ID: id, Status: ledger.Done}, nil
	}
	numbers := "-"
	if n.Num1 != nil {
		numbers = n.Num1.String() + "+" + n.Num2.String()
	}
	f.recorded = append(f.recorded, id+" "+numbers+" "+reason)
	return ledger.Entry{ID: id, Status: ledger.Failed}, nil
}

func (f *fake) send(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	if *in.MessageBody == `"unsent"` {
		return nil, errors.New("OverLimit")
	}
	f.sent = append(f.sent, *in)
	return &sqs.SendMessageOutput{}, nil
}

// newTestHandler returns a handler that discards its lines and counts.
func newTestHandler() (*handler, *fake) {
	f := &fake{}
	return &handler{queueURL, f.fail, f.send, slog.New(slog.DiscardHandler), metrics.New(io.Discard, "tally", "record-failure", "test")}, f
}

// check compares the response to an event, in JSON.
func check(t *testing.T, h *handler, event events.SQSEvent, want string) {
	t.Helper()
	response, err := h.handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(response); err != nil || string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
