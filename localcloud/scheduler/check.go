package scheduler

import (
	"cmp"
	"regexp"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
)

// The patterns are those of the API:
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html
var (
	namePattern  = regexp.MustCompile(`^[0-9a-zA-Z-_.]+$`)
	tokenPattern = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	rolePattern  = regexp.MustCompile(`^arn:aws(-[a-z]+)?:iam::\d{12}:role\/[\w+=,.@\/-]+$`)
	queuePattern = regexp.MustCompile(`^arn:aws(-[a-z]+)?:sqs:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9\-_]+$`)
	keyPattern   = regexp.MustCompile(`^arn:aws(-[a-z]+)?:kms:[a-z0-9\-]+:\d{12}:(key|alias)\/[0-9a-zA-Z-_]*$`)
)

const validation = "ValidationException"

func violated(value, member, rule string, args ...any) error {
	return cloud.Violated(validation, value, member, rule, args...)
}

func invalid(format string, args ...any) *cloud.Error {
	return refuse(validation, format, args...)
}

// check checks a schedule with defaults, without regard to what exists.
func (s Schedule) check(now time.Time) error {
	return cmp.Or(
		CheckName(s.Name),
		CheckGroupName(s.Group),
		CheckDescription(s.Description),
		CheckTimezone(s.Timezone),
		CheckExpression(s.Expression),
		cloud.CheckOptional(s.Window, CheckWindow),
		CheckState(s.State),
		checkOneOf(s.Completion, "actionAfterCompletion", KeepAfter, DeleteAfter),
		cloud.CheckOptional(s.KMSKeyARN, CheckKMSKeyARN),
		cloud.CheckOptional(s.Token, CheckToken),
		s.Target.check(),
		s.checkDates(now),
	)
}

// startsEarlier is how long ago a start may be.
const startsEarlier = 5 * time.Minute

// checkDates checks the start and the end of a schedule that occurs more than once.
func (s Schedule) checkDates(now time.Time) error {
	switch {
	case s.plan().Expression.Once():
		return nil
	case !s.Start.IsZero() && now.Sub(s.Start) > startsEarlier:
		return invalid("The StartDate you specify cannot be earlier than 5 minutes ago.")
	case !s.Start.IsZero() && !s.End.IsZero() && !s.End.After(s.Start):
		return invalid("The EndDate you specify must come after the StartDate you specify.")
	case !s.End.IsZero() && !s.End.After(now):
		return invalid("The EndDate you specify must be in the future.")
	}
	return nil
}

// CheckName validates the name of a schedule.
func CheckName(name string) error { return checkName(name, "name") }

// CheckGroupName validates the name of a group.
func CheckGroupName(name string) error { return checkName(name, "groupName") }

func checkName(name, member string) error {
	switch {
	case len(name) > 64:
		return violated(name, member, "Member must have length less than or equal to 64")
	case name == "":
		return violated(name, member, "Member must have length greater than or equal to 1")
	case !namePattern.MatchString(name):
		return violated(name, member, "Member must satisfy regular expression pattern: %s", namePattern)
	}
	return nil
}

// CheckToken validates an idempotency token.
func CheckToken(token string) error {
	if len(token) > 64 || !tokenPattern.MatchString(token) {
		return violated(token, "clientToken", "Member must satisfy regular expression pattern: %s, and have length between 1 and 64", tokenPattern)
	}
	return nil
}

// CheckDescription validates a description.
func CheckDescription(s string) error {
	return cloud.CheckText(validation, "description", s, 512)
}

// CheckExpression validates a schedule expression.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func CheckExpression(s string) error {
	if len(s) < 1 || len(s) > 256 {
		return violated(s, "scheduleExpression", "Member must have length between 1 and 256")
	}
	if _, err := timetable.Parse(s, time.UTC); err != nil {
		return invalid("Invalid Schedule Expression %s.", s)
	}
	return nil
}

// CheckTimezone validates the name of a time zone.
func CheckTimezone(s string) error {
	if len(s) < 1 || len(s) > 50 {
		return violated(s, "scheduleExpressionTimezone", "Member must have length between 1 and 50")
	}
	if _, ok := timetable.Zone(s); !ok {
		return invalid("Invalid Schedule Expression Timezone %s.", s)
	}
	return nil
}

// CheckWindow validates the length of a flexible time window, in minutes.
func CheckWindow(minutes int) error {
	return cloud.CheckRange(validation, "maximumWindowInMinutes", minutes, 1, 1440)
}

// CheckMaxAge validates the maximum age of an event, in seconds.
func CheckMaxAge(seconds int) error {
	return cloud.CheckRange(validation, "maximumEventAgeInSeconds", seconds, 60, DefaultMaxAge)
}

// CheckRetries validates the number of retries.
func CheckRetries(n int) error {
	return cloud.CheckRange(validation, "maximumRetryAttempts", n, 0, DefaultRetries)
}

// CheckState validates the state of a schedule.
func CheckState(s string) error { return checkOneOf(s, "state", Enabled, Disabled) }

// CheckMode validates the mode of a flexible time window.
func CheckMode(s string) error { return checkOneOf(s, "mode", "OFF", "FLEXIBLE") }

func checkOneOf(s, member, a, b string) error {
	if s != a && s != b {
		return violated(s, member, "Member must satisfy enum value set: [%s, %s]", a, b)
	}
	return nil
}

// CheckFlexibleWindow validates a mode together with the length of its window; 0 means
// none.
func CheckFlexibleWindow(mode string, minutes int) error {
	switch {
	case mode == "FLEXIBLE" && minutes == 0:
		return invalid("MaximumWindowInMinutes must be provided when FlexibleTimeWindow Mode is set to FLEXIBLE.")
	case mode == "OFF" && minutes != 0:
		return invalid("MaximumWindowInMinutes must not be provided when FlexibleTimeWindow Mode is set to OFF.")
	}
	return CheckMode(mode)
}

// CheckKMSKeyARN validates the ARN of a key.
func CheckKMSKeyARN(arn string) error {
	if !keyPattern.MatchString(arn) {
		return violated(arn, "kmsKeyArn", "Member must satisfy regular expression pattern: %s", keyPattern)
	}
	return nil
}

// CheckTags validates the tags of a group.
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return invalid("%s", err)
	}
	return nil
}

// check checks a target.
func (t Target) check() error {
	return cmp.Or(CheckTargetARN(t.ARN), CheckRoleARN(t.RoleARN), CheckTargetInput(t.ARN, t.Input), cloud.CheckOptional(t.DeadLetters, CheckDeadLetters),
		CheckMaxAge(t.MaxAge), CheckRetries(*t.Retries))
}

// CheckRoleARN validates the ARN of a target's role.
func CheckRoleARN(arn string) error {
	if len(arn) > 1600 || !rolePattern.MatchString(arn) {
		return violated(arn, "target.roleArn", "Member must satisfy regular expression pattern: %s", rolePattern)
	}
	return nil
}

// CheckDeadLetters validates the ARN of a dead-letter queue, which cannot be FIFO.
func CheckDeadLetters(arn string) error {
	if len(arn) > 1600 || !queuePattern.MatchString(arn) {
		return violated(arn, "target.deadLetterConfig.arn", "Member must satisfy regular expression pattern: %s", queuePattern)
	}
	return nil
}
