package localcloudtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"tally/localcloud/control"
)

// maxWait bounds every wait, so that a test ends before its process is killed.
const maxWait = time.Minute

// WaitForLog waits until the function's log has a line that contains every one
// of the words, and returns the line with its time and function:
// "15:04:05.000 greet hello". Lines from before the call count, too. The function's name
// may omit the suffix that Pulumi appended to it.
//
// It fails the test, and prints the lines that it read, if no such line is written
// before ctx ends or within a minute.
func (c *Cloud) WaitForLog(ctx context.Context, function string, words ...string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	line, err := findLine(control.Logs(ctx, c.config, control.LogQuery{Function: function, Follow: true}), words)
	if err != nil {
		c.t.Fatalf("%s logged no line with %q: %v", function, words, err)
	}
	return line
}

// findLine returns the line of the first event that contains every one of the words.
func findLine(events iter.Seq2[control.LogEvent, error], words []string) (string, error) {
	var seen []string
	var failed error
	for e, err := range events {
		if failed = err; err != nil {
			break
		}
		line := e.String()
		if containsAll(line, words) {
			return line, nil
		}
		seen = append(seen, line)
	}
	return "", errors.Join(failed, fmt.Errorf("the lines were:\n%s", strings.Join(seen, "\n")))
}

func containsAll(line string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(line, word) {
			return false
		}
	}
	return true
}

// WaitForMessage waits for a message of the queue that match accepts, and
// returns it. A nil match accepts every message. All messages stay in the queue
// and can be received again at once, but each call counts as one receive of those
// that it inspects: a redrive policy with a small maxReceiveCount moves them to the
// dead-letter queue.
//
// It fails the test, and prints the bodies that it received, if no such message
// arrives before ctx ends or within a minute.
func (c *Cloud) WaitForMessage(ctx context.Context, queueURL string, match func(types.Message) bool) types.Message {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	m, err := waitForMessage(ctx, sqs.NewFromConfig(c.AWSConfig()), queueURL, match)
	if err != nil {
		c.t.Fatalf("no such message in %s: %v", queueURL, err)
	}
	return m
}

func waitForMessage(ctx context.Context, client *sqs.Client, queueURL string, match func(types.Message) bool) (types.Message, error) {
	var seen []types.Message
	defer func() { restore(ctx, client, queueURL, seen) }()
	for {
		received, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &queueURL, MaxNumberOfMessages: 1, WaitTimeSeconds: 20, VisibilityTimeout: int32(2 * maxWait.Seconds()),
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			return types.Message{}, fmt.Errorf("%w; the messages were %q", err, bodies(seen))
		}
		for _, m := range received.Messages {
			seen = append(seen, m)
			if match == nil || match(m) {
				return m, nil
			}
		}
	}
}

// restore makes received messages visible again.
func restore(ctx context.Context, client *sqs.Client, queueURL string, messages []types.Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, m := range messages {
		// An error means that the queue is gone, or that its redrive policy moved
		// the message.
		_, _ = client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &queueURL, ReceiptHandle: m.ReceiptHandle})
	}
}

func bodies(messages []types.Message) []string {
	all := make([]string, len(messages))
	for i, m := range messages {
		all[i] = *m.Body
	}
	return all
}
