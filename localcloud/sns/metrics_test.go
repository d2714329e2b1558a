package sns_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

// reports is a cloud.Metrics that sums the values of the topic numbers.
type reports struct {
	mu   sync.Mutex
	sums map[string]float64
}

func (r *reports) Report(namespace string, _ time.Time, dimensions [][]cloud.Dimension, values []cloud.MetricValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		if namespace == "AWS/SNS" && len(dimensions) == 1 && dimensions[0][0] == (cloud.Dimension{Name: "TopicName", Value: "numbers"}) {
			r.sums[v.Name] += v.Value
		}
	}
}

func TestMetrics(t *testing.T) {
	refusal := cloud.Errorf(403, "AccessDenied", "no")
	const filtered = "NumberOfNotificationsFilteredOut"
	for name, c := range map[string]struct {
		sub     sns.Subscription
		message sns.Message
		refuse  map[string]error // by queue
		want    map[string]float64
	}{
		"delivered": {sns.Subscription{}, sns.Message{}, nil, map[string]float64{"NumberOfNotificationsDelivered": 1}},
		"lost":      {sns.Subscription{}, sns.Message{}, map[string]error{queue: refusal}, map[string]float64{"NumberOfNotificationsFailed": 1}},
		"redriven": {sns.Subscription{RedrivePolicy: redrive}, sns.Message{}, map[string]error{queue: refusal},
			map[string]float64{"NumberOfNotificationsFailed": 1, "NumberOfNotificationsRedrivenToDlq": 1}},
		"lost twice": {sns.Subscription{RedrivePolicy: redrive}, sns.Message{}, map[string]error{queue: refusal, deadLetter: refusal},
			map[string]float64{"NumberOfNotificationsFailed": 1, "NumberOfNotificationsFailedToRedriveToDlq": 1}},
		"without attributes": {sns.Subscription{FilterPolicy: `{"a":["x"]}`}, sns.Message{}, nil, map[string]float64{filtered: 1, filtered + "-NoMessageAttributes": 1}},
		"other attributes": {sns.Subscription{FilterPolicy: `{"a":["x"]}`}, sns.Message{Attributes: map[string]sns.Attribute{"a": {DataType: "String", StringValue: "y"}}}, nil,
			map[string]float64{filtered: 1, filtered + "-MessageAttributes": 1}},
		"another body": {sns.Subscription{FilterPolicy: `{"a":["x"]}`, FilterPolicyScope: "MessageBody"}, sns.Message{Body: `{"a":"y"}`}, nil, map[string]float64{filtered: 1, filtered + "-MessageBody": 1}},
		"not JSON":     {sns.Subscription{FilterPolicy: `{"a":["x"]}`, FilterPolicyScope: "MessageBody"}, sns.Message{}, nil, map[string]float64{filtered: 1, filtered + "-InvalidMessageBody": 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &reports{sums: map[string]float64{}}
			q := &queues{refuse: c.refuse}
			s, err := sns.New(sns.Options{Place: place, Authorizer: authorizer(allow), Journal: &journal{}, Queues: q, Metrics: r,
				Targets: map[string]sns.Target{"sqs": sns.SQSTarget(q)}})
			if err != nil {
				t.Fatal(err)
			}
			s.Start()
			if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
				t.Fatal(err)
			}
			c.sub.TopicARN, c.sub.Protocol, c.sub.Endpoint = numbers, "sqs", queue
			if _, err := s.Subscribe(c.sub); err != nil {
				t.Fatal(err)
			}
			if c.message.Body == "" {
				c.message.Body = "hello"
			}
			if _, err := s.Publish(t.Context(), developer(), numbers, c.message); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			_ = s.Close()
			c.want["NumberOfMessagesPublished"] = 1
			size := r.sums["PublishSize"]
			delete(r.sums, "PublishSize")
			if diff := cmp.Diff(c.want, r.sums); diff != "" || size < 5 {
				t.Errorf("%s: %v bytes, metrics (-want +got)\n%s", name, size, diff)
			}
		})
	}
}
