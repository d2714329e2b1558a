package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"tally/internal/metrics"
)

const topicARN = "arn:aws:sns:us-east-1:123456789012:sums-1a2b3c4"

func TestHandle(t *testing.T) {
	raw, err := os.ReadFile("testdata/sns.event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.SNSEvent
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	var logs bytes.Buffer
	var published []sns.PublishInput
	var counts bytes.Buffer
	h := newTestHandler(&logs, func(in *sns.PublishInput) error {
		published = append(published, *in)
		return nil
	})
	h.metrics = metrics.New(&counts, "tally", "handle-message", "test")
	if err := h.handle(t.Context(), event); err != nil {
		t.Fatal(err)
	}

	if len(published) != 1 || *published[0].TopicArn != topicARN {
		t.Fatalf("published %v", published)
	}
	const wantMessage = `{"id":"0a1b2c3d-0000-4000-8000-000000000002","num1":9007199254740993,"num2":4,"sum":9007199254740997}`
	if got := *published[0].Message; got != wantMessage {
		t.Errorf("published %s, want %s", got, wantMessage)
	}
	const wantLog = `{"level":"INFO","message":"sum","messageId":"0a1b2c3d-0000-4000-8000-000000000002","num1":9007199254740993,"num2":4,"sum":9007199254740997}` + "\n"
	if got := logs.String(); got != wantLog {
		t.Errorf("logged %s, want %s", got, wantLog)
	}
	if got := counts.String(); !strings.HasPrefix(got, `{"SumsComputed":1,`) || strings.Count(got, "\n") != 1 {
		t.Errorf("counted %s", got)
	}
}

// TestHandleSeveral proves that a failing message does not prevent the others
// from being handled, and that the error reports every failure.
func TestHandleSeveral(t *testing.T) {
	var published []string
	var logs bytes.Buffer
	h := newTestHandler(&logs, func(in *sns.PublishInput) error {
		if strings.Contains(*in.Message, `"refused"`) {
			return errors.New("AuthorizationError: not allowed")
		}
		published = append(published, *in.Message)
		return nil
	})
	var counts bytes.Buffer
	h.metrics = metrics.New(&counts, "tally", "handle-message", "test")
	err := h.handle(t.Context(), snsEvent("bad", "[]", "refused", `{"num1":1,"num2":1}`, "good", `{"num1":1,"num2":2}`, "empty", "{}"))

	want := `message bad: the input must be one JSON object such as {"num1": 3, "num2": 4}, not an array
message refused: publish the sum: AuthorizationError: not allowed
message empty: num1: is missing; it must be an integer of at most 4300 digits, such as 3 or "3"
num2: is missing; it must be an integer of at most 4300 digits, such as 3 or "3"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	const wantLog = `{"level":"ERROR","message":"message failed","messageId":"bad","error":"the input must be one JSON object such as {\"num1\": 3, \"num2\": 4}, not an array"}`
	if !strings.HasPrefix(logs.String(), wantLog+"\n") {
		t.Errorf("logged %s, want the first line %s", &logs, wantLog)
	}
	got := map[string]int{}
	for line := range strings.Lines(counts.String()) {
		var count struct {
			SumsComputed, MessagesRejected int
			Reason                         string
		}
		if err := json.Unmarshal([]byte(line), &count); err != nil {
			t.Fatal(err)
		}
		got["computed"] += count.SumsComputed
		got["rejected "+count.Reason] += count.MessagesRejected
	}
	if diff := cmp.Diff(map[string]int{"computed": 1, "rejected ": 0, "rejected invalid input": 2, "rejected not published": 1}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`{"id":"good","num1":1,"num2":2,"sum":3}`}, published); diff != "" {
		t.Error(diff)
	}
}

func TestNewHandler(t *testing.T) {
	if _, err := newHandler(t.Context(), "", nil, nil); err == nil || !strings.Contains(err.Error(), "SUMS_TOPIC_ARN") {
		t.Errorf("got %v, want an error that names SUMS_TOPIC_ARN", err)
	}
	h, err := newHandler(t.Context(), topicARN, nil, nil)
	if err != nil || h.publish == nil || h.topicARN != topicARN {
		t.Errorf("got %v, %v", h, err)
	}
}

// newTestHandler returns a handler that logs without the time.
func newTestHandler(logs io.Writer, publish func(*sns.PublishInput) error) *handler {
	return &handler{
		topicARN: topicARN,
		publish: func(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
			return &sns.PublishOutput{}, publish(in)
		},
		log: slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return lambdacontext.ReplaceAttr(groups, a)
		}})),
	}
}

// snsEvent returns an event with one record for each pair of a message ID and a
// message.
func snsEvent(pairs ...string) events.SNSEvent {
	var event events.SNSEvent
	for i := 0; i < len(pairs); i += 2 {
		event.Records = append(event.Records, events.SNSEventRecord{SNS: events.SNSEntity{MessageID: pairs[i], Message: pairs[i+1]}})
	}
	return event
}
