package events

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
)

var (
	namePattern  = regexp.MustCompile(`^[\.\-_A-Za-z0-9]+$`)
	queuePattern = regexp.MustCompile(`^arn:aws:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]+$`)
)

func constraint(value, member, must string) error {
	return refuse("ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, must)
}

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
		return constraint(name, member, "have length less than or equal to 64")
	case !namePattern.MatchString(name):
		return constraint(name, member, `satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`)
	}
	return nil
}

// CheckDescription validates the description of a rule.
func CheckDescription(s string) error {
	if utf8.RuneCountInString(s) > 512 {
		return constraint(s[:20]+"…", "description", "have length less than or equal to 512")
	}
	return nil
}

// CheckExpression validates a schedule expression. Rules have no one-time schedules.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func CheckExpression(s string) error {
	if _, err := timetable.ParseRule(s); err != nil || len(s) > 256 {
		return refuse("ValidationException", "Parameter ScheduleExpression is not valid.")
	}
	return nil
}

// CheckTags validates the tags of a rule.
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return refuse("ValidationException", "%s", err)
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
		return refuse("ValidationException", "Parameter %s is not valid. Reason: Provided Arn is not in correct format.", s)
	}
	switch {
	case strings.HasSuffix(arn.Resource, ".fifo"):
		return refuse("ValidationException", "The local cloud has no FIFO queues or topics, so %s cannot be the target of a rule.", s)
	case arn.Service == "lambda" && strings.HasPrefix(arn.Resource, "function:"), arn.Service == "sns" && !strings.Contains(arn.Resource, ":"), arn.Service == "sqs":
		return nil
	}
	return refuse("ValidationException", "The local cloud does not support the target %s; it supports functions, queues and topics.", s)
}

const maxInput = 8192 // characters, also of a template

// CheckInput validates a constant input.
func CheckInput(s string) error {
	switch {
	case utf8.RuneCountInString(s) > maxInput:
		return constraint(s[:20]+"…", "targets.1.member.input", "have length less than or equal to 8192")
	case !json.Valid([]byte(s)):
		return refuse("ValidationException", "Parameter Input is not valid. Reason: it must be valid JSON.")
	}
	return nil
}

// CheckInputPath validates a JSON path, which must lead to a part of scheduled events.
func CheckInputPath(path string) error {
	if len(path) > 256 {
		return constraint(path, "targets.1.member.inputPath", "have length less than or equal to 256")
	}
	if _, ok := follow(path, sample); !ok {
		return refuse("ValidationException", "The local cloud finds nothing at %s in a scheduled event. It supports $, names and indices, such as $.resources[0].", path)
	}
	return nil
}

// CheckDeadLetters validates the ARN of a dead-letter queue, which cannot be FIFO.
func CheckDeadLetters(arn string) error {
	if !queuePattern.MatchString(arn) {
		return refuse("ValidationException", "Parameter %s is not valid. Reason: the dead-letter queue must be a standard queue.", arn)
	}
	return nil
}

// CheckMaxAge validates the maximum age of an event, in seconds.
func CheckMaxAge(seconds int) error {
	return checkNumber(seconds, "maximumEventAgeInSeconds", 60, DefaultMaxAge)
}

// CheckRetries validates the number of retries.
func CheckRetries(n int) error { return checkNumber(n, "maximumRetryAttempts", 0, DefaultRetries) }

func checkNumber(n int, member string, from, to int) error {
	switch {
	case n < from:
		return constraint(strconv.Itoa(n), "targets.1.member.retryPolicy."+member, "have value greater than or equal to "+strconv.Itoa(from))
	case n > to:
		return constraint(strconv.Itoa(n), "targets.1.member.retryPolicy."+member, "have value less than or equal to "+strconv.Itoa(to))
	}
	return nil
}
