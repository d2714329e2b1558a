package serverless

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	outsideQueue = "arn:aws:sqs:us-east-1:123456789012:tally-prod-main-sums-1a2b3c4"
	outsideKey   = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// external makes a queue of another stack invoke the function f.
func external(env *Environment, f *Function, queue *ExternalQueueArgs) error {
	q, err := NewExternalQueue(env, "q", queue)
	if err != nil {
		return err
	}
	return q.Invoke(f, nil)
}

// TestExternalQueue proves that a queue of another stack invokes a function without any
// resource that belongs to the queue, and that Lambda may decrypt its messages before it
// polls. The environment's own key is another one.
func TestExternalQueue(t *testing.T) {
	const mapping = "aws:lambda/eventSourceMapping:EventSourceMapping e-q"
	const receive, decrypt = "aws:iam/rolePolicy:RolePolicy e-f-poll-q", "aws:iam/rolePolicy:RolePolicy e-f-poll-q-key"
	for _, test := range []struct {
		name string
		args ExternalQueueArgs
		want []string // besides the mapping
	}{
		{"with the key of SQS", ExternalQueueArgs{ARN: pulumi.String(outsideQueue)}, []string{receive}},
		{"with a key of its own", ExternalQueueArgs{ARN: pulumi.String(outsideQueue), KeyARN: pulumi.String(outsideKey)}, []string{receive, decrypt}},
	} {
		for _, customerKey := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				without, err := within(EnvironmentArgs{CustomerKey: customerKey}, func(env *Environment) error {
					_, err := newFunction(env, "f")
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				c, err := within(EnvironmentArgs{CustomerKey: customerKey}, func(env *Environment) error {
					f, err := newFunction(env, "f")
					if err != nil {
						return err
					}
					return external(env, f, &test.args)
				})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for name := range c.resources {
					if _, ok := without.resources[name]; !ok {
						got = append(got, name)
					}
				}
				slices.Sort(got)
				if want := append(slices.Clone(test.want), mapping, "tally:serverless:ExternalQueue e-q"); !slices.Equal(got, want) {
					t.Fatalf("created %q, want %q", got, want)
				}
				want := map[string]map[string]any{
					mapping: {
						"eventSourceArn": outsideQueue, "functionName": arn("e-f"), "batchSize": 10.0, "maximumBatchingWindowInSeconds": 0.0,
						"functionResponseTypes": []any{"ReportBatchItemFailures"},
					},
					receive: {"role": "e-f", "policy": allowARN(poll, outsideQueue)},
				}
				if slices.Contains(test.want, decrypt) {
					want[decrypt] = map[string]any{"role": "e-f", "policy": allowARN(`["kms:Decrypt"]`, outsideKey)}
				}
				compareInputs(t, c, want)
				after := strings.Join(c.resources[mapping].RegisterRPC.GetDependencies(), " ") + " "
				for _, name := range test.want {
					if _, policy, _ := strings.Cut(name, " "); !strings.Contains(after, "RolePolicy::"+policy+" ") {
						t.Errorf("Lambda polls before it may: after %s", after)
					}
				}
			})
		}
	}
}

// TestExternalQueueRefuses proves that a queue that Lambda could not poll for the function
// fails the preview.
func TestExternalQueueRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		args ExternalQueueArgs
		want string
	}{
		{"no ARN", ExternalQueueArgs{}, `queue "q": ARN is required`},
		{"a URL", ExternalQueueArgs{ARN: pulumi.String("https://sqs.us-east-1.amazonaws.com/123456789012/sums")},
			`queue q: ARN must be the ARN of a standard SQS queue, not "https://sqs.us-east-1.amazonaws.com/123456789012/sums"`},
		{"a FIFO queue", ExternalQueueArgs{ARN: pulumi.String("arn:aws:sqs:us-east-1:123456789012:sums.fifo")}, "queue q: ARN must be the ARN of a standard SQS queue"},
		{"another region", ExternalQueueArgs{ARN: pulumi.String("arn:aws:sqs:eu-west-1:123456789012:sums")},
			"queue q: it is in eu-west-1, and Lambda polls only queues in the function's region, us-east-1"},
		{"an alias of a key", ExternalQueueArgs{ARN: pulumi.String(outsideQueue), KeyARN: pulumi.String("arn:aws:kms:us-east-1:123456789012:alias/tally")},
			"queue q: KeyARN must be the ARN of a KMS key"},
		{"hidden for too long", ExternalQueueArgs{ARN: pulumi.String(outsideQueue), VisibilityTimeoutSeconds: pulumi.Int(43201)},
			"queue q: VisibilityTimeoutSeconds must be a whole number from 0 to 43200, not 43201"},
		{"hidden for less than the timeout", ExternalQueueArgs{ARN: pulumi.String(outsideQueue), VisibilityTimeoutSeconds: pulumi.Int(9)},
			"queue q: its VisibilityTimeoutSeconds must be at least the timeout of the function f, 10 seconds, not 9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := withFunction(func(env *Environment, f *Function) error { return external(env, f, &test.args) })
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
