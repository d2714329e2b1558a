package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// handler stores sums in a table.
type handler struct {
	table string
	put   func(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	log   *slog.Logger
}

// newHandler returns a handler for the table that the environment variable ARCHIVE_TABLE
// names. It fails if the variable is missing.
func newHandler(ctx context.Context, log *slog.Logger) (*handler, error) {
	table := os.Getenv("ARCHIVE_TABLE")
	if table == "" {
		return nil, errors.New("the environment variable ARCHIVE_TABLE is not set: it must hold the name of the table")
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	return &handler{table, dynamodb.NewFromConfig(cfg).PutItem, log}, nil
}

// result is a message of the queue. Its numbers have any number of digits.
type result struct {
	ID   string      `json:"id"`
	Num1 json.Number `json:"num1"`
	Num2 json.Number `json:"num2"`
	Sum  json.Number `json:"sum"`
}

// handle stores the sum of each message, and returns the IDs of the messages that failed.
// They become visible in the queue again, while Lambda deletes the others.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
func (h *handler) handle(ctx context.Context, event events.SQSEvent) (failed events.SQSEventResponse, err error) {
	for _, m := range event.Records {
		if err := h.archive(ctx, m.Body); err != nil {
			h.log.ErrorContext(ctx, "message failed", "messageId", m.MessageId, "error", err)
			failed.BatchItemFailures = append(failed.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return failed, nil
}

// archive stores the sum in a message, unless the table has it already: SNS and SQS may
// deliver a message more than once, and tally may publish a sum more than once. Only the
// sum's own ID is then the same, not the ID of the message in the queue.
func (h *handler) archive(ctx context.Context, body string) error {
	var r result
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		return err
	}
	if r.ID == "" || r.Num1 == "" || r.Num2 == "" || r.Sum == "" {
		return errors.New("the message needs id, num1, num2 and sum")
	}
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	_, err := h.put(ctx, &dynamodb.PutItemInput{
		TableName: &h.table,
		// Text, because DynamoDB's numbers have at most 38 digits.
		Item: map[string]types.AttributeValue{
			"id": text(r.ID), "num1": text(r.Num1.String()), "num2": text(r.Num2.String()), "sum": text(r.Sum.String()),
		},
		ConditionExpression: aws.String("attribute_not_exists(id)"),
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		h.log.InfoContext(ctx, "sum is in the archive already", "id", r.ID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("store the sum: %w", err)
	}
	h.log.InfoContext(ctx, "sum archived", "id", r.ID, "sum", r.Sum)
	return nil
}
