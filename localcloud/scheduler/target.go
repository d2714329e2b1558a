package scheduler

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
)

// maxInput is the maximum size in bytes of an input.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html
const maxInput = 256 << 10

// CheckTargetARN validates the ARN of a target. The local cloud invokes the templated
// targets for Lambda, SQS and SNS.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
func CheckTargetARN(s string) error {
	arn, err := cloud.ParseARN(s)
	if err != nil || len(s) > 1600 {
		return invalid("Provided Arn is not in correct format.")
	}
	switch {
	case arn.Service == "lambda" && strings.HasPrefix(arn.Resource, "function:"), arn.Service == "sns" && !strings.Contains(arn.Resource, ":"):
		return nil
	case arn.Service == "sqs" && strings.HasSuffix(arn.Resource, ".fifo"), arn.Service == "sns" && strings.HasSuffix(arn.Resource, ".fifo"):
		return invalid("The local cloud has no FIFO queues or topics, so %s cannot be the target of a schedule.", s)
	case arn.Service == "sqs":
		return nil
	case arn.Service == "scheduler" && strings.HasPrefix(arn.Resource, "aws-sdk:"):
		return invalid("The local cloud does not support the universal target %s; it supports functions, queues and topics.", s)
	}
	return invalid("The local cloud does not support the target %s; it supports functions, queues and topics.", s)
}

// CheckTargetInput validates the input of a target. A function accepts only JSON.
func CheckTargetInput(target, input string) error {
	switch {
	case len(input) > maxInput:
		return invalid("The Input must be at most %d bytes long, not %d.", maxInput, len(input))
	case input != "" && cloud.ServiceOf(target) == "lambda" && !json.Valid([]byte(input)):
		return invalid("Input must be valid JSON for a Lambda target.")
	}
	return nil
}

// payload returns what an attempt sends to the target.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func (s *Service) payload(schedule Schedule, e timetable.Event, execution string) string {
	if schedule.Target.Input == "" {
		return e.Scheduled("aws.scheduler", s.options.Place, schedule.ARN, "{}") // the detail is a string
	}
	return strings.NewReplacer(
		"<aws.scheduler.schedule-arn>", schedule.ARN,
		"<aws.scheduler.scheduled-time>", e.Time(),
		"<aws.scheduler.execution-id>", execution,
		"<aws.scheduler.attempt-number>", strconv.Itoa(e.Attempts+1),
	).Replace(schedule.Target.Input)
}

// request returns the action that invokes the target with a payload, as a universal target
// would name it, and the action's parameters.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
func (s *Service) request(t Target, payload string) (action, parameters string) {
	arn, _ := cloud.ParseARN(t.ARN) // valid
	var in map[string]string
	switch arn.Service {
	case "lambda":
		action, in = "lambda:invoke", map[string]string{"FunctionName": t.ARN, "InvocationType": "Event", "Payload": payload}
	case "sns":
		action, in = "sns:publish", map[string]string{"Message": payload, "TopicArn": t.ARN}
	case "sqs":
		action, in = "sqs:sendMessage", map[string]string{"MessageBody": payload, "QueueUrl": s.options.Endpoint() + "/" + arn.Account + "/" + arn.Resource}
	}
	return "arn:aws:scheduler:::aws-sdk:" + action, cloud.EncodeJSON(in)
}

// longAge returns the maximum age of the events of a target.
func (t Target) longAge() time.Duration { return time.Duration(t.MaxAge) * time.Second }
