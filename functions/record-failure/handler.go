package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"tally/internal/ledger"
	"tally/internal/message"
	"tally/internal/metrics"
	"tally/internal/sum"
	"tally/internal/tracing"
)

// handler records failures and sends the messages on.
type handler struct {
	queueURL string // of the queue to send the messages to
	fail     func(ctx context.Context, id string, n sum.Numbers, reason string) (ledger.Entry, error)
	send     func(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	log      *slog.Logger
	metrics  *metrics.Metrics
}

// newHandler returns a handler for the table and the queue that the environment variables
// SUMS_TABLE and FAILURES_QUEUE_URL name. It fails if one is missing.
func newHandler(ctx context.Context, log *slog.Logger, counts *metrics.Metrics) (*handler, error) {
	queueURL := os.Getenv("FAILURES_QUEUE_URL")
	if queueURL == "" {
		return nil, errors.New("the environment variable FAILURES_QUEUE_URL is not set: it must hold the URL of the queue to send failed messages to")
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	tracing.Add(&cfg)
	table, err := ledger.FromEnv(cfg)
	if err != nil {
		return nil, err
	}
	return &handler{queueURL, table.Fail, sqs.NewFromConfig(cfg).SendMessage, log, counts}, nil
}

// handle processes the messages of an event of SQS, each independently of the others, and
// returns the IDs of those that failed. SQS makes them visible again, and finally moves them
// to the queue to which this function sends the others. So none is lost, but a message may
// be sent on twice.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
func (h *handler) handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	failed := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, record := range event.Records {
		if err := h.handleRecord(ctx, record); err != nil {
			h.log.ErrorContext(ctx, "failure not recorded", "queueMessageId", record.MessageId, "error", err)
			h.metrics.Count("FailuresNotRecorded")
			failed.BatchItemFailures = append(failed.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return failed, nil
}

// handleRecord records what failed and then sends the message on.
func (h *handler) handleRecord(ctx context.Context, record events.SQSMessage) error {
	f, err := decode(record)
	if err != nil {
		return err
	}
	for _, m := range f.messages {
		if err := h.record(ctx, f, m); err != nil {
			return fmt.Errorf("message %s: %w", m.ID, err)
		}
	}
	return h.forward(ctx, record)
}

// record records that a message failed. It does not change the entry of a sum that is done
// or that belongs to another message.
func (h *handler) record(ctx context.Context, f failure, m message.Message) error {
	n, reason := f.reason(m)
	entry, err := h.fail(ctx, m.ID, n, reason)
	switch {
	case errors.Is(err, ledger.ErrOtherNumbers):
		h.log.WarnContext(ctx, "failed message has the ID of another sum", "messageId", m.ID, "reason", reason)
	case err != nil:
		return err
	case entry.Status == ledger.Done:
		h.log.WarnContext(ctx, "failed message whose sum is done", "messageId", m.ID, "reason", reason)
	default:
		h.log.InfoContext(ctx, "failure recorded", "messageId", m.ID, "reason", reason)
		h.metrics.Count("FailuresRecorded")
	}
	return nil
}

// forward sends a message on with the same body and message attributes.
func (h *handler) forward(ctx context.Context, record events.SQSMessage) error {
	var attributes map[string]types.MessageAttributeValue
	for name, a := range record.MessageAttributes {
		if attributes == nil {
			attributes = map[string]types.MessageAttributeValue{}
		}
		attributes[name] = types.MessageAttributeValue{DataType: aws.String(a.DataType), StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	_, err := h.send(ctx, &sqs.SendMessageInput{QueueUrl: &h.queueURL, MessageBody: aws.String(record.Body), MessageAttributes: attributes})
	if err != nil {
		return fmt.Errorf("send the message on: %w", err)
	}
	return nil
}
