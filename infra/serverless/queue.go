package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Queue keeps what could not be handled, for two weeks, until somebody looks.
// It takes messages of one sender alone, and any message raises an alarm.
type Queue struct {
	pulumi.ResourceState

	URL pulumi.StringOutput
	ARN pulumi.StringOutput

	policy *sqs.QueuePolicy // whoever sends waits for it
}

// keptSeconds is two weeks, the longest that SQS keeps a message.
const keptSeconds = 14 * 24 * 60 * 60

// sender is who may put messages into a queue.
type sender struct {
	principal pulumi.Input
	condition pulumi.Map
}

// newQueue creates a queue for the failures of parent.
func newQueue(e *Environment, name string, from sender, parent pulumi.Resource) (*Queue, error) {
	q := &Queue{}
	if err := checkName("queue", name, longestQueue); err != nil {
		return nil, err
	}
	if err := e.register("Queue", name, q, pulumi.Parent(parent)); err != nil {
		return nil, err
	}
	args := &sqs.QueueArgs{
		MessageRetentionSeconds: pulumi.Int(keptSeconds),
		// No other queue may use this one for its own dead letters.
		RedriveAllowPolicy: pulumi.String(`{"redrivePermission":"denyAll"}`),
	}
	if key := e.customerKey(); key != nil {
		args.KmsMasterKeyId = key
	} else {
		args.SqsManagedSseEnabled = pulumi.Bool(true)
	}
	queue, err := sqs.NewQueue(e.ctx, name, args, e.keep(q)...)
	if err != nil {
		return nil, err
	}
	q.policy, err = sqs.NewQueuePolicy(e.ctx, name, &sqs.QueuePolicyArgs{
		QueueUrl: queue.Url,
		Policy: document(
			statement{
				Sid: "OneSender", Principal: from.principal, Condition: from.condition,
				Action: []string{"sqs:SendMessage"}, Resource: []pulumi.StringInput{queue.Arn},
			},
			denyPlainText("sqs:*", queue.Arn)),
	}, pulumi.Parent(q))
	if err != nil {
		return nil, err
	}
	waiting := metric{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", pulumi.StringMap{"QueueName": queue.Name}}
	e.show("Failed messages in "+name, waiting)
	if err := e.watch(name, q, alarm{
		name: "messages", metric: waiting, atLeast: 1,
		meaning: "A message could not be handled and waits in the queue " + name + ": read it there, it says why.",
	}); err != nil {
		return nil, err
	}
	q.URL, q.ARN = queue.Url, queue.Arn
	return q, e.ctx.RegisterResourceOutputs(q, pulumi.Map{"url": q.URL, "arn": q.ARN})
}
