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
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"tally/internal/ledger"
	"tally/internal/message"
	"tally/internal/metrics"
	"tally/internal/sum"
	"tally/internal/tracing"
)

// handler adds the numbers of each message, records the sum and publishes it.
type handler struct {
	topicARN string // of the topic to publish sums to
	finish   func(ctx context.Context, id string, n sum.Numbers) (ledger.Entry, error)
	publish  func(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
	log      *slog.Logger
	metrics  *metrics.Metrics
}

// newHandler returns a handler for the table and the topic that the environment variables
// SUMS_TABLE and SUMS_TOPIC_ARN name. It fails if one is missing, so that a misconfigured
// function fails when it starts rather than at its first message.
func newHandler(ctx context.Context, log *slog.Logger, counts *metrics.Metrics) (*handler, error) {
	topicARN := os.Getenv("SUMS_TOPIC_ARN")
	if topicARN == "" {
		return nil, errors.New("the environment variable SUMS_TOPIC_ARN is not set: it must hold the ARN of the topic to publish sums to")
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
	return &handler{topicARN, table.Finish, sns.NewFromConfig(cfg).Publish, log, counts}, nil
}

// result is the message published to the topic.
type result struct {
	ID   string      `json:"id"` // of the message that contained the numbers
	Num1 json.Number `json:"num1"`
	Num2 json.Number `json:"num2"`
	Sum  json.Number `json:"sum"`
}

// handle processes an event of SNS, or an event of SQS whose messages are from SNS. It
// processes each message independently of the others.
//
// If a message of SNS fails, the invocation fails, and Lambda retries the whole event; when
// retries are exhausted, Lambda sends the event to the function's on-failure destination
// or dead-letter queue, if it has one. For SQS, the response lists the messages that
// failed; SQS makes them visible again, and finally moves them to the dead-letter queue.
//
// A sum is recorded once and published at least once, always with the same ID.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
func (h *handler) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var of struct {
		Records []struct{ EventSource string } // SQS writes eventSource
	}
	if err := json.Unmarshal(event, &of); err != nil || len(of.Records) == 0 {
		return nil, errors.New("the event has no Records: it must be one of SNS or SQS")
	}
	switch source := of.Records[0].EventSource; source {
	case "aws:sns":
		var e events.SNSEvent
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, fmt.Errorf("the event of SNS: %w", err)
		}
		return nil, h.handleSNS(ctx, e)
	case "aws:sqs":
		var e events.SQSEvent
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, fmt.Errorf("the event of SQS: %w", err)
		}
		return h.handleSQS(ctx, e), nil
	default:
		return nil, fmt.Errorf("the event's source is %q: it must be aws:sns or aws:sqs", source)
	}
}

// handleSNS returns the errors of all messages that failed.
func (h *handler) handleSNS(ctx context.Context, event events.SNSEvent) error {
	var errs []error
	for _, record := range event.Records {
		m := message.FromSNS(record.SNS)
		if err := h.handleMessage(ctx, m); err != nil {
			errs = append(errs, fmt.Errorf("message %s: %w", m.ID, err))
		}
	}
	return errors.Join(errs...)
}

// handleSQS returns the IDs, in the queue, of all messages that failed.
func (h *handler) handleSQS(ctx context.Context, event events.SQSEvent) (failed events.SQSEventResponse) {
	failed.BatchItemFailures = []events.SQSBatchItemFailure{}
	for _, record := range event.Records {
		if err := h.handleMessage(ctx, message.FromSQS(record)); err != nil {
			failed.BatchItemFailures = append(failed.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return failed
}

// handleMessage adds the numbers in one message, and logs and counts its failure.
func (h *handler) handleMessage(ctx context.Context, m message.Message) error {
	reason, err := h.add(ctx, m)
	if err != nil {
		// aws-lambda-go logs only the joined error of an event of SNS, whose text cannot
		// be filtered by message, and none of SQS.
		h.log.ErrorContext(ctx, "message failed", "messageId", m.ID, "error", err)
		h.metrics.Count("MessagesRejected", "reason", reason)
		return err
	}
	h.metrics.Count("SumsComputed")
	return nil
}

// add adds the numbers in one message, records the sum and publishes it. reason is the
// value of the metric dimension "reason" for an error. It has few values because each
// becomes a metric of its own. Every failed attempt is counted, so a message that is
// retried may be counted several times.
func (h *handler) add(ctx context.Context, m message.Message) (reason string, err error) {
	n, err := sum.Parse([]byte(m.Text))
	if err != nil {
		return "invalid input", err
	}
	entry, err := h.finish(ctx, m.ID, n)
	if errors.Is(err, ledger.ErrOtherNumbers) {
		return "id used", err
	}
	if err != nil {
		return "not recorded", err
	}
	h.log.InfoContext(ctx, "sum", "messageId", entry.ID, "num1", entry.Num1, "num2", entry.Num2, "sum", entry.Sum)
	// A message that arrives again is published again, because the earlier attempt may
	// have ended before it published.
	if err := h.send(ctx, entry); err != nil {
		return "not published", fmt.Errorf("publish the sum: %w", err)
	}
	return "", nil
}

// send publishes the sum.
func (h *handler) send(ctx context.Context, e ledger.Entry) error {
	body, err := json.Marshal(result{e.ID, e.Num1, e.Num2, e.Sum})
	if err != nil {
		return err
	}
	attribute := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	_, err = h.publish(ctx, &sns.PublishInput{
		TopicArn: &h.topicARN, Message: aws.String(string(body)),
		MessageAttributes: map[string]types.MessageAttributeValue{"id": attribute(e.ID), "status": attribute(string(e.Status))},
	})
	return err
}
