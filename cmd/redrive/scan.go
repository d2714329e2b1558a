package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// scan receives all messages of the queue, and yields each once. The hold keeps them
// hidden, so that each request returns others. The last value is an error if a request
// fails or ctx ends.
func scan(ctx context.Context, cloud cloud, q queue, h *hold) iter.Seq2[message, error] {
	return func(yield func(message, error) bool) {
		seen := map[string]bool{}
		// A message is received again if it could not be kept hidden, and SQS
		// may deliver a message twice.
		for repeats := 0; repeats < 3; repeats++ {
			out, err := cloud.receive(ctx, &sqs.ReceiveMessageInput{
				QueueUrl: &q.URL, MaxNumberOfMessages: batch, VisibilityTimeout: int32(visibility.Seconds()),
				// Without waiting, SQS would ask only some of its servers:
				// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
				WaitTimeSeconds:             1,
				MessageSystemAttributeNames: systemAttributes,
				MessageAttributeNames:       schedulerAttributes,
			})
			if err != nil {
				yield(message{}, fmt.Errorf("%s: receive messages: %w", q.Name, explain(err)))
				return
			}
			if len(out.Messages) == 0 {
				return
			}
			received := make([]message, len(out.Messages))
			for i, m := range out.Messages {
				received[i] = decode(m, q)
				h.add(received[i])
			}
			for _, m := range received {
				if seen[m.MessageID] {
					continue
				}
				seen[m.MessageID], repeats = true, -1
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}
