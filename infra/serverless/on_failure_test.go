package serverless

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// recorded makes a function g handle the failures of f and, with a buffer, subscribes f
// to a topic t with it.
func recorded(env *Environment, f *Function, buffer *BufferArgs) error {
	g, err := NewFunction(env, "g", &FunctionArgs{Code: pulumi.NewFileArchive("g.zip"), TimeoutSeconds: pulumi.Int(20)})
	if err != nil {
		return err
	}
	if err := f.OnFailure(g); err != nil {
		return err
	}
	if buffer == nil {
		return nil
	}
	topic, err := NewTopic(env, "t", nil)
	if err != nil {
		return err
	}
	_, err = topic.Subscribe(f, &SubscriptionArgs{Buffer: buffer})
	return err
}

// arn returns the ARN of a resource in the mock.
func arn(name string) string { return "arn:aws:service:r:a:" + name }

// compareInputs compares the inputs of resources with those wanted.
func compareInputs(t *testing.T, c *cloud, want map[string]map[string]any) {
	t.Helper()
	for resource, inputs := range want {
		if diff := cmp.Diff(inputs, c.inputs(t, resource)); diff != "" {
			t.Errorf("%s: %s", resource, diff)
		}
	}
}

// allow returns a policy that allows actions on the resource e-<on>.
func allow(actions, on string) string { return allowARN(actions, arn("e-"+on)) }

// allowARN is like allow, for a resource that the environment does not create.
func allowARN(actions, arn string) string {
	return `{"Statement":[{"Action":` + actions + `,"Effect":"Allow","Resource":["` + arn + `"]}],"Version":"2012-10-17"}`
}

// oneSender returns the policy of a queue that accepts messages from a role.
func oneSender(role, queue string) string {
	return `{"Statement":[{"Action":["sqs:SendMessage"],"Effect":"Allow","Principal":{"AWS":"` + arn("e-"+role) + `"},"Resource":["` + arn("e-"+queue) + `"],"Sid":"OneSender"},` +
		`{"Action":["sqs:*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","Principal":"*","Resource":["` + arn("e-"+queue) + `"],"Sid":"TLSOnly"}],"Version":"2012-10-17"}`
}

const (
	poll    = `["sqs:DeleteMessage","sqs:GetQueueAttributes","sqs:ReceiveMessage"]`
	send    = `["sqs:SendMessage"]`
	byQueue = `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:service:r:a:`
)

// TestOnFailure proves that failed events go to the handler's queue alone, that Lambda
// passes them to the handler, that only the handler sends to the failure queue, and that
// SQS moves what the handler cannot process there.
func TestOnFailure(t *testing.T) {
	c, err := withFunction(func(env *Environment, f *Function) error { return recorded(env, f, nil) })
	if err != nil {
		t.Fatal(err)
	}
	compareInputs(t, c, map[string]map[string]any{
		"aws:sqs/queue:Queue e-f-on-failure": {
			"visibilityTimeoutSeconds": 120.0, "messageRetentionSeconds": 1209600.0, "delaySeconds": 0.0, "receiveWaitTimeSeconds": 20.0, "sqsManagedSseEnabled": true,
		},
		"aws:sqs/redrivePolicy:RedrivePolicy e-f-on-failure": {
			"queueUrl": "https://sqs/e-f-on-failure", "redrivePolicy": `{"deadLetterTargetArn":"` + arn("e-f-failures") + `","maxReceiveCount":5}`,
		},
		"aws:sqs/queue:Queue e-f-failures":                             {"messageRetentionSeconds": 1209600.0, "sqsManagedSseEnabled": true},
		"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-f-failures":   {"queueUrl": "https://sqs/e-f-failures", "redriveAllowPolicy": byQueue + `e-f-on-failure"]}`},
		"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-f-on-failure": {"queueUrl": "https://sqs/e-f-on-failure", "redriveAllowPolicy": redriveFromNone},
		"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-g-failures":   {"queueUrl": "https://sqs/e-g-failures", "redriveAllowPolicy": redriveFromNone},
		"aws:sqs/queuePolicy:QueuePolicy e-f-on-failure":               {"queueUrl": "https://sqs/e-f-on-failure", "policy": oneSender("f", "f-on-failure")},
		"aws:sqs/queuePolicy:QueuePolicy e-f-failures":                 {"queueUrl": "https://sqs/e-f-failures", "policy": oneSender("g", "f-failures")},
		"aws:sqs/queuePolicy:QueuePolicy e-g-failures":                 {"queueUrl": "https://sqs/e-g-failures", "policy": oneSender("g", "g-failures")},
		"aws:iam/rolePolicy:RolePolicy e-f-failures":                   {"role": "e-f", "policy": allow(send, "f-on-failure")},
		"aws:iam/rolePolicy:RolePolicy e-g-poll-f-on-failure":          {"role": "e-g", "policy": allow(poll, "f-on-failure")},
		"aws:iam/rolePolicy:RolePolicy e-g-send-f-failures":            {"role": "e-g", "policy": allow(send, "f-failures")},
		"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig e-f": {
			"functionName": "e-f", "qualifier": "live", "maximumRetryAttempts": 2.0, "maximumEventAgeInSeconds": 21600.0,
			"destinationConfig": map[string]any{"onFailure": map[string]any{"destination": arn("e-f-on-failure")}},
		},
		"aws:lambda/eventSourceMapping:EventSourceMapping e-f-on-failure": {
			"eventSourceArn": arn("e-f-on-failure"), "functionName": arn("e-g"), "batchSize": 10.0, "maximumBatchingWindowInSeconds": 0.0,
			"functionResponseTypes": []any{"ReportBatchItemFailures"}, "scalingConfig": map[string]any{"maximumConcurrency": 2.0},
		},
	})
	for resource, after := range map[string][]string{
		"aws:lambda/eventSourceMapping:EventSourceMapping e-f-on-failure":    {"RolePolicy::e-g-poll-f-on-failure", "RedrivePolicy::e-f-on-failure"},
		"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig e-f": {"RolePolicy::e-f-failures", "QueuePolicy::e-f-on-failure"},
		"aws:sqs/redrivePolicy:RedrivePolicy e-f-on-failure":                 {"RedriveAllowPolicy::e-f-failures"},
	} {
		dependencies := strings.Join(c.resources[resource].RegisterRPC.GetDependencies(), " ") + " "
		for _, want := range after {
			if !strings.Contains(dependencies, want+" ") {
				t.Errorf("%s does not depend on %s", resource, want)
			}
		}
	}
	if got := c.inputs(t, "aws:cloudwatch/metricAlarm:MetricAlarm e-f-on-failure-age")["threshold"]; got != 3600.0 {
		t.Errorf("the alarm about the age of failures has the threshold %v", got)
	}
}

// TestBuffer proves that a buffer is subscribed to the topic instead of the function,
// that Lambda passes its messages to the function, and that SQS moves those that the
// function cannot process to where its failed events go.
func TestBuffer(t *testing.T) {
	buffer := &BufferArgs{BatchSize: pulumi.Int(100), WindowSeconds: pulumi.Int(5), MaxConcurrency: pulumi.Int(7), MaxReceives: pulumi.Int(3)}
	c, err := withFunction(func(env *Environment, f *Function) error { return recorded(env, f, buffer) })
	if err != nil {
		t.Fatal(err)
	}
	compareInputs(t, c, map[string]map[string]any{
		"aws:sns/topicSubscription:TopicSubscription e-t-f": {
			"topic": arn("e-t"), "protocol": "sqs", "endpoint": arn("e-t-f-buffer"), "redrivePolicy": `{"deadLetterTargetArn":"` + arn("e-t-f-redrive") + `"}`,
		},
		"aws:sqs/queue:Queue e-t-f-buffer": {
			"visibilityTimeoutSeconds": 65.0, "messageRetentionSeconds": 345600.0, "delaySeconds": 0.0, "receiveWaitTimeSeconds": 20.0, "sqsManagedSseEnabled": true,
		},
		"aws:sqs/redrivePolicy:RedrivePolicy e-t-f-buffer": {
			"queueUrl": "https://sqs/e-t-f-buffer", "redrivePolicy": `{"deadLetterTargetArn":"` + arn("e-f-on-failure") + `","maxReceiveCount":3}`,
		},
		// Three of these receives are in the buffer.
		"aws:sqs/redrivePolicy:RedrivePolicy e-f-on-failure": {
			"queueUrl": "https://sqs/e-f-on-failure", "redrivePolicy": `{"deadLetterTargetArn":"` + arn("e-f-failures") + `","maxReceiveCount":8}`,
		},
		"aws:sqs/queuePolicy:QueuePolicy e-t-f-buffer": {"queueUrl": "https://sqs/e-t-f-buffer", "policy": `{"Statement":[` +
			`{"Action":["sqs:SendMessage"],"Condition":{"ArnEquals":{"aws:SourceArn":"` + arn("e-t") + `"}},"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Resource":["` + arn("e-t-f-buffer") + `"]},` +
			`{"Action":["sqs:*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","Principal":"*","Resource":["` + arn("e-t-f-buffer") + `"],"Sid":"TLSOnly"}],"Version":"2012-10-17"}`},
		"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-f-on-failure": {"queueUrl": "https://sqs/e-f-on-failure", "redriveAllowPolicy": byQueue + `e-t-f-buffer"]}`},
		"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-f-failures":   {"queueUrl": "https://sqs/e-f-failures", "redriveAllowPolicy": byQueue + `e-f-on-failure"]}`},
		"aws:iam/rolePolicy:RolePolicy e-f-poll-t-f-buffer":            {"role": "e-f", "policy": allow(poll, "t-f-buffer")},
		"aws:lambda/eventSourceMapping:EventSourceMapping e-t-f-buffer": {
			"eventSourceArn": arn("e-t-f-buffer"), "functionName": arn("e-f"), "batchSize": 100.0, "maximumBatchingWindowInSeconds": 5.0,
			"functionResponseTypes": []any{"ReportBatchItemFailures"}, "scalingConfig": map[string]any{"maximumConcurrency": 7.0},
		},
	})
	if _, ok := c.resources["aws:lambda/permission:Permission e-t-f"]; ok {
		t.Error("the topic may invoke the function, although it does not")
	}
}

// TestBufferWithoutHandler proves that messages that a function without a handler for
// its failures cannot process are stored with its failed events.
func TestBufferWithoutHandler(t *testing.T) {
	var subscription *Subscription
	c, err := withFunction(func(env *Environment, f *Function) error {
		topic, err := NewTopic(env, "t", nil)
		if err != nil {
			return err
		}
		subscription, err = topic.Subscribe(f, &SubscriptionArgs{Buffer: &BufferArgs{}, FilterPolicy: pulumi.Map{"a": pulumi.ToStringArray([]string{"b"})}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if subscription.Buffer == nil || subscription.Redrive == nil {
		t.Errorf("got %+v", subscription)
	}
	if got := c.inputs(t, "aws:sns/topicSubscription:TopicSubscription e-t-f")["filterPolicy"]; got != `{"a":["b"]}` {
		t.Errorf("the filter policy is %v", got)
	}
	if got := c.inputs(t, "aws:sqs/redrivePolicy:RedrivePolicy e-t-f-buffer")["redrivePolicy"]; got != `{"deadLetterTargetArn":"`+arn("e-f-failures")+`","maxReceiveCount":5}` {
		t.Errorf("the redrive policy is %v", got)
	}
	if got := c.inputs(t, "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-f-failures")["redriveAllowPolicy"]; got != byQueue+`e-t-f-buffer"]}` {
		t.Errorf("the redrive allow policy is %v", got)
	}
	mapping := c.inputs(t, "aws:lambda/eventSourceMapping:EventSourceMapping e-t-f-buffer")
	if mapping["batchSize"] != 10.0 || mapping["scalingConfig"] != nil {
		t.Errorf("the mapping is %v", mapping)
	}
}
