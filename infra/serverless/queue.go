package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// QueueArgs are the arguments of NewQueue. All times are in seconds.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
type QueueArgs struct {
	// VisibilityTimeoutSeconds is the time for which a received message is
	// hidden from other consumers, 0 to 43200. With Invoke, AWS recommends six times
	// the function's timeout. Default: 30.
	VisibilityTimeoutSeconds pulumi.IntPtrInput
	// RetentionSeconds is the time after which SQS deletes a message, 60 to
	// 1209600. Default: 345600, four days.
	RetentionSeconds pulumi.IntPtrInput
	// DelaySeconds is the time for which a new message is hidden, 0 to 900.
	// Default: 0.
	DelaySeconds pulumi.IntPtrInput
	// ReceiveWaitSeconds is the time for which a request waits for a message, 0
	// to 20. Default: 20, for long polling.
	ReceiveWaitSeconds pulumi.IntPtrInput
	// MaxReceives is the number of times a message may be received before SQS
	// moves it to the dead-letter queue, 1 to 1000. Default: 5.
	MaxReceives pulumi.IntPtrInput
	// AlarmAgeSeconds is the age of the oldest message that raises an alarm, 1
	// or more. Default: 3600, an hour.
	AlarmAgeSeconds pulumi.IntPtrInput
}

// Queue is an SQS queue that is encrypted, refuses plain HTTP and has a
// dead-letter queue.
type Queue struct {
	pulumi.ResourceState

	URL pulumi.StringOutput
	ARN pulumi.StringOutput
	// KeyARN is the ARN of the environment's key if it has a CustomerKey. It is nil for
	// the key of SQS, which needs no permission.
	KeyARN pulumi.StringPtrInput
	// DeadLetters is the dead-letter queue, which holds the messages that were
	// received MaxReceives times. It is nil for the queues in which components
	// store failures.
	DeadLetters *Queue

	env         *Environment
	name        string
	maxReceives pulumi.IntOutput
	hidden      pulumi.IntOutput // for which a received message is hidden, in seconds
	queue       *sqs.Queue
	internal    bool               // part of another component, so that it can have no topic and no function of its own
	invokes     *Function          // that Invoke was called with, or nil
	outsideKey  pulumi.StringInput // of an ExternalQueue: the ARN of the key that encrypts it, or nil
	statements  []statement        // the statements of the policy that relations have added
	sources     []*Queue           // those whose dead-letter queue connectSources makes it
	redrive     *sqs.RedrivePolicy // of a source, once connectSources has created it
	policy      *sqs.QueuePolicy   // nil before Complete creates it
	function    pulumi.StringInput // of a failure queue: the ARN of the function that should have processed the messages, or nil
}

// NewQueue creates a queue that may be used only by identities of its own
// account and by the topics that it is subscribed to. Complete creates the
// queue's policy, because a queue has only one policy and every relation can
// add to it.
func NewQueue(env *Environment, name string, args *QueueArgs, opts ...pulumi.ResourceOption) (*Queue, error) {
	if args == nil {
		args = &QueueArgs{}
	}
	if err := env.checkName("queue", name, part{"queue", ""}, part{"queue", "-dead-letters"}); err != nil {
		return nil, err
	}
	q := &Queue{env: env, name: name}
	if err := env.register("Queue", name, q, nil, opts); err != nil {
		return nil, err
	}
	var err error
	if q.DeadLetters, err = newStore(env, name+"-dead-letters", &sqs.QueueArgs{}, q); err != nil {
		return nil, err
	}
	// SQS needs no permission to move messages there.
	if err := q.DeadLetters.createPolicy(); err != nil {
		return nil, err
	}
	in := q.inputs(args)
	in.RedrivePolicy = redrivePolicy(q.DeadLetters, q.maxReceives)
	if err := q.build(in, args); err != nil {
		return nil, err
	}
	_, err = q.DeadLetters.redriveFrom(q)
	return q, err
}

// build creates the SQS queue with its alarm and graphs. Complete creates its policy.
func (q *Queue) build(in *sqs.QueueArgs, args *QueueArgs) error {
	if err := q.create(in); err != nil {
		return err
	}
	q.env.queues = append(q.env.queues, q)
	if err := q.watch(args); err != nil {
		return err
	}
	return q.env.ctx.RegisterResourceOutputs(q, pulumi.Map{"url": q.URL, "arn": q.ARN})
}

// inputs checks the arguments and adds their defaults. It omits the redrive policy.
func (q *Queue) inputs(args *QueueArgs) *sqs.QueueArgs {
	within := func(property string, in pulumi.IntPtrInput, l limits) pulumi.IntOutput {
		return number("queue "+q.name, property, in, l)
	}
	q.maxReceives = within("MaxReceives", args.MaxReceives, limits{5, 1, 1000})
	q.hidden = within("VisibilityTimeoutSeconds", args.VisibilityTimeoutSeconds, limits{30, 0, 43200})
	return &sqs.QueueArgs{
		VisibilityTimeoutSeconds: q.hidden,
		MessageRetentionSeconds:  within("RetentionSeconds", args.RetentionSeconds, limits{345600, 60, 1209600}),
		DelaySeconds:             within("DelaySeconds", args.DelaySeconds, limits{0, 0, 900}),
		ReceiveWaitTimeSeconds:   within("ReceiveWaitSeconds", args.ReceiveWaitSeconds, limits{20, 0, 20}),
	}
}

// create creates the SQS queue with encryption and tags.
func (q *Queue) create(args *sqs.QueueArgs) (err error) {
	if key := q.env.customerKey(); key != nil {
		args.KmsMasterKeyId, q.KeyARN = key, key
	} else {
		args.SqsManagedSseEnabled = pulumi.Bool(true)
	}
	args.Tags = q.env.tags
	if q.queue, err = sqs.NewQueue(q.env.ctx, q.env.child(q.name), args, q.env.protected(q)...); err != nil {
		return err
	}
	q.URL, q.ARN = q.queue.Url, q.queue.Arn
	return nil
}

// createPolicy creates the queue's policy from all statements.
func (q *Queue) createPolicy() (err error) {
	q.policy, err = sqs.NewQueuePolicy(q.env.ctx, q.env.child(q.name), &sqs.QueuePolicyArgs{
		QueueUrl: q.URL,
		Policy:   document(append(q.statements, denyPlainHTTP("sqs:*", q.ARN))...),
	}, pulumi.Parent(q))
	return err
}

// watch creates the queue's alarm and graphs. The alarm is raised if a message
// waits for too long. As with every alarm on a queue, it holds its state without
// data: SQS stops reporting metrics of a queue that has been idle for six hours,
// even if messages are in it.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
func (q *Queue) watch(args *QueueArgs) error {
	age := number("queue "+q.name, "AlarmAgeSeconds", args.AlarmAgeSeconds, limits{fallback: 3600, min: 1})
	oldest := q.metric("ApproximateAgeOfOldestMessage", "Maximum")
	q.env.show("Messages of queue "+q.name, q.metric("NumberOfMessagesSent", "Sum"), q.metric("NumberOfMessagesDeleted", "Sum"), q.metric("ApproximateNumberOfMessagesVisible", "Maximum"))
	q.env.show("Age in seconds of the oldest message of queue "+q.name, oldest)
	return q.env.watch("queue", q.env.child(q.name), q, alarm{
		name: "age", metric: oldest, atLeast: scaled(age, 1), holds: true,
		meaning: pulumi.Sprintf("A message has been in the queue %s for %d seconds: check the queue's consumers.", q.name, age),
	})
}

func (q *Queue) metric(name, statistic string) metric {
	return metric{"AWS/SQS", name, statistic, pulumi.StringMap{"QueueName": q.queue.Name}}
}

// GrantSend allows the function to send messages to the queue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
func (q *Queue) GrantSend(f *Function, opts ...pulumi.ResourceOption) error {
	return f.grantUse(q.env, "send-"+q.name, []string{"sqs:SendMessage"}, q.ARN, opts)
}

// GrantConsume allows the function to receive messages from the queue, to delete
// them, and to change how long they stay hidden.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
func (q *Queue) GrantConsume(f *Function, opts ...pulumi.ResourceOption) error {
	return f.grantUse(q.env, "consume-"+q.name, []string{
		"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, q.ARN, opts)
}
