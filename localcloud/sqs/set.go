package sqs

import (
	"maps"
	"slices"
	"strconv"
)

// Set sets the attribute with that name in CreateQueue and SetQueueAttributes; "" removes a
// policy or a key. It fails with InvalidAttributeName and InvalidAttributeValue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
func (q *Queue) Set(name, value string) error {
	number := func(to *int, check func(int) error) error {
		n, err := strconv.Atoi(value)
		if err != nil {
			return refusal("InvalidAttributeValue", "Invalid value for the parameter %s.", name)
		}
		*to = n
		return check(n)
	}
	switch name {
	case "VisibilityTimeout":
		return number(&q.VisibilityTimeoutSeconds, CheckVisibilityTimeout)
	case "MessageRetentionPeriod":
		return number(&q.RetentionSeconds, CheckMessageRetentionPeriod)
	case "DelaySeconds":
		return number(&q.DelaySeconds, CheckDelaySeconds)
	case "MaximumMessageSize":
		return number(&q.MaxMessageBytes, CheckMaximumMessageSize)
	case "ReceiveMessageWaitTimeSeconds":
		return number(&q.ReceiveWaitSeconds, CheckReceiveMessageWaitTime)
	case "KmsDataKeyReusePeriodSeconds":
		return number(&q.KMSReuseSeconds, CheckKMSDataKeyReusePeriod)
	case "Policy":
		q.Policy = value
	case "RedrivePolicy":
		q.RedrivePolicy = value
	case "RedriveAllowPolicy":
		q.RedriveAllowPolicy = value
	case "KmsMasterKeyId":
		if q.KMSMasterKeyID = value; value != "" {
			q.SSE = false // a KMS key replaces the key of SQS
		}
	case "SqsManagedSseEnabled":
		on, err := strconv.ParseBool(value)
		if err != nil {
			return refusal("InvalidAttributeValue", "Invalid value for the parameter SqsManagedSseEnabled.")
		}
		q.SSE = on
	case "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
		return refusal("InvalidAttributeName", "Unknown Attribute %s. (FIFO queues are not emulated; use a standard queue)", name)
	default:
		return refusal("InvalidAttributeName", "Unknown Attribute %s.", name)
	}
	return nil
}

// setAll sets attributes by their names. The encryption with a key of SQS replaces that
// with a key of KMS, unless the same request sets both, which is refused later.
func (q *Queue) setAll(set map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if err := q.Set(name, set[name]); err != nil {
			return err
		}
	}
	if _, both := set["KmsMasterKeyId"]; !both && set["SqsManagedSseEnabled"] == "true" {
		q.KMSMasterKeyID = ""
	}
	return nil
}

// EnsureQueue returns the queue with that name if its attributes include the given ones, and
// creates it if there is none. It fails with QueueAlreadyExists and the errors of Set.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func (s *Service) EnsureQueue(name string, set, tags map[string]string) (Queue, error) {
	if err := CheckName(name); err != nil {
		return Queue{}, err
	}
	old, exists := s.queues.Get(name)
	if !exists {
		q := Queue{Name: name, SSE: true, VisibilityTimeoutSeconds: 30, Tags: tags} // AWS's defaults
		if err := q.setAll(set); err != nil {
			return Queue{}, err
		}
		return s.CreateQueue(q)
	}
	wanted := old.Queue
	if err := wanted.setAll(set); err != nil {
		return Queue{}, err
	}
	has, wants := old.Queue.settings(), wanted.settings()
	for _, attribute := range slices.Sorted(maps.Keys(set)) {
		if has[attribute] != wants[attribute] {
			return Queue{}, refusal("QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute %s", attribute)
		}
	}
	return s.withURL(old.Queue), nil
}

// SetAttributes sets attributes of a queue by their names. It fails with the errors of Set
// and UpdateQueue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
func (s *Service) SetAttributes(url string, set map[string]string) error {
	_, err := s.UpdateQueue(url, func(q *Queue) error { return q.setAll(set) })
	return err
}
