package serverless

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// fanIn subscribes a queue to two topics, and allows the function f to send to
// it and to consume from it.
func fanIn(env *Environment, f *Function) error {
	q, err := NewQueue(env, "q", nil)
	if err != nil {
		return err
	}
	for _, name := range []string{"a", "b"} {
		topic, err := NewTopic(env, name, nil)
		if err != nil {
			return err
		}
		if _, err := topic.Subscribe(q, &SubscriptionArgs{RawMessageDelivery: name == "a"}); err != nil {
			return err
		}
	}
	if err := q.GrantSend(f); err != nil {
		return err
	}
	return q.GrantConsume(f)
}

func TestQueue(t *testing.T) {
	c, err := withFunction(fanIn)
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]map[string]any{
		"aws:sqs/queue:Queue e-q": {
			"visibilityTimeoutSeconds": 30.0, "messageRetentionSeconds": 345600.0, "delaySeconds": 0.0, "receiveWaitTimeSeconds": 20.0,
			"sqsManagedSseEnabled": true, "redrivePolicy": `{"deadLetterTargetArn":"arn:aws:service:r:a:e-q-dead-letters","maxReceiveCount":5}`,
		},
		"aws:sqs/queue:Queue e-q-dead-letters": {"messageRetentionSeconds": 1209600.0, "sqsManagedSseEnabled": true},
		"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-q-dead-letters": {
			"queueUrl": "https://sqs/e-q-dead-letters", "redriveAllowPolicy": `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:service:r:a:e-q"]}`,
		},
		"aws:sqs/queuePolicy:QueuePolicy e-q": {"queueUrl": "https://sqs/e-q", "policy": `{"Statement":[` +
			`{"Action":["sqs:SendMessage"],"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:service:r:a:e-a"}},"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Resource":["arn:aws:service:r:a:e-q"]},` +
			`{"Action":["sqs:SendMessage"],"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:service:r:a:e-b"}},"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Resource":["arn:aws:service:r:a:e-q"]},` +
			`{"Action":["sqs:*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","Principal":"*","Resource":["arn:aws:service:r:a:e-q"],"Sid":"TLSOnly"}],"Version":"2012-10-17"}`},
		"aws:sns/topicSubscription:TopicSubscription e-a-q": {
			"topic": "arn:aws:service:r:a:e-a", "protocol": "sqs", "endpoint": "arn:aws:service:r:a:e-q", "rawMessageDelivery": true,
			"redrivePolicy": `{"deadLetterTargetArn":"arn:aws:service:r:a:e-a-q-redrive"}`,
		},
		"aws:sns/topicSubscription:TopicSubscription e-b-q": {
			"topic": "arn:aws:service:r:a:e-b", "protocol": "sqs", "endpoint": "arn:aws:service:r:a:e-q",
			"redrivePolicy": `{"deadLetterTargetArn":"arn:aws:service:r:a:e-b-q-redrive"}`,
		},
	} {
		if diff := cmp.Diff(want, c.inputs(t, resource)); diff != "" {
			t.Errorf("%s: %s", resource, diff)
		}
	}
	for name, actions := range map[string]string{
		"e-f-send-q":    `["sqs:SendMessage"]`,
		"e-f-consume-q": `["sqs:ChangeMessageVisibility","sqs:DeleteMessage","sqs:GetQueueAttributes","sqs:ReceiveMessage"]`,
	} {
		want := `{"Statement":[{"Action":` + actions + `,"Effect":"Allow","Resource":["arn:aws:service:r:a:e-q"]}],"Version":"2012-10-17"}`
		if diff := cmp.Diff(any(want), c.inputs(t, "aws:iam/rolePolicy:RolePolicy "+name)["policy"]); diff != "" {
			t.Error(diff)
		}
	}
	for name, threshold := range map[string]float64{"e-q-age": 3600, "e-q-dead-letters-messages": 1} {
		if got := c.inputs(t, "aws:cloudwatch/metricAlarm:MetricAlarm "+name)["threshold"]; got != threshold {
			t.Errorf("the alarm %s has the threshold %v", name, got)
		}
	}
}

// TestQueueSubscription proves that a subscription depends on the policies that
// allow SNS to deliver.
func TestQueueSubscription(t *testing.T) {
	c, err := withFunction(fanIn)
	if err != nil {
		t.Fatal(err)
	}
	dependencies := strings.Join(c.resources["aws:sns/topicSubscription:TopicSubscription e-a-q"].RegisterRPC.GetDependencies(), " ")
	for _, want := range []string{"aws:sqs/queuePolicy:QueuePolicy::e-q ", "aws:sqs/queuePolicy:QueuePolicy::e-a-q-redrive"} {
		if !strings.Contains(dependencies+" ", want) {
			t.Errorf("the subscription depends only on %s", dependencies)
		}
	}
}

// TestFailureQueueSubscription proves that a failure queue cannot be subscribed
// to a topic.
func TestFailureQueueSubscription(t *testing.T) {
	_, err := withFunction(func(env *Environment, f *Function) error {
		topic, err := NewTopic(env, "t", nil)
		if err != nil {
			return err
		}
		_, err = topic.Subscribe(f.Failures, nil)
		return err
	})
	if want := "subscription t-f-failures: the queue f-failures is part of a component and cannot be subscribed"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

// TestQueueKey proves that the environment's key encrypts all queues if the
// environment requires it.
func TestQueueKey(t *testing.T) {
	c, err := within(EnvironmentArgs{CustomerKey: true}, func(env *Environment) error {
		_, err := NewQueue(env, "q", &QueueArgs{MaxReceives: pulumi.Int(3)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"e-q", "e-q-dead-letters"} {
		got := c.inputs(t, "aws:sqs/queue:Queue "+name)
		if got["kmsMasterKeyId"] != "arn:aws:service:r:a:e-key" || got["sqsManagedSseEnabled"] != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
