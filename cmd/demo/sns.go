package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// logTimeout is how long to wait for a log line. CloudWatch delivers lines with
// a delay.
const logTimeout = 2 * time.Minute

// publish publishes the numbers and returns the log line with their sum.
func publish(ctx context.Context, cfg aws.Config, out outputs) (string, error) {
	before := time.Now().Add(-time.Minute) // this machine's clock may be fast
	sent, err := sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: &out.NumbersTopicARN, Message: aws.String(numbers)})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	line, err := logLine(ctx, cloudwatchlogs.NewFromConfig(cfg), out.HandleMessageLogGroup, *sent.MessageId, before)
	if errors.Is(err, context.DeadlineExceeded) {
		return "", fmt.Errorf("no sum of 7 for message %s in log group %s within %v", *sent.MessageId, out.HandleMessageLogGroup, logTimeout)
	}
	return line, err
}

// logLine polls the log group until it contains the sum for a message, logged after
// a time, and returns that line. CloudWatch Logs has no operation that waits for an
// event by pattern.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func logLine(ctx context.Context, client *cloudwatchlogs.Client, group, messageID string, after time.Time) (string, error) {
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName:  &group,
			FilterPattern: aws.String(`"` + messageID + `"`),
			StartTime:     aws.Int64(after.UnixMilli()),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", err
			}
			for _, e := range page.Events {
				if isSeven([]byte(*e.Message)) {
					return strings.TrimSpace(*e.Message), nil
				}
			}
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}
