package sqs

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

// The functions in this file check values without regard to what exists. They fail
// with the errors of CreateQueue and SetQueueAttributes.

// MaxName is the maximum length of a queue's name.
const MaxName = 80

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// CheckName accepts 1 to MaxName letters, digits, hyphens and underscores.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
func CheckName(name string) error {
	switch {
	case strings.HasSuffix(name, ".fifo"):
		return refusal("InvalidParameterValue", "FIFO queues are not emulated; use a standard queue instead of %s", name)
	case len(name) > MaxName || !queueName.MatchString(name):
		return refusal("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return nil
}

// CheckURL accepts the URL of a queue, with any host and account.
func CheckURL(address string) error {
	_, _, err := splitURL(address)
	return err
}

// splitURL returns the account and the name in the URL of a queue.
func splitURL(address string) (account, name string, err error) {
	if address == "" {
		return "", "", missing("QueueUrl")
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", "", invalidAddress(address)
	}
	account, name, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !ok || account == "" || name == "" || strings.Contains(name, "/") {
		return "", "", invalidAddress(address)
	}
	return account, name, nil
}

// CheckVisibilityTimeout accepts 0 seconds to 12 hours.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
func CheckVisibilityTimeout(seconds int) error {
	return within("VisibilityTimeout", seconds, 0, maxVisibility)
}

// CheckMessageRetentionPeriod accepts 1 minute to 14 days, in seconds.
func CheckMessageRetentionPeriod(seconds int) error {
	return within("MessageRetentionPeriod", seconds, 60, 14*24*60*60)
}

// CheckDelaySeconds accepts 0 seconds to 15 minutes.
func CheckDelaySeconds(seconds int) error { return within("DelaySeconds", seconds, 0, maxDelay) }

// CheckMaximumMessageSize accepts 1 KiB to 1 MiB, in bytes.
func CheckMaximumMessageSize(bytes int) error {
	return within("MaximumMessageSize", bytes, 1024, maxMessage)
}

// CheckReceiveMessageWaitTime accepts 0 to 20 seconds.
func CheckReceiveMessageWaitTime(seconds int) error {
	return within("ReceiveMessageWaitTimeSeconds", seconds, 0, maxWait)
}

// CheckKMSDataKeyReusePeriod accepts 1 minute to 24 hours, in seconds.
func CheckKMSDataKeyReusePeriod(seconds int) error {
	return within("KmsDataKeyReusePeriodSeconds", seconds, 60, 24*60*60)
}

func within(attribute string, value, low, high int) error {
	if value < low || value > high {
		return invalidAttribute(attribute, "Must be from %d to %d, not %d.", low, high, value)
	}
	return nil
}

// CheckKMSMasterKeyID accepts the ID, ARN or alias of a key, and "" for none.
func CheckKMSMasterKeyID(id string) error {
	if strings.HasPrefix(id, "arn:") && cloud.ServiceOf(id) != "kms" {
		return invalidAttribute("KmsMasterKeyId", "%s is not a key of AWS KMS.", id)
	}
	return nil
}

// checkEncryption accepts at most one of a key of KMS and a key of SQS.
func checkEncryption(kmsMasterKeyID string, sqsManaged bool) error {
	if sqsManaged && kmsMasterKeyID != "" {
		return invalidAttribute("KmsMasterKeyId", "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.")
	}
	return nil
}

// CheckPolicy accepts any JSON within the quotas of SQS whose actions are those of SQS,
// and "" for no policy. IAM checks whether it is a valid policy. AWS does not document
// whether the quotas of principals and conditions apply to the policy or to each
// statement, so they are applied to each statement.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
// https://github.com/ministryofjustice/cloud-platform-environments/pull/9082
func CheckPolicy(document string) error {
	const maxBytes, maxStatements = 8192, 20
	if document == "" {
		return nil
	}
	if !json.Valid([]byte(document)) {
		return invalidAttribute("Policy", "It is not valid JSON.")
	}
	if len(document) > maxBytes {
		return overLimit("Submitted policy is over max allowed size.")
	}
	statements := cloud.PolicyStatements(document)
	if n := len(statements); n > maxStatements {
		return overLimit("%d statements were found in the submitted policy, max allowed is %d", n, maxStatements)
	}
	for i, s := range statements {
		for _, quota := range []struct {
			what       string
			found, max int
		}{
			{"actions", len(s.Actions), 7},
			{"principals", s.Principals, 50},
			{"conditions", s.Conditions, 10},
		} {
			if quota.found > quota.max {
				return overLimit("%d %s were found in a statement from the submitted policy, max allowed is %d", quota.found, quota.what, quota.max)
			}
		}
		for _, action := range s.Actions {
			if vendor, _, _ := strings.Cut(strings.ToLower(action), ":"); vendor != "sqs" && vendor != "*" {
				return refusal("InvalidAttributeValue", "Invalid value for the parameter Policy. (Statement[%d].Action: %s is not an action of SQS)", i, action)
			}
		}
	}
	return nil
}

// RewordPolicyError returns the error of SQS for an error of IAM about a policy. What
// follows in parentheses is added here.
//
// https://github.com/aws/aws-cdk/issues/15602
func RewordPolicyError(err error) error {
	return cloud.RewordPolicyError(err, func(p *cloud.PolicyError) error {
		return refusal("InvalidAttributeValue", "Invalid value for the parameter Policy. (%s)", p.Detail)
	})
}

func overLimit(format string, args ...any) error {
	return cloud.Errorf(http.StatusForbidden, "OverLimit", format, args...)
}

// CheckTags accepts any number of tags. AWS recommends at most 50, but does not
// enforce it.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
func CheckTags(tags map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if err := cloud.CheckTag(key, tags[key]); err != nil {
			return refusal("InvalidParameterValue", "One or more parameters are invalid. Reason: %v", err)
		}
	}
	return nil
}

// redrivePolicy names the queue for messages that have been received too often.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
type redrivePolicy struct {
	Target string `json:"deadLetterTargetArn"`
	Max    count  `json:"maxReceiveCount"`
}

// count is a whole number. A policy may also contain it as a string.
type count int

func (c *count) UnmarshalJSON(raw []byte) error {
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		raw = []byte(quoted)
	}
	n, err := strconv.Atoi(string(raw))
	*c = count(n)
	return err
}

// CheckRedrivePolicy accepts a redrive policy that names a queue, and "" for none.
func CheckRedrivePolicy(document string) error {
	_, err := parseRedrive(document)
	return err
}

// parseRedrive parses a redrive policy. It returns nil if document is "".
func parseRedrive(document string) (*redrivePolicy, error) {
	if document == "" {
		return nil, nil
	}
	fail := func(reason string, args ...any) (*redrivePolicy, error) {
		return nil, invalid(document, "RedrivePolicy", reason, args...)
	}
	var p redrivePolicy
	switch err := json.Unmarshal([]byte(document), &p); {
	case err != nil || p.Target == "":
		return fail("It must be a JSON object with deadLetterTargetArn and maxReceiveCount.")
	case p.Max < 1 || p.Max > 1000:
		return fail("Invalid value for maxReceiveCount: %d, valid values are from 1 to 1000 both inclusive.", p.Max)
	case cloud.ServiceOf(p.Target) != "sqs":
		return fail("Invalid value for deadLetterTargetArn.")
	}
	return &p, nil
}

// redriveAllowPolicy lists the queues that may use this one as dead-letter queue.
type redriveAllowPolicy struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

// allows reports whether the queue with the ARN source may use this one as its
// dead-letter queue.
func (p redriveAllowPolicy) allows(source string) bool {
	return p.Permission == "allowAll" || slices.Contains(p.Sources, source)
}

// CheckRedriveAllowPolicy accepts a redrive allow policy, and "" for the default,
// which allows all queues.
func CheckRedriveAllowPolicy(document string) error {
	_, err := parseRedriveAllow(document)
	return err
}

func parseRedriveAllow(document string) (p redriveAllowPolicy, err error) {
	if document == "" {
		return redriveAllowPolicy{Permission: "allowAll"}, nil
	}
	fail := func(reason string, args ...any) (redriveAllowPolicy, error) {
		return p, invalid(document, "RedriveAllowPolicy", reason, args...)
	}
	switch err := json.Unmarshal([]byte(document), &p); {
	case err != nil || !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, p.Permission):
		return fail("It must be a JSON object whose redrivePermission is allowAll, denyAll or byQueue.")
	case (p.Permission == "byQueue") != (len(p.Sources) > 0):
		return fail("sourceQueueArns is required with the redrivePermission byQueue, and not allowed with any other.")
	case len(p.Sources) > 10:
		return fail("sourceQueueArns can contain at most 10 queues.")
	}
	for _, source := range p.Sources {
		if cloud.ServiceOf(source) != "sqs" {
			return fail("Invalid value for sourceQueueArns: %s.", source)
		}
	}
	return p, nil
}
