package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// TestHandle proves that each sum is stored once, with all digits, although one is in two
// messages, and that the response lists the messages that failed and no others.
func TestHandle(t *testing.T) {
	raw, err := os.ReadFile("testdata/sqs.event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.SQSEvent
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	stored := map[string]string{}
	var logs bytes.Buffer
	h := &handler{"archive-1a2b3c4", put(stored), slog.New(slog.NewTextHandler(&logs, nil))}
	response, err := h.handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier[len(f.ItemIdentifier)-1:])
	}
	if diff := cmp.Diff([]string{"2", "3", "4"}, failed); diff != "" {
		t.Errorf("failed messages: %s", diff)
	}
	if diff := cmp.Diff(map[string]string{"a": "9007199254740993 + 4 = 9007199254740997", "b": "3 + 4 = 7"}, stored); diff != "" {
		t.Errorf("stored sums: %s", diff)
	}
	for line, want := range map[string]int{`msg="sum archived" id=a`: 1, "already": 1, "invalid character": 1, "needs id": 1, "Throttling": 1} {
		if got := strings.Count(logs.String(), line); got != want {
			t.Errorf("%d lines with %q, want %d:\n%s", got, line, want, &logs)
		}
	}
}

func TestNewHandler(t *testing.T) {
	t.Setenv("ARCHIVE_TABLE", "")
	if _, err := newHandler(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "ARCHIVE_TABLE") {
		t.Errorf("got %v, want an error that names ARCHIVE_TABLE", err)
	}
	t.Setenv("ARCHIVE_TABLE", "archive-1a2b3c4")
	if h, err := newHandler(t.Context(), nil); err != nil || h.table != "archive-1a2b3c4" || h.put == nil {
		t.Errorf("got %v, %v", h, err)
	}
}

// put returns a table that stores items in a map by ID, as DynamoDB does with the
// condition that they are new. It refuses one ID.
func put(stored map[string]string) func(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return func(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
		text := func(name string) string { return in.Item[name].(*types.AttributeValueMemberS).Value }
		id := text("id")
		switch {
		case *in.TableName != "archive-1a2b3c4":
			panic("the table " + *in.TableName)
		case id == "refused":
			return nil, errors.New("ThrottlingException")
		case stored[id] != "" && in.ConditionExpression != nil && *in.ConditionExpression == "attribute_not_exists(id)":
			return nil, &types.ConditionalCheckFailedException{}
		}
		stored[id] += text("num1") + " + " + text("num2") + " = " + text("sum")
		return &dynamodb.PutItemOutput{}, nil
	}
}
