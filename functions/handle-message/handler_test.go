package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"tally/internal/ledger"
	"tally/internal/metrics"
	"tally/internal/sum"
)

const topicARN = "arn:aws:sns:us-east-1:123456789012:sums-1a2b3c4"

func TestHandle(t *testing.T) {
	for file, id := range map[string]string{
		"testdata/sns.event.json":     "0a1b2c3d-0000-4000-8000-000000000002",
		"testdata/sns-id.event.json":  "5d4c3b2a-0000-4000-8000-000000000003",
		"testdata/sqs.event.json":     "0a1b2c3d-0000-4000-8000-000000000002",
		"testdata/sqs-id.event.json":  "5d4c3b2a-0000-4000-8000-000000000003",
		"testdata/sqs-raw.event.json": "5d4c3b2a-0000-4000-8000-000000000003",
	} {
		t.Run(file, func(t *testing.T) { testHandle(t, file, id) })
	}
}

func testHandle(t *testing.T, file, id string) {
	event, err := os.ReadFile(file)
	if err != nil {
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
	response, err := h.handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	want := `null`
	if strings.Contains(file, "sqs") {
		want = `{"batchItemFailures":[]}`
	}
	if got, err := json.Marshal(response); err != nil || string(got) != want {
		t.Errorf("got the response %s, want %s", got, want)
	}

	if len(published) != 1 || *published[0].TopicArn != topicARN {
		t.Fatalf("published %v", published)
	}
	wantMessage := `{"id":"` + id + `","num1":9007199254740993,"num2":4,"sum":9007199254740997}`
	if got := *published[0].Message; got != wantMessage {
		t.Errorf("published %s, want %s", got, wantMessage)
	}
	wantAttributes := map[string]string{"id": id, "status": "done"}
	got := map[string]string{}
	for name, a := range published[0].MessageAttributes {
		got[name] = *a.StringValue
	}
	if diff := cmp.Diff(wantAttributes, got); diff != "" {
		t.Error(diff)
	}
	wantLog := `{"level":"INFO","message":"sum","messageId":"` + id + `","num1":9007199254740993,"num2":4,"sum":9007199254740997}` + "\n"
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
	h.finish = func(ctx context.Context, id string, n sum.Numbers) (ledger.Entry, error) {
		switch id {
		case "used":
			return ledger.Entry{}, ledger.ErrOtherNumbers
		case "unrecorded":
			return ledger.Entry{}, errors.New("update the sum in the table: AccessDeniedException")
		}
		return finish(ctx, id, n)
	}
	const good = `{"num1":1,"num2":2}`
	pairs := []string{"bad", "[]", "refused", `{"num1":1,"num2":1}`, "good", good, "empty", "{}", "used", good, "unrecorded", good}
	_, err := h.handle(t.Context(), snsEvent(t, pairs...))

	want := `message bad: the input must be one JSON object such as {"num1": 3, "num2": 4}, not an array
message refused: publish the sum: AuthorizationError: not allowed
message empty: num1: is missing; it must be an integer of at most 4300 digits, such as 3 or "3"
num2: is missing; it must be an integer of at most 4300 digits, such as 3 or "3"
message used: id used for other numbers
message unrecorded: update the sum in the table: AccessDeniedException`
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
	if diff := cmp.Diff(map[string]int{"computed": 1, "rejected ": 0, "rejected invalid input": 2, "rejected not published": 1, "rejected id used": 1, "rejected not recorded": 1}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`{"id":"good","num1":1,"num2":2,"sum":3}`}, published); diff != "" {
		t.Error(diff)
	}

	// The same messages from a queue.
	published = nil
	response, err := h.handle(t.Context(), sqsEvent(t, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	const wantFailures = `{"batchItemFailures":[{"itemIdentifier":"bad"},{"itemIdentifier":"refused"},{"itemIdentifier":"empty"},{"itemIdentifier":"used"},{"itemIdentifier":"unrecorded"}]}`
	if string(raw) != wantFailures || len(published) != 1 {
		t.Errorf("got %s, want %s; published %v", raw, wantFailures, published)
	}
}

// TestRepeated proves that a message that arrives again, after an attempt that recorded the
// sum and could not publish it, publishes what is recorded.
func TestRepeated(t *testing.T) {
	refusal := errors.New("Throttling")
	var published []string
	h := newTestHandler(io.Discard, func(in *sns.PublishInput) error {
		published = append(published, *in.Message)
		if len(published) == 1 {
			return refusal
		}
		return nil
	})
	recorded := 0
	h.finish = func(context.Context, string, sum.Numbers) (ledger.Entry, error) {
		recorded++
		return ledger.Entry{ID: "a", Status: ledger.Done, Num1: "3", Num2: "4", Sum: "7"}, nil
	}
	event := snsEvent(t, "a", `{"num1":3,"num2":4}`)
	if _, err := h.handle(t.Context(), event); !errors.Is(err, refusal) {
		t.Fatalf("got %v, want %v", err, refusal)
	}
	if _, err := h.handle(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	const want = `{"id":"a","num1":3,"num2":4,"sum":7}`
	if diff := cmp.Diff([]string{want, want}, published); diff != "" || recorded != 2 {
		t.Error(diff, recorded)
	}
}

// TestNotRecorded proves that a sum that could not be recorded is not published.
func TestNotRecorded(t *testing.T) {
	h := newTestHandler(io.Discard, func(*sns.PublishInput) error {
		t.Error("published")
		return nil
	})
	h.finish = func(context.Context, string, sum.Numbers) (ledger.Entry, error) {
		return ledger.Entry{}, ledger.ErrOtherNumbers
	}
	if _, err := h.handle(t.Context(), snsEvent(t, "a", `{"num1":3,"num2":4}`)); !errors.Is(err, ledger.ErrOtherNumbers) {
		t.Errorf("got %v", err)
	}
}

// TestUnknownEvents proves that an event of another source fails the invocation.
func TestUnknownEvents(t *testing.T) {
	h := newTestHandler(io.Discard, func(*sns.PublishInput) error { return nil })
	for event, want := range map[string]string{
		`{}`:                                     "has no Records",
		`{"Records":[]}`:                         "has no Records",
		`[]`:                                     "has no Records",
		`{"Records":[{"eventSource":"aws:s3"}]}`: `the event's source is "aws:s3"`,
		`{"Records":[{"EventSource":"aws:sns","Sns":"x"}]}`: "the event of SNS",
		`{"Records":[{"eventSource":"aws:sqs","body":{}}]}`: "the event of SQS",
	} {
		if got, err := h.handle(t.Context(), json.RawMessage(event)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %s", event, got, err, want)
		}
	}
}

func TestNewHandler(t *testing.T) {
	t.Setenv("SUMS_TOPIC_ARN", "")
	t.Setenv("SUMS_TABLE", "")
	if _, err := newHandler(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "SUMS_TOPIC_ARN") {
		t.Errorf("got %v, want an error that names SUMS_TOPIC_ARN", err)
	}
	t.Setenv("SUMS_TOPIC_ARN", topicARN)
	if _, err := newHandler(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "SUMS_TABLE") {
		t.Errorf("got %v, want an error that names SUMS_TABLE", err)
	}
	t.Setenv("SUMS_TABLE", "sums-1a2b3c4")
	h, err := newHandler(t.Context(), nil, nil)
	if err != nil || h.publish == nil || h.finish == nil || h.topicARN != topicARN {
		t.Errorf("got %v, %v", h, err)
	}
}

// newTestHandler returns a handler that logs without the time.
func newTestHandler(logs io.Writer, publish func(*sns.PublishInput) error) *handler {
	return &handler{
		topicARN: topicARN,
		finish:   finish,
		metrics:  metrics.New(io.Discard, "tally", "handle-message", "test"),
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

// finish returns the entry of the sum.
func finish(_ context.Context, id string, n sum.Numbers) (ledger.Entry, error) {
	return ledger.Entry{
		ID: id, Status: ledger.Done,
		Num1: json.Number(n.Num1.String()), Num2: json.Number(n.Num2.String()), Sum: json.Number(n.Sum().String()),
	}, nil
}

// snsEvent returns an event with one record for each pair of a message ID and a
// message.
func snsEvent(t *testing.T, pairs ...string) json.RawMessage {
	var event events.SNSEvent
	for pair := range slices.Chunk(pairs, 2) {
		event.Records = append(event.Records, events.SNSEventRecord{EventSource: "aws:sns", SNS: events.SNSEntity{MessageID: pair[0], Message: pair[1]}})
	}
	return encode(t, event)
}

// sqsEvent is like snsEvent, for raw messages in a queue.
func sqsEvent(t *testing.T, pairs ...string) json.RawMessage {
	var event events.SQSEvent
	for pair := range slices.Chunk(pairs, 2) {
		event.Records = append(event.Records, events.SQSMessage{EventSource: "aws:sqs", MessageId: pair[0], Body: pair[1]})
	}
	return encode(t, event)
}

func encode(t *testing.T, event any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
