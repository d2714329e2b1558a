package sns

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
	"tally/localcloud/filter"
)

// The functions in this file check values without regard to what exists. They fail
// with InvalidParameter and the messages of CreateTopic and Subscribe.

// invalidAttribute turns the reason why an attribute is invalid into the error of
// Subscribe. It returns nil if err is nil.
func invalidAttribute(err error) error {
	if err == nil {
		return nil
	}
	return invalid("Attributes Reason: %v", err)
}

// MaxTopicName is the maximum length of a topic's name.
const MaxTopicName = 256

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// CheckTopicName accepts 1 to MaxTopicName letters, digits, hyphens and underscores.
//
// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
func CheckTopicName(name string) error {
	switch {
	case strings.HasSuffix(name, ".fifo"):
		return invalid("Topic Name Reason: FIFO topics are not emulated; use a standard topic instead of %s", name)
	case len(name) > MaxTopicName || !topicName.MatchString(name):
		return invalid("Topic Name")
	}
	return nil
}

// CheckTopicARN accepts the ARN of a topic in the region of place.
func CheckTopicARN(place cloud.Place, arn string) error {
	parsed, err := cloud.ParseARN(arn)
	if err != nil {
		return invalid("TopicArn Reason: %v", err)
	}
	if parsed.Service != "sns" || parsed.Region != place.Region {
		return invalid("TopicArn")
	}
	return nil
}

// CheckDisplayName accepts up to 100 characters.
func CheckDisplayName(name string) error {
	if utf8.RuneCountInString(name) > 100 {
		return invalid("Attributes Reason: Display name must be less than or equal to 100 characters")
	}
	return nil
}

// CheckSignatureVersion accepts 1 and 2.
func CheckSignatureVersion(version int) error {
	if version != 1 && version != 2 {
		return invalid("Attributes Reason: SignatureVersion: Invalid value [%d]. Must be 1 or 2.", version)
	}
	return nil
}

// CheckTracingConfig accepts "Active" and "PassThrough".
func CheckTracingConfig(mode string) error {
	if mode != "Active" && mode != "PassThrough" {
		return invalid("Attributes Reason: TracingConfig: Invalid value [%s]. Must be Active or PassThrough.", mode)
	}
	return nil
}

// CheckKMSMasterKeyID accepts the ID, ARN or alias of a key.
func CheckKMSMasterKeyID(id string) error {
	if strings.HasPrefix(id, "arn:") && cloud.ServiceOf(id) != "kms" {
		return invalid("Attributes Reason: KmsMasterKeyId: Invalid value [%s]. Must be a key of AWS KMS.", id)
	}
	return nil
}

// CheckFeedbackRoleARN accepts the ARN of a role.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
func CheckFeedbackRoleARN(arn string) error {
	if a, err := cloud.ParseARN(arn); err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		return invalid("Attributes Reason: the role for delivery status logging must be the ARN of a role, not %q", arn)
	}
	return nil
}

// CheckFeedbackSampleRate accepts 0 to 100 percent.
func CheckFeedbackSampleRate(percent int) error {
	if percent < 0 || percent > 100 {
		return invalid("Attributes Reason: the sample rate of delivery status logging must be from 0 to 100, not %d", percent)
	}
	return nil
}

// CheckTags accepts up to 50 tags.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-tags.html
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return invalid("Tags Reason: %v", err)
	}
	return nil
}

// CheckProtocol accepts the protocols that are emulated, and email, which is only
// recorded.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
func CheckProtocol(protocol string) error {
	if !slices.Contains([]string{"lambda", "sqs", "http", "https", "email", "email-json"}, protocol) {
		return invalid("Amazon SNS does not support this protocol string: %s (emulated here: http, https, lambda, sqs; recorded: email, email-json)", protocol)
	}
	return nil
}

var (
	functionARN = regexp.MustCompile(`^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9_-]+(:[a-zA-Z0-9$_-]+)?$`)
	queueARN    = regexp.MustCompile(`^arn:aws:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]+(\.fifo)?$`)
)

// CheckEndpoint accepts an endpoint of the protocol: the ARN of a function or
// queue, a URL, or an email address.
func CheckEndpoint(protocol, endpoint string) error {
	switch protocol {
	case "lambda":
		if !functionARN.MatchString(endpoint) {
			return invalid("Lambda endpoint ARN")
		}
	case "sqs":
		if !queueARN.MatchString(endpoint) {
			return invalid("SQS endpoint ARN")
		}
		if strings.HasSuffix(endpoint, ".fifo") {
			return invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
		}
	case "http", "https":
		if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != protocol {
			return invalid("Endpoint must match the specified protocol")
		}
	case "email", "email-json":
		if name, domain, ok := strings.Cut(endpoint, "@"); !ok || name == "" || domain == "" {
			return invalid("Email address")
		}
	}
	return nil
}

// CheckFilterPolicyScope accepts filter.Attributes and filter.Body.
func CheckFilterPolicyScope(scope string) error { return invalidAttribute(checkScope(scope)) }

func checkScope(scope string) error {
	if scope != filter.Attributes && scope != filter.Body {
		return fmt.Errorf("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", scope)
	}
	return nil
}

// CheckFilterPolicy accepts a filter policy of that scope. The scope "" means
// filter.Attributes.
func CheckFilterPolicy(scope, document string) error {
	_, err := parseFilterPolicy(scope, document)
	return invalidAttribute(err)
}

func parseFilterPolicy(scope, document string) (*filter.Policy, error) {
	policy, err := filter.Parse(cmp.Or(scope, filter.Attributes), document)
	if err != nil {
		return nil, fmt.Errorf("FilterPolicy: %w", err)
	}
	return policy, nil
}

// CheckRedrivePolicy accepts {"deadLetterTargetArn": "…"} with the ARN of a standard
// queue in the account and region of the subscription.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
// https://github.com/cloudposse/terraform-aws-sns-topic/issues/48
func CheckRedrivePolicy(place cloud.Place, document string) error {
	return invalidAttribute(checkRedrivePolicy(place, document))
}

func checkRedrivePolicy(place cloud.Place, document string) error {
	queue, err := parseRedrivePolicy(document)
	if err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(document), &members); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if name != "deadLetterTargetArn" {
			return fmt.Errorf("RedrivePolicy: invalid JSON. Attribute %s is unknown.", name) //lint:ignore ST1005 AWS's own wording
		}
	}
	switch arn, _ := cloud.ParseARN(queue); { // parseRedrivePolicy has checked it
	case arn != place.ARN("sqs", arn.Resource):
		return fmt.Errorf("RedrivePolicy: deadLetterTargetArn must be in the account and region of the subscription, not %s", queue)
	case strings.HasSuffix(arn.Resource, ".fifo"):
		return fmt.Errorf("RedrivePolicy: deadLetterTargetArn must be a standard queue, because the topic is a standard topic, not %s", queue)
	}
	return nil
}

// parseRedrivePolicy returns the ARN of the dead-letter queue.
func parseRedrivePolicy(document string) (queue string, err error) {
	var p struct{ DeadLetterTargetARN string }
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return "", errors.New("RedrivePolicy: failed to parse JSON.") //lint:ignore ST1005 AWS's own wording
	}
	if !queueARN.MatchString(p.DeadLetterTargetARN) {
		return "", errors.New("RedrivePolicy: deadLetterTargetArn is an invalid arn")
	}
	return p.DeadLetterTargetARN, nil
}

// CheckRawMessageDelivery accepts raw delivery for the protocols that support it.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
func CheckRawMessageDelivery(protocol string, raw bool) error {
	return invalidAttribute(checkRaw(protocol, raw))
}

func checkRaw(protocol string, raw bool) error {
	if raw && !slices.Contains([]string{"sqs", "http", "https"}, protocol) {
		return fmt.Errorf("RawMessageDelivery: Delivery protocol [%s] does not support raw message delivery.", protocol) //lint:ignore ST1005 AWS's own wording
	}
	return nil
}
