package logs

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// The functions in this file check values without regard to what exists. They fail
// with InvalidParameterException.

// MaxGroupName is the maximum length of a log group's name.
const MaxGroupName = 512

var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)

// CheckGroupName accepts 1 to MaxGroupName letters, digits and any of . - _ / #. It
// refuses names that begin with "aws/".
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
func CheckGroupName(name string) error {
	switch {
	case len(name) > MaxGroupName || !groupName.MatchString(name):
		return violated(name, "logGroupName", `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+, and have length between 1 and 512`)
	case strings.HasPrefix(name, "aws/"):
		return violated(name, "logGroupName", "Member must not begin with aws/")
	}
	return nil
}

// CheckStreamName accepts 1 to 512 characters other than : and *.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func CheckStreamName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > 512 || strings.ContainsAny(name, ":*") {
		return violated(name, "logStreamName", "Member must satisfy regular expression pattern: [^:*]*, and have length between 1 and 512")
	}
	return nil
}

// CheckRetention accepts 0, which means no limit, and the numbers of days that
// PutRetentionPolicy accepts.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func CheckRetention(days int) error {
	allowed := []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	if days != 0 && !slices.Contains(allowed, days) {
		return violated(days, "retentionInDays", "Member must satisfy enum value set: %v", allowed)
	}
	return nil
}

// CheckKMSKeyID accepts the ARN of a key, and "" for none.
func CheckKMSKeyID(arn string) error {
	if arn != "" && cloud.ServiceOf(arn) != "kms" {
		return violated(arn, "kmsKeyId", "Member must be the ARN of a key of AWS KMS")
	}
	return nil
}

// CheckTags accepts up to 50 tags.
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return cloud.Violations("InvalidParameterException", err.Error())
	}
	return nil
}

// violated returns the error of a value that violates a constraint.
func violated(value any, parameter, rule string, args ...any) error {
	return cloud.Violated("InvalidParameterException", value, parameter, rule, args...)
}
