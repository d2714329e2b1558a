package serverless

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// invoked makes a queue q invoke the function f.
func invoked(env *Environment, f *Function, queue *QueueArgs, args *InvokeArgs) error {
	q, err := NewQueue(env, "q", queue)
	if err != nil {
		return err
	}
	return q.Invoke(f, args)
}

// TestInvoke proves that Lambda may poll the queue with the function's role, that it does
// so once it may, and that SQS moves what the function cannot process to the queue's
// dead-letter queue, which nothing but that queue uses.
func TestInvoke(t *testing.T) {
	c, err := withFunction(func(env *Environment, f *Function) error {
		return invoked(env, f, &QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(65), MaxReceives: pulumi.Int(3)},
			&InvokeArgs{BatchSize: pulumi.Int(100), WindowSeconds: pulumi.Int(5), MaxConcurrency: pulumi.Int(7)})
	})
	if err != nil {
		t.Fatal(err)
	}
	const mapping = "aws:lambda/eventSourceMapping:EventSourceMapping e-q"
	compareInputs(t, c, map[string]map[string]any{
		mapping: {
			"eventSourceArn": arn("e-q"), "functionName": arn("e-f"), "batchSize": 100.0, "maximumBatchingWindowInSeconds": 5.0,
			"functionResponseTypes": []any{"ReportBatchItemFailures"}, "scalingConfig": map[string]any{"maximumConcurrency": 7.0},
		},
		"aws:iam/rolePolicy:RolePolicy e-f-poll-q": {"role": "e-f", "policy": allow(poll, "q")},
		"aws:sqs/queue:Queue e-q": {
			"visibilityTimeoutSeconds": 65.0, "messageRetentionSeconds": 345600.0, "delaySeconds": 0.0, "receiveWaitTimeSeconds": 20.0, "sqsManagedSseEnabled": true,
			"redrivePolicy": `{"deadLetterTargetArn":"` + arn("e-q-dead-letters") + `","maxReceiveCount":3}`,
		},
		"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-q-dead-letters": {"queueUrl": "https://sqs/e-q-dead-letters", "redriveAllowPolicy": byQueue + `e-q"]}`},
		"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy e-f-failures":     {"queueUrl": "https://sqs/e-f-failures", "redriveAllowPolicy": redriveFromNone},
	})
	if after := c.resources[mapping].RegisterRPC.GetDependencies(); !strings.Contains(strings.Join(after, " ")+" ", "RolePolicy::e-f-poll-q ") {
		t.Errorf("Lambda polls before it may: after %s", after)
	}
}

// TestInvokeDefaults proves that Lambda passes on up to ten messages at once, with no limit
// of the concurrency.
func TestInvokeDefaults(t *testing.T) {
	c, err := withFunction(func(env *Environment, f *Function) error { return invoked(env, f, nil, nil) })
	if err != nil {
		t.Fatal(err)
	}
	compareInputs(t, c, map[string]map[string]any{"aws:lambda/eventSourceMapping:EventSourceMapping e-q": {
		"eventSourceArn": arn("e-q"), "functionName": arn("e-f"), "batchSize": 10.0, "maximumBatchingWindowInSeconds": 0.0,
		"functionResponseTypes": []any{"ReportBatchItemFailures"},
	}})
}

// TestInvokeOptions proves that the options reach both resources that Invoke creates, and
// not the queue, which has the name of one of them.
func TestInvokeOptions(t *testing.T) {
	c, err := withFunction(func(env *Environment, f *Function) error {
		q, err := NewQueue(env, "q", nil)
		if err != nil {
			return err
		}
		return q.Invoke(f, nil, pulumi.Protect(true))
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for name, r := range c.resources {
		if r.RegisterRPC.GetProtect() {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if want := []string{"aws:iam/rolePolicy:RolePolicy e-f-poll-q", "aws:lambda/eventSourceMapping:EventSourceMapping e-q"}; !slices.Equal(got, want) {
		t.Errorf("protected are %q, want %q", got, want)
	}
}

// TestInvokeRefuses proves that a relation that Lambda would refuse, or that would not do
// what it says, fails before anything is deployed.
func TestInvokeRefuses(t *testing.T) {
	with := func(queue QueueArgs, args InvokeArgs) func(*Environment, *Function) error {
		return func(env *Environment, f *Function) error { return invoked(env, f, &queue, &args) }
	}
	for _, test := range []struct {
		name    string
		program func(*Environment, *Function) error
		want    string
	}{
		{"hidden for less than the timeout", with(QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(9)}, InvokeArgs{WindowSeconds: pulumi.Int(3)}),
			"queue q: its VisibilityTimeoutSeconds must be at least the timeout of the function f, 10 seconds, not 9; AWS recommends 63"},
		{"a large batch at once", with(QueueArgs{}, InvokeArgs{BatchSize: pulumi.Int(11)}), "queue q: a BatchSize of 11, more than 10, requires a WindowSeconds of at least 1"},
		{"a large batch", with(QueueArgs{}, InvokeArgs{BatchSize: pulumi.Int(10001), WindowSeconds: pulumi.Int(1)}), "queue q: BatchSize must be a whole number from 1 to 10000, not 10001"},
		{"a long window", with(QueueArgs{}, InvokeArgs{WindowSeconds: pulumi.Int(301)}), "queue q: WindowSeconds must be a whole number from 0 to 300, not 301"},
		{"one at a time", with(QueueArgs{}, InvokeArgs{MaxConcurrency: pulumi.Int(1)}), "queue q: MaxConcurrency must be a whole number from 2 to 1000, not 1"},
		{"a second function", func(env *Environment, f *Function) error {
			q, err := NewQueue(env, "q", nil)
			if err != nil {
				return err
			}
			if err := q.Invoke(f, nil); err != nil {
				return err
			}
			return q.Invoke(&Function{env: env, name: "g"}, nil)
		}, "queue q: it already invokes the function f"},
		{"a queue of failures", func(_ *Environment, f *Function) error { return f.Failures.Invoke(f, nil) },
			"queue f-failures: it is part of a component and cannot invoke the function f"},
		{"a function in another environment", func(env *Environment, _ *Function) error {
			q, err := NewQueue(env, "q", nil)
			if err != nil {
				return err
			}
			return q.Invoke(&Function{env: &Environment{name: "other"}, name: "g"}, nil)
		}, "queue q: it is in the environment e and the function g in other"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := withFunction(test.program); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
