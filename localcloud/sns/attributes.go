package sns

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

// feedbackPrefixes are the prefixes of the attributes that configure the logging of the
// delivery status, by protocol.
var feedbackPrefixes = map[string]string{"HTTP": "http", "Lambda": "lambda", "SQS": "sqs"}

// Set sets the attribute with that name in CreateTopic and SetTopicAttributes; "" restores
// its default. It does not check the value, unless that has no place in the Topic. It fails
// with InvalidParameter.
//
// https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
func (t *Topic) Set(name, value string) error {
	switch name {
	case "DisplayName":
		t.DisplayName = value
	case "Policy":
		t.Policy = value
	case "DeliveryPolicy":
		t.DeliveryPolicy = value
	case "KmsMasterKeyId":
		t.KMSMasterKeyID = value
	case "TracingConfig":
		t.TracingConfig = value
	case "SignatureVersion":
		version, err := strconv.Atoi(value)
		if err != nil {
			return invalid("Attributes Reason: SignatureVersion: Invalid value [%s]. Must be 1 or 2.", value)
		}
		t.SignatureVersion = version
	case "FifoTopic", "ContentBasedDeduplication":
		if value != "false" {
			return invalid("Attributes Reason: %s: FIFO topics are not emulated; use a standard topic", name)
		}
	default:
		return t.setFeedback(name, value)
	}
	return nil
}

func (t *Topic) setFeedback(name, value string) error {
	for prefix, protocol := range feedbackPrefixes {
		setting, ok := strings.CutPrefix(name, prefix)
		f := t.Feedback[protocol]
		switch {
		case !ok:
			continue
		case setting == "FailureFeedbackRoleArn":
			f.FailureRoleARN = value
		case setting == "SuccessFeedbackRoleArn":
			f.SuccessRoleARN = value
		case setting == "SuccessFeedbackSampleRate":
			rate, err := strconv.Atoi(value)
			if err != nil {
				return invalid("Attributes Reason: %s: Invalid value [%s]. Must be from 0 to 100.", name, value)
			}
			f.SuccessSampleRate = rate
		default:
			continue
		}
		t.Feedback = maps.Clone(t.Feedback)
		if t.Feedback == nil {
			t.Feedback = map[string]Feedback{}
		}
		t.Feedback[protocol] = f
		return nil
	}
	return invalid("AttributeName Reason: %s is not an attribute of a topic that is emulated", name)
}

// Set sets the attribute with that name in Subscribe and SetSubscriptionAttributes; ""
// removes it. It does not check the value, unless that has no place in the Subscription.
// The error is the reason, without a code.
//
// https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
func (s *Subscription) Set(name, value string) error {
	switch name {
	case "DeliveryPolicy":
		s.DeliveryPolicy = value
	case "FilterPolicy":
		if s.FilterPolicy = value; value == "{}" {
			s.FilterPolicy = "" // https://docs.aws.amazon.com/sns/latest/dg/message-filtering-policy-remove.html
		}
	case "FilterPolicyScope":
		s.FilterPolicyScope = value
	case "RedrivePolicy":
		s.RedrivePolicy = value
	case "RawMessageDelivery":
		raw, err := strconv.ParseBool(value)
		if err != nil || value != strconv.FormatBool(raw) {
			return fmt.Errorf("RawMessageDelivery: Invalid value [%s]. Must be true or false.", value) //lint:ignore ST1005 AWS's own wording
		}
		s.RawMessageDelivery = raw
	default:
		return fmt.Errorf("AttributeName: %s is not an attribute of a subscription that is emulated", name)
	}
	return nil
}

// ChangeTopic applies change to a topic, in one step with reading it, and stores the
// result. It fails with the errors of Topic, CreateTopic and change.
func (s *Service) ChangeTopic(arn string, change func(*Topic) error) (Topic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.Topic(arn)
	if err != nil {
		return Topic{}, err
	}
	old := t
	if err := change(&t); err != nil {
		return Topic{}, err
	}
	t.Name, t.ARN = old.Name, old.ARN
	return s.putTopic(t, old.Policy)
}

// EnsureTopic returns the topic with that name if its attributes and tags include the given
// ones, and creates it if there is none. set holds attributes by their names in
// CreateTopic. It fails with InvalidParameter.
//
// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
func (s *Service) EnsureTopic(name string, set, tags map[string]string) (Topic, error) {
	apply := func(t *Topic) error {
		for _, attribute := range slices.Sorted(maps.Keys(set)) {
			if err := t.Set(attribute, set[attribute]); err != nil {
				return err
			}
		}
		return nil
	}
	s.mu.Lock() // until a topic that another call puts is on disk
	old, exists := s.topics.Get(s.Place.ARN("sns", name).String())
	s.mu.Unlock()
	if !exists {
		t := Topic{Name: name, Tags: tags}
		if err := apply(&t); err != nil {
			return Topic{}, err
		}
		return s.CreateTopic(t)
	}
	wanted := old
	if err := apply(&wanted); err != nil {
		return Topic{}, err
	}
	if !wanted.sameAttributes(old) {
		return Topic{}, invalid("Attributes Reason: Topic already exists with different attributes")
	}
	for key, value := range tags {
		if has, ok := old.Tags[key]; !ok || has != value {
			return Topic{}, invalid("Tags Reason: Topic already exists with different tags")
		}
	}
	return old, nil
}

func (t Topic) sameAttributes(old Topic) bool {
	return t.DisplayName == old.DisplayName && t.Policy == old.Policy && t.DeliveryPolicy == old.DeliveryPolicy &&
		t.KMSMasterKeyID == old.KMSMasterKeyID && t.TracingConfig == old.TracingConfig &&
		max(t.SignatureVersion, 1) == max(old.SignatureVersion, 1) && maps.Equal(t.Feedback, old.Feedback)
}

// SetSubscriptionAttribute sets one attribute of a subscription; see Subscription.Set. It
// fails with InvalidParameter and NotFound.
func (s *Service) SetSubscriptionAttribute(arn, name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, err := s.Subscription(arn)
	if err != nil {
		return err
	}
	if err := sub.Set(name, value); err != nil {
		return invalid("%v", err)
	}
	_, err = s.updateSubscription(sub)
	return err
}

// CheckSubscriptionARN accepts the ARN of a subscription, whether or not it exists.
func CheckSubscriptionARN(arn string) error {
	parsed, err := cloud.ParseARN(arn)
	if err != nil {
		return invalid("SubscriptionArn Reason: %v", err)
	}
	if parsed.Service != "sns" || !strings.Contains(parsed.Resource, ":") {
		return invalid("SubscriptionId")
	}
	return nil
}
