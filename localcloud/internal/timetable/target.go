package timetable

import (
	"context"
	"encoding/json"
	"time"

	"tally/localcloud/cloud"
)

// Invoker queues an event of a function.
type Invoker interface {
	InvokeAsync(ctx context.Context, in cloud.Invocation) (requestID string, err error)
}

// Publish publishes a message to a topic on behalf of the caller.
type Publish func(ctx context.Context, caller cloud.Caller, topicARN string, m cloud.QueueMessage) error

// Targets are what schedules and rules invoke.
type Targets struct {
	Invoker Invoker
	Sender  cloud.Sender
	Publish Publish
}

// Send sends a payload to a function, a queue or a topic on behalf of the caller.
func (t Targets) Send(ctx context.Context, caller cloud.Caller, arn, payload string) (err error) {
	switch cloud.ServiceOf(arn) {
	case "lambda":
		_, err = t.Invoker.InvokeAsync(ctx, cloud.Invocation{Caller: caller, Function: arn, Payload: []byte(payload)})
	case "sqs":
		_, err = t.Sender.SendMessage(ctx, caller, arn, cloud.QueueMessage{Body: payload})
	case "sns":
		err = t.Publish(ctx, caller, arn, cloud.QueueMessage{Body: payload})
	}
	return err
}

// Observed is Send, recorded as a step of the schedule or rule with the ARN from.
func (t Targets) Observed(ctx context.Context, j cloud.Journal, from string, caller cloud.Caller, arn, payload string) (err error) {
	ctx, step := cloud.BeginStep(ctx, cloud.Step{Kind: cloud.StepSchedule, Name: "event", From: from, To: arn, Input: cloud.StepText(payload)})
	defer func() { step.End(j, func(s *cloud.Step) { s.Fail(err) }) }()
	return t.Send(ctx, caller, arn, payload)
}

// Time returns the scheduled time as events and attributes have it.
func (e Event) Time() string { return e.At.UTC().Format(time.RFC3339) }

// Scheduled returns the event that a target receives unless it has an input. resource is
// the ARN of the schedule or the rule.
//
// https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-scheduled.html
func (e Event) Scheduled(source string, place cloud.Place, resource string, detail any) string {
	event, _ := json.Marshal(struct { // always encodes
		Version    string   `json:"version"`
		ID         string   `json:"id"`
		DetailType string   `json:"detail-type"`
		Source     string   `json:"source"`
		Account    string   `json:"account"`
		Time       string   `json:"time"`
		Region     string   `json:"region"`
		Resources  []string `json:"resources"`
		Detail     any      `json:"detail"`
	}{"0", e.ID, "Scheduled Event", source, place.Account, e.Time(), place.Region, []string{resource}, detail})
	return string(event)
}
