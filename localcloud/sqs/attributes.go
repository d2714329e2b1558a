package sqs

import (
	"maps"
	"strconv"
	"time"
)

// Counts are the numbers of messages in a queue.
type Counts struct {
	Available int
	InFlight  int // received, and hidden until their visibility timeout is over
	Delayed   int // sent, but not yet available
}

// Count counts the messages of a queue. Of messages past their retention period, it may
// count those that have not been removed yet. Its errors are those of Queue.
func (s *Service) Count(url string) (Counts, error) {
	q, err := s.Queue(url)
	if err != nil {
		return Counts{}, err
	}
	c, _, _, err := s.state(q)
	return c, err
}

// state returns the counts of a queue, the age of its oldest message, 0 if there is none,
// and when it was last accessed.
func (s *Service) state(q Queue) (c Counts, oldest time.Duration, used time.Time, err error) {
	b := s.backlog(q.Name)
	if b == nil {
		return Counts{}, 0, time.Time{}, nonExistent()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := s.now().process
	if err := s.expire(q, b, now); err != nil {
		return Counts{}, 0, time.Time{}, err
	}
	b.promote(now)
	if m := b.ages.first(); m != nil {
		oldest = now - m.sent
		if waits := now - max(m.available, m.sent); !m.isHidden && s.pace > 1 {
			oldest += time.Duration(float64(waits) * (float64(s.pace) - 1))
		}
	}
	return Counts{b.ready.Len(), b.inFlight, b.hidden.Len() - b.inFlight}, oldest, b.used, nil
}

// Attributes returns the attributes of a queue that are set, by their names in
// GetQueueAttributes.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
func (s *Service) Attributes(url string) (map[string]string, error) {
	q, err := s.Queue(url)
	if err != nil {
		return nil, err
	}
	c, err := s.Count(url)
	if err != nil {
		return nil, err
	}
	a := q.settings()
	maps.Copy(a, map[string]string{
		"QueueArn":                              q.ARN,
		"ApproximateNumberOfMessages":           strconv.Itoa(c.Available),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(c.InFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(c.Delayed),
		"CreatedTimestamp":                      strconv.FormatInt(q.Created.Unix(), 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.Modified.Unix(), 10),
	})
	return a, nil
}

// settings returns the attributes that clients can set, as far as they are set.
func (q Queue) settings() map[string]string {
	a := map[string]string{
		"VisibilityTimeout":             strconv.Itoa(q.VisibilityTimeoutSeconds),
		"MaximumMessageSize":            strconv.Itoa(q.MaxMessageBytes),
		"MessageRetentionPeriod":        strconv.Itoa(q.RetentionSeconds),
		"DelaySeconds":                  strconv.Itoa(q.DelaySeconds),
		"ReceiveMessageWaitTimeSeconds": strconv.Itoa(q.ReceiveWaitSeconds),
		"SqsManagedSseEnabled":          strconv.FormatBool(q.SSE),
	}
	for name, value := range map[string]string{
		"Policy": q.Policy, "RedrivePolicy": q.RedrivePolicy, "RedriveAllowPolicy": q.RedriveAllowPolicy, "KmsMasterKeyId": q.KMSMasterKeyID,
	} {
		if value != "" {
			a[name] = value
		}
	}
	if q.KMSMasterKeyID != "" {
		a["KmsDataKeyReusePeriodSeconds"] = strconv.Itoa(q.KMSReuseSeconds)
	}
	return a
}

// AttributeNames returns the names that GetQueueAttributes accepts.
func AttributeNames() []string {
	return []string{
		"All", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
		"CreatedTimestamp", "DelaySeconds", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "LastModifiedTimestamp",
		"MaximumMessageSize", "MessageRetentionPeriod", "Policy", "QueueArn", "ReceiveMessageWaitTimeSeconds",
		"RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout",
	}
}
