package serverless

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestFailures proves that Failures contains every failure queue, and the function
// that should have processed its messages, if there is one.
func TestFailures(t *testing.T) {
	var got any
	_, err := withFunction(func(env *Environment, f *Function) error {
		topic, err := NewTopic(env, "t", &TopicArgs{Webhook: pulumi.String("https://example.com/")})
		if err != nil {
			return err
		}
		q, err := NewQueue(env, "q", nil)
		if err != nil {
			return err
		}
		for _, to := range []Subscriber{f, q} {
			if _, err := topic.Subscribe(to, nil); err != nil {
				return err
			}
		}
		pulumi.ToOutput(env.Failures()).ApplyT(func(all any) any {
			got = all
			return nil
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const alias = "arn:aws:service:r:a:e-f"
	want := []any{
		map[string]any{"name": "f-failures", "queueUrl": "https://sqs/e-f-failures", "functionArn": alias},
		map[string]any{"name": "t-webhook-redrive", "queueUrl": "https://sqs/e-t-webhook-redrive"},
		map[string]any{"name": "q-dead-letters", "queueUrl": "https://sqs/e-q-dead-letters"},
		map[string]any{"name": "t-f-redrive", "queueUrl": "https://sqs/e-t-f-redrive", "functionArn": alias},
		map[string]any{"name": "t-q-redrive", "queueUrl": "https://sqs/e-t-q-redrive"},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Error(diff)
	}
}
