package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queueKind is what leads to messages in a queue that should be empty.
type queueKind string

const (
	redriveQueue    queueKind = "redrive"     // SNS could not deliver a message of a subscription
	failureQueue    queueKind = "failures"    // Lambda gave up on an event of a function
	deadLetterQueue queueKind = "dead letter" // a message of another queue was received too often
)

// queue is a queue that an alarm watches.
type queue struct {
	url, arn     string
	kind         queueKind // "" for another one
	function     string    // whose failures are in a failureQueue
	source       string    // the URL of the queue whose messages move to a deadLetterQueue
	subscription string    // the ARN of the one whose messages are in a redriveQueue
}

// findQueues finds the queues that alarms watch, and what leads to messages in them.
func (d *drill) findQueues(ctx context.Context, all []alarm) error {
	redrives, err := d.redriveQueues(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		name := all[i].dimensions["QueueName"]
		if name == "" {
			continue
		}
		out, err := d.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err != nil {
			return fmt.Errorf("the queue of the alarm %s: %w", all[i].short, err)
		}
		q := queue{url: *out.QueueUrl}
		if q.arn, err = d.queueARN(ctx, q.url); err != nil {
			return err
		}
		q.subscription = redrives[q.arn]
		if i := slices.IndexFunc(d.Failures, func(f failures) bool { return f.URL == q.url }); i >= 0 {
			q.function = functionIn(d.Failures[i].FunctionARN)
		}
		sources, err := d.sqs.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &q.url})
		if err != nil {
			return err
		}
		switch {
		case q.subscription != "":
			q.kind = redriveQueue
		case q.function != "":
			q.kind = failureQueue
		case len(sources.QueueUrls) > 0:
			q.kind, q.source = deadLetterQueue, sources.QueueUrls[0]
		}
		all[i].queue = q
	}
	return nil
}

// functionIn returns the name of the function in the ARN of an alias, or "".
func functionIn(alias string) string {
	parsed, err := arn.Parse(alias)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(parsed.Resource, "function:"), ":")
	return name
}

// redriveQueues returns the subscriptions by the ARN of their redrive queue.
func (d *drill) redriveQueues(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	pages := sns.NewListSubscriptionsPaginator(d.sns, &sns.ListSubscriptionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Subscriptions {
			if !strings.HasPrefix(aws.ToString(s.SubscriptionArn), "arn:") {
				continue // it waits for its confirmation
			}
			out, err := d.sns.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: s.SubscriptionArn})
			if err != nil {
				return nil, err
			}
			var redrive struct{ DeadLetterTargetARN string }
			if json.Unmarshal([]byte(out.Attributes["RedrivePolicy"]), &redrive) == nil {
				all[redrive.DeadLetterTargetARN] = *s.SubscriptionArn
			}
		}
	}
	return all, nil
}

func (d *drill) attribute(ctx context.Context, url string, name types.QueueAttributeName) (string, error) {
	out, err := d.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{name}})
	if err != nil {
		return "", err
	}
	return out.Attributes[string(name)], nil
}

// visible returns the number of messages that are available in a queue.
func (d *drill) visible(ctx context.Context, url string) (int, error) {
	n, err := d.attribute(ctx, url, types.QueueAttributeNameApproximateNumberOfMessages)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(n)
}

func (d *drill) queueARN(ctx context.Context, url string) (string, error) {
	return d.attribute(ctx, url, types.QueueAttributeNameQueueArn)
}

// isFailureQueue reports whether a queue is one from which people run events again.
func (d *drill) isFailureQueue(queueARN string) bool {
	name := queueARN[strings.LastIndexByte(queueARN, ':')+1:]
	return slices.ContainsFunc(d.Failures, func(f failures) bool { return strings.HasSuffix(f.URL, "/"+name) })
}

// emptyFailures removes all messages from the failure queues. Their alarms were OK, so they
// were empty before.
func (d *drill) emptyFailures(ctx context.Context) error {
	for _, f := range d.Failures {
		if err := d.remove(ctx, f.URL, func(types.Message) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the selected messages of a queue. The others are hidden for a second. To
// wait for less than a second means to wait as long as the queue says.
func (d *drill) remove(ctx context.Context, url string, selects func(types.Message) bool) error {
	for {
		if n, err := d.visible(ctx, url); n == 0 || err != nil {
			return err
		}
		out, err := d.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: 1, WaitTimeSeconds: 1})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(out.Messages, selects) {
			return nil
		}
		for _, m := range out.Messages {
			if !selects(m) {
				continue
			}
			if _, err := d.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
		}
	}
}

// denySending denies everybody to send messages to a queue.
func (d *drill) denySending(ctx context.Context, queueARN string, undo *undo) error {
	parsed, err := arn.Parse(queueARN)
	if err != nil {
		return err
	}
	out, err := d.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &parsed.Resource})
	if err != nil {
		return err
	}
	before, err := d.attribute(ctx, *out.QueueUrl, types.QueueAttributeNamePolicy)
	if err != nil {
		return err
	}
	policy, err := denying(before, queueARN)
	if err != nil {
		return err
	}
	set := func(ctx context.Context, policy string) error {
		_, err := d.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: out.QueueUrl, Attributes: map[string]string{"Policy": policy}})
		return err
	}
	undo.add(func(ctx context.Context) error { return set(ctx, before) })
	return set(ctx, policy)
}

// denying returns a queue's policy with a statement that denies to send messages.
func denying(policy, queueARN string) (string, error) {
	document := map[string]any{"Version": "2012-10-17"}
	if policy != "" {
		if err := json.Unmarshal([]byte(policy), &document); err != nil {
			return "", fmt.Errorf("the policy of %s: %w", queueARN, err)
		}
	}
	statements, _ := document["Statement"].([]any)
	document["Statement"] = append(statements, map[string]any{
		"Sid": "Drill", "Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queueARN,
	})
	raw, err := json.Marshal(document)
	return string(raw), err
}

// receiveAgainAndAgain sends a message to the sources of dead-letter queues, and receives it
// until it moves.
func receiveAgainAndAgain(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	undo.add(d.emptyFailures)
	for _, a := range all {
		if _, err := d.send(ctx, a.queue.source); err != nil {
			return err
		}
		for moved := 0; moved == 0; {
			in := &sqs.ReceiveMessageInput{QueueUrl: &a.queue.source, MaxNumberOfMessages: 10, WaitTimeSeconds: 1}
			out, err := d.sqs.ReceiveMessage(ctx, in)
			if err != nil {
				return err
			}
			for _, m := range out.Messages { // a visibility timeout of 0 in the request means the queue's own
				_, err := d.sqs.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &a.queue.source, ReceiptHandle: m.ReceiptHandle})
				if err != nil {
					return err
				}
			}
			if moved, err = d.visible(ctx, a.queue.url); err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends a sum to a queue, and returns the message's ID.
func (d *drill) send(ctx context.Context, url string) (id string, err error) {
	out, err := d.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(`{"num1":3,"num2":4}`)})
	if err != nil {
		return "", err
	}
	return *out.MessageId, nil
}

// stopConsumers disables the event source mappings of queues, and sends each queue a message.
// Afterwards it deletes that message or, if no function receives the messages of a queue, all
// of them, because nobody else does.
func stopConsumers(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	for _, a := range all {
		consumers, err := d.disableMappings(ctx, a.queue.arn, undo)
		if err != nil {
			return err
		}
		id, err := d.send(ctx, a.queue.url)
		if err != nil {
			return err
		}
		undo.add(func(ctx context.Context) error {
			return d.remove(ctx, a.queue.url, func(m types.Message) bool { return consumers == 0 || *m.MessageId == id })
		})
		if consumers == 0 {
			d.unread = append(d.unread, a.queue.url)
		}
	}
	return nil
}

// disableMappings disables the event source mappings of a queue, and returns their number.
func (d *drill) disableMappings(ctx context.Context, queueARN string, undo *undo) (n int, err error) {
	out, err := d.lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{EventSourceArn: &queueARN})
	if err != nil {
		return 0, err
	}
	for _, m := range out.EventSourceMappings {
		if !strings.HasPrefix(aws.ToString(m.State), "Enabl") {
			continue
		}
		n++
		undo.add(func(ctx context.Context) error { return d.enable(ctx, m, true) })
		if err := d.enable(ctx, m, false); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (d *drill) enable(ctx context.Context, m lambdatypes.EventSourceMappingConfiguration, enabled bool) error {
	_, err := d.lambda.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: &enabled})
	return err
}
