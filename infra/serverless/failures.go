package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxRetentionSeconds is two weeks, the longest retention that SQS allows.
const maxRetentionSeconds = 14 * 24 * 60 * 60

// sender is the principal that may send to a failure queue.
type sender struct {
	principal pulumi.Input
	condition pulumi.Map
}

// newFailureQueue creates a queue for what parent could not process. It accepts
// messages from one sender only.
func newFailureQueue(e *Environment, name string, from sender, parent pulumi.Resource, opts ...pulumi.ResourceOption) (*Queue, error) {
	q, err := newStore(e, name, &sqs.QueueArgs{RedriveAllowPolicy: pulumi.String(redriveFromNone)}, parent, opts...)
	if err != nil {
		return nil, err
	}
	q.accepts(from)
	return q, q.createPolicy()
}

// newStore creates a queue that retains what parent could not process for two weeks.
// Any message raises an alarm. The caller creates the queue's policy.
func newStore(e *Environment, name string, args *sqs.QueueArgs, parent pulumi.Resource, opts ...pulumi.ResourceOption) (*Queue, error) {
	q := &Queue{env: e, name: name, internal: true}
	if err := e.register("Queue", name, q, parent, opts); err != nil {
		return nil, err
	}
	args.MessageRetentionSeconds = pulumi.Int(maxRetentionSeconds)
	if err := q.create(args); err != nil {
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

// accepts makes the queue's policy allow one sender, instead of any other.
func (q *Queue) accepts(from sender) {
	q.statements = []statement{{
		Sid: "OneSender", Principal: from.principal, Condition: from.condition,
		Action: []string{"sqs:SendMessage"}, Resource: []pulumi.StringInput{q.ARN},
	}}
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

// redriveFromNone is the redrive allow policy of a queue that is no dead-letter queue.
const redriveFromNone = `{"redrivePermission":"denyAll"}`

// redriveFrom allows only the sources to use q as their dead-letter queue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (q *Queue) redriveFrom(sources ...*Queue) (*sqs.RedriveAllowPolicy, error) {
	args := &sqs.RedriveAllowPolicyArgs{QueueUrl: q.URL, RedriveAllowPolicy: pulumi.String(redriveFromNone)}
	if len(sources) > 0 {
		arns := pulumi.StringArray{}
		for _, s := range sources {
			arns = append(arns, s.ARN)
		}
		args.RedriveAllowPolicy = pulumi.JSONMarshal(pulumi.Map{"redrivePermission": pulumi.String("byQueue"), "sourceQueueArns": arns})
	}
	return sqs.NewRedriveAllowPolicy(q.env.ctx, q.env.child(q.name), args, pulumi.Parent(q))
}

// connectSources makes q the dead-letter queue of its sources, and of no other queue.
// SQS refuses a source that q does not allow yet, and the configuration may add a source
// to a queue that exists, so the redrive policies are not part of the sources themselves.
func (q *Queue) connectSources() error {
	allow, err := q.redriveFrom(q.sources...)
	if err != nil {
		return err
	}
	for _, s := range q.sources {
		s.redrive, err = sqs.NewRedrivePolicy(q.env.ctx, q.env.child(s.name), &sqs.RedrivePolicyArgs{
			QueueUrl:      s.URL,
			RedrivePolicy: redrivePolicy(q, s.allReceives()),
		}, pulumi.Parent(s), pulumi.DependsOn([]pulumi.Resource{allow}))
		if err != nil {
			return err
		}
	}
	return nil
}

// allReceives returns the number of receives after which a message moves to the
// dead-letter queue of q, including those in the queues before q: SQS counts the receives
// of a message across all queues.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func (q *Queue) allReceives() pulumi.IntOutput {
	all := q.maxReceives
	for _, s := range q.sources {
		all = pulumi.All(all, q.maxReceives, s.maxReceives).ApplyT(func(n []any) int {
			return max(n[0].(int), n[1].(int)+n[2].(int))
		}).(pulumi.IntOutput)
	}
	return all
}

// redrivePolicy moves messages to a queue once they were received that often.
func redrivePolicy(to *Queue, maxReceives pulumi.IntOutput) pulumi.StringOutput {
	return pulumi.JSONMarshal(pulumi.Map{"deadLetterTargetArn": to.ARN, "maxReceiveCount": maxReceives})
}
