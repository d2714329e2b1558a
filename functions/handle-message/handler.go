package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"tally/internal/metrics"
	"tally/internal/sum"
	"tally/internal/tracing"
)

// handler adds the numbers of each message and publishes the sum.
type handler struct {
	topicARN string // of the topic to publish sums to
	publish  func(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
	log      *slog.Logger
	metrics  *metrics.Metrics
}

// newHandler returns a handler that publishes to topicARN. It fails if topicARN
// is empty, so that a misconfigured function fails when it starts rather than at
// its first message.
func newHandler(ctx context.Context, topicARN string, log *slog.Logger, counts *metrics.Metrics) (*handler, error) {
	if topicARN == "" {
		return nil, errors.New("the environment variable SUMS_TOPIC_ARN is not set: it must hold the ARN of the topic to publish sums to")
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	tracing.Add(&cfg)
	return &handler{topicARN, sns.NewFromConfig(cfg).Publish, log, counts}, nil
}

// result is the message published to the topic.
type result struct {
	ID string `json:"id"` // of the message that contained the numbers
	sum.Numbers
	Sum *big.Int `json:"sum"`
}

// handle processes each record independently of the others. If any record fails,
// the invocation fails, and Lambda retries the whole event; when retries are
// exhausted, Lambda sends the event to the function's on-failure destination or
// dead-letter queue, if it has one. A sum is therefore published at least once,
// always with the same ID.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (h *handler) handle(ctx context.Context, event events.SNSEvent) error {
	var errs []error
	for _, record := range event.Records {
		if err := h.handleMessage(ctx, record.SNS); err != nil {
			// aws-lambda-go logs only the joined error, whose text cannot be
			// filtered by message.
			h.log.ErrorContext(ctx, "message failed", "messageId", record.SNS.MessageID, "error", err)
			h.metrics.Count("MessagesRejected", "reason", reason(err))
			errs = append(errs, fmt.Errorf("message %s: %w", record.SNS.MessageID, err))
		}
	}
	return errors.Join(errs...)
}

// handleMessage adds the numbers in one message, logs the sum and publishes it.
func (h *handler) handleMessage(ctx context.Context, message events.SNSEntity) error {
	n, err := sum.Parse([]byte(message.Message))
	if err != nil {
		return err
	}
	r := result{message.MessageID, n, n.Sum()}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	h.log.InfoContext(ctx, "sum", "messageId", r.ID, "num1", r.Num1, "num2", r.Num2, "sum", r.Sum)
	_, err = h.publish(ctx, &sns.PublishInput{TopicArn: &h.topicARN, Message: aws.String(string(body))})
	if err != nil {
		return fmt.Errorf("publish the sum: %w", err)
	}
	h.metrics.Count("SumsComputed")
	return nil
}

// reason returns the value of the metric dimension "reason" for an error
// returned by handleMessage. It has few values because each becomes a metric of
// its own. Every failed attempt is counted, so a message that Lambda retries
// may be counted several times.
func reason(err error) string {
	if _, ok := errors.AsType[sum.InputErrors](err); ok {
		return "invalid input"
	}
	return "not published"
}
