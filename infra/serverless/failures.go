package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxRetentionSeconds is two weeks, the longest retention that SQS allows.
const maxRetentionSeconds = 14 * 24 * 60 * 60

// sender is the principal that may send to a failure queue. It is empty for a
// dead-letter queue, because SQS needs no permission to move messages there.
type sender struct {
	principal pulumi.Input
	condition pulumi.Map
}

// newFailureQueue creates a queue for what parent could not process. It retains
// messages for two weeks and accepts them from one sender only. Any message
// raises an alarm.
func newFailureQueue(e *Environment, name string, from sender, parent pulumi.Resource, opts ...pulumi.ResourceOption) (*Queue, error) {
	q := &Queue{env: e, name: name}
	if err := e.register("Queue", name, q, parent, opts); err != nil {
		return nil, err
	}
	args := &sqs.QueueArgs{MessageRetentionSeconds: pulumi.Int(maxRetentionSeconds)}
	if from.principal != nil {
		// No queue may use this one as its dead-letter queue.
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
	e.failures = append(e.failures, q)
	waiting := q.metric("ApproximateNumberOfMessagesVisible", "Maximum")
	e.show("Failed messages in "+name, waiting)
	if err := e.watch("queue", e.child(name), q, alarm{
		name: "messages", metric: waiting, atLeast: pulumi.Float64(1), holds: true,
		meaning: pulumi.String("A message could not be processed and is in the queue " + name + ": read it to find the reason."),
	}); err != nil {
		return nil, err
	}
	return q, e.ctx.RegisterResourceOutputs(q, pulumi.Map{"url": q.URL, "arn": q.ARN})
}

// Failures describes the queues for what the environment's components could not
// process, as an output of the stack for commands that show and repair failures. It
// is a list of maps with "name", such as "handle-message-failures"; "queueUrl"; and,
// if a function should have processed the messages, its "functionArn", that of the
// alias. It contains the queues of the components declared so far.
func (e *Environment) Failures() pulumi.Array {
	all := pulumi.Array{}
	for _, q := range e.failures {
		described := pulumi.Map{"name": pulumi.String(q.name), "queueUrl": q.URL}
		if q.function != nil {
			described["functionArn"] = q.function
		}
		all = append(all, described)
	}
	return all
}

// acceptFrom allows only source to use q as its dead-letter queue.
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
