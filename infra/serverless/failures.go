package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// keptSeconds is two weeks, the longest that SQS keeps a message.
const keptSeconds = 14 * 24 * 60 * 60

// sender is who may put messages into a queue of failures; SQS itself, which
// moves dead letters, needs no permission.
type sender struct {
	principal pulumi.Input
	condition pulumi.Map
}

// newFailureQueue creates a queue that keeps what parent could not handle, for
// two weeks, until somebody looks. It accepts messages from one sender alone,
// and any message raises an alarm.
func newFailureQueue(e *Environment, name string, from sender, parent pulumi.Resource, opts ...pulumi.ResourceOption) (*Queue, error) {
	q := &Queue{env: e, name: name}
	if err := e.register("Queue", name, q, parent, opts); err != nil {
		return nil, err
	}
	args := &sqs.QueueArgs{MessageRetentionSeconds: pulumi.Int(keptSeconds)}
	if from.principal != nil {
		// No other queue may use this one for its own dead letters.
		args.RedriveAllowPolicy = pulumi.String(`{"redrivePermission":"denyAll"}`)
	}
	if err := q.create(args); err != nil {
		return nil, err
	}
	if from.principal != nil {
		q.statements = []statement{{
			Sid: "OneSender", Principal: from.principal, Condition: from.condition,
			Action: []string{"sqs:SendMessage"}, Resource: []pulumi.StringInput{q.ARN},
		}}
	}
	if err := q.createPolicy(); err != nil {
		return nil, err
	}
	waiting := q.metric("ApproximateNumberOfMessagesVisible", "Maximum")
	e.show("Failed messages in "+name, waiting)
	if err := e.watch(e.child(name), q, alarm{
		name: "messages", metric: waiting, atLeast: pulumi.Float64(1),
		meaning: pulumi.String("A message could not be handled and waits in the queue " + name + ": read it there, it says why."),
	}); err != nil {
		return nil, err
	}
	return q, e.ctx.RegisterResourceOutputs(q, pulumi.Map{"url": q.URL, "arn": q.ARN})
}

// acceptFrom lets only one queue use this one for its dead letters.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (q *Queue) acceptFrom(source *Queue) error {
	_, err := sqs.NewRedriveAllowPolicy(q.env.ctx, q.env.child(q.name), &sqs.RedriveAllowPolicyArgs{
		QueueUrl: q.URL,
		RedriveAllowPolicy: pulumi.JSONMarshal(pulumi.Map{
			"redrivePermission": pulumi.String("byQueue"), "sourceQueueArns": pulumi.StringArray{source.ARN},
		}),
	}, pulumi.Parent(q))
	return err
}
