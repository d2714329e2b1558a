package events

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
)

var (
	namePattern  = regexp.MustCompile(`^[\.\-_A-Za-z0-9]+$`)
	queuePattern = regexp.MustCompile(`^arn:aws:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]+$`)
)

const validation = "ValidationException"

func (r Rule) check() error {
	return cmp.Or(CheckName(r.Name), CheckDescription(r.Description), CheckExpression(r.Expression), CheckTags(r.Tags))
}

// CheckName validates the name of a rule.
func CheckName(name string) error { return checkName(name, "name") }

// CheckTargetID validates the ID of a target.
func CheckTargetID(id string) error { return checkName(id, "targets.1.member.id") }

func checkName(name, member string) error {
	switch {
	case len(name) > 64:
		return cloud.Violated(validation, name, member, "Member must have length less than or equal to 64")
	case !namePattern.MatchString(name):
		return cloud.Violated(validation, name, member, `Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`)
	}
	return nil
}

// CheckDescription validates the description of a rule.
func CheckDescription(s string) error {
	return cloud.CheckText(validation, "description", s, 512)
}

// CheckExpression validates a schedule expression. Rules have no one-time schedules.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func CheckExpression(s string) error {
	if _, err := timetable.ParseRule(s); err != nil || len(s) > 256 {
		return refuse(validation, "Parameter ScheduleExpression is not valid.")
	}
	return nil
}

// CheckTags validates the tags of a rule.
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return refuse(validation, "%s", err)
	}
	return nil
}

func (t Target) check() error {
	return cmp.Or(CheckTargetARN(t.ARN), cloud.CheckOptional(t.Input, CheckInput), cloud.CheckOptional(t.InputPath, CheckInputPath),
		CheckInputPaths(t.InputPaths), t.checkTemplate(), cloud.CheckOptional(t.DeadLetters, CheckDeadLetters), cloud.CheckOptional(t.MaxAge, CheckMaxAge), CheckRetries(t.Retries), CheckTargetID(t.ID))
}

// CheckTargetARN validates the ARN of a target.
func CheckTargetARN(s string) error {
	arn, err := cloud.ParseARN(s)
	if err != nil || len(s) > 1600 {
		return refuse(validation, "Parameter %s is not valid. Reason: Provided Arn is not in correct format.", s)
	}
	switch {
	case strings.HasSuffix(arn.Resource, ".fifo"):
		return refuse(validation, "The local cloud has no FIFO queues or topics, so %s cannot be the target of a rule.", s)
	case arn.Service == "lambda" && strings.HasPrefix(arn.Resource, "function:"), arn.Service == "sns" && !strings.Contains(arn.Resource, ":"), arn.Service == "sqs":
		return nil
	}
	return refuse(validation, "The local cloud does not support the target %s; it supports functions, queues and topics.", s)
}

const maxInput = 8192 // characters, also of a template

// CheckInput validates a constant input.
func CheckInput(s string) error {
	if !json.Valid([]byte(s)) {
		return refuse(validation, "Parameter Input is not valid. Reason: it must be valid JSON.")
	}
	return cloud.CheckText(validation, "targets.1.member.input", s, maxInput)
}

// CheckInputPath validates a JSON path, which must lead to a part of scheduled events.
func CheckInputPath(path string) error {
	if len(path) > 256 {
		return cloud.Violated(validation, path, "targets.1.member.inputPath", "Member must have length less than or equal to 256")
	}
	if _, ok := follow(path, sample); !ok {
		return refuse(validation, "The local cloud finds nothing at %s in a scheduled event. It supports $, names and indices, such as $.resources[0].", path)
	}
	return nil
}

// CheckDeadLetters validates the ARN of a dead-letter queue, which cannot be FIFO.
func CheckDeadLetters(arn string) error {
	if !queuePattern.MatchString(arn) {
		return refuse(validation, "Parameter %s is not valid. Reason: the dead-letter queue must be a standard queue.", arn)
	}
	return nil
}

// CheckMaxAge validates the maximum age of an event, in seconds.
func CheckMaxAge(seconds int) error {
	return cloud.CheckRange(validation, "targets.1.member.retryPolicy.maximumEventAgeInSeconds", seconds, 60, DefaultMaxAge)
}

// CheckRetries validates the number of retries.
func CheckRetries(n int) error {
	return cloud.CheckRange(validation, "targets.1.member.retryPolicy.maximumRetryAttempts", n, 0, DefaultRetries)
}
