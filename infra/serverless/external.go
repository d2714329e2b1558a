package serverless

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExternalQueueArgs are the arguments of NewExternalQueue.
type ExternalQueueArgs struct {
	// ARN is the ARN of a standard queue in the environment's region. Required.
	ARN pulumi.StringInput
	// KeyARN is the ARN of the KMS key that encrypts the queue. Default: none, for a
	// queue encrypted with SSE-SQS, or with the AWS managed key aws/sqs in the same
	// account. A queue with aws/sqs in another account cannot invoke a function.
	KeyARN pulumi.StringPtrInput
	// VisibilityTimeoutSeconds is the queue's own, 0 to 43200. It is only compared with
	// the timeout of the function that the queue invokes. Default: 30, that of SQS.
	VisibilityTimeoutSeconds pulumi.IntPtrInput
}

// ExternalQueue is a queue that something else owns, such as another stack. Its owner also
// determines its dead-letter queue, its alarms and its policy. A queue in another account
// must allow the function's role, and so must its key.
type ExternalQueue struct {
	ARN pulumi.StringOutput

	queue *Queue // without an SQS queue of its own
}

// NewExternalQueue declares a queue that exists, so that it can invoke a function. It
// creates nothing and changes nothing about the queue.
func NewExternalQueue(env *Environment, name string, args *ExternalQueueArgs, opts ...pulumi.ResourceOption) (*ExternalQueue, error) {
	if args == nil || args.ARN == nil {
		return nil, fmt.Errorf("queue %q: ARN is required", name)
	}
	if err := checkForm("queue", name); err != nil {
		return nil, err
	}
	q := &Queue{env: env, name: name, ARN: args.arn(env, name)}
	q.hidden = number("queue "+name, "VisibilityTimeoutSeconds", args.VisibilityTimeoutSeconds, limits{30, 0, 43200})
	if args.KeyARN != nil {
		q.outsideKey = text("queue "+name, "KeyARN", args.KeyARN, keyForm)
	}
	if err := env.register("ExternalQueue", name, q, nil, opts); err != nil {
		return nil, err
	}
	return &ExternalQueue{q.ARN, q}, env.ctx.RegisterResourceOutputs(q, pulumi.Map{"arn": q.ARN})
}

// Invoke makes Lambda invoke a function with batches of the queue's messages, as
// [Queue.Invoke] does. SQS moves the messages that keep failing to the dead-letter queue
// that the queue's owner has chosen, if any. Two functions, or two systems, that consume
// one queue each receive only some of its messages.
func (q *ExternalQueue) Invoke(f *Function, args *InvokeArgs, opts ...pulumi.ResourceOption) error {
	return q.queue.Invoke(f, args, opts...)
}

// queueARN is the ARN of a standard queue, with its region. The ARN of a FIFO queue ends
// with .fifo.
var queueARN = regexp.MustCompile(`^arn:aws[a-z-]*:sqs:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,80}$`)

// arn checks that Lambda can poll the queue from the environment's region.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
func (a *ExternalQueueArgs) arn(env *Environment, name string) pulumi.StringOutput {
	return pulumi.All(a.ARN, env.region).ApplyT(func(of []any) (string, error) {
		arn, region := of[0].(string), of[1].(string)
		parts := queueARN.FindStringSubmatch(arn)
		switch {
		case parts == nil:
			return "", fmt.Errorf("queue %s: ARN must be the ARN of a standard SQS queue, not %q", name, arn)
		case parts[1] != region:
			return "", fmt.Errorf("queue %s: it is in %s, and Lambda polls only queues in the function's region, %s", name, parts[1], region)
		}
		return arn, nil
	}).(pulumi.StringOutput)
}
