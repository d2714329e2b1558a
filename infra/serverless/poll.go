package serverless

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BufferArgs are the arguments of a queue between a topic and a function.
//
// SQS keeps each message, as the notification of SNS, until the function has processed
// it. Lambda invokes the function with batches of them (events.SQSEvent). Its response
// (events.SQSEventResponse) lists the messages that failed, which Lambda retries after
// six times the function's timeout.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
type BufferArgs struct {
	// BatchSize, WindowSeconds and MaxConcurrency are those of InvokeArgs.
	BatchSize, WindowSeconds, MaxConcurrency pulumi.IntPtrInput
	// MaxReceives is the number of times that Lambda receives a message before it is
	// stored in the function's Failures, 1 to 900. Default: 5.
	MaxReceives pulumi.IntPtrInput
}

// bufferSuffix ends the name of a buffer, after that of its subscription.
const bufferSuffix = "-buffer"

// acceptBuffered creates a queue that is subscribed to the topic and whose messages
// Lambda passes to the function.
func (f *Function) acceptBuffered(d *delivery) error {
	name := d.name + bufferSuffix
	// Less than SQS allows, because the queue of OnFailure allows more.
	receives := number("queue "+name, "MaxReceives", d.buffer.MaxReceives, limits{5, 1, 900})
	batches := InvokeArgs{BatchSize: d.buffer.BatchSize, WindowSeconds: d.buffer.WindowSeconds, MaxConcurrency: d.buffer.MaxConcurrency}
	q, err := f.newSource(name, f.firstFailures(), QueueArgs{MaxReceives: receives.ToIntPtrOutput()}, batches, d.topic, d.opts...)
	if err != nil {
		return err
	}
	d.buffered = q
	f.buffered = true
	return q.accept(d)
}

// newSource creates a queue whose messages Lambda passes to the function, and moves to
// another queue if the function keeps failing.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func (f *Function) newSource(name string, deadLetters *Queue, args QueueArgs, batches InvokeArgs, parent pulumi.Resource, opts ...pulumi.ResourceOption) (*Queue, error) {
	q := &Queue{env: f.env, name: name, internal: true, DeadLetters: deadLetters}
	if err := f.env.register("Queue", name, q, parent, opts); err != nil {
		return nil, err
	}
	window := batches.window(q)
	args.VisibilityTimeoutSeconds = pulumi.All(f.timeout, window).ApplyT(func(seconds []any) *int {
		hidden := 6*seconds[0].(int) + seconds[1].(int) // as AWS recommends
		return &hidden
	}).(pulumi.IntPtrOutput)
	if err := q.build(q.inputs(&args), &args); err != nil {
		return nil, err
	}
	deadLetters.sources = append(deadLetters.sources, q)
	allowed, err := f.grantPoll(q, opts...)
	if err != nil {
		return nil, err
	}
	// Complete first connects the dead-letter queue, which is older than this one.
	f.env.pending = append(f.env.pending, func() error { return f.poll(q, window, batches, append(allowed, q.redrive), opts...) })
	return q, nil
}

// grantPoll allows Lambda to receive the queue's messages, which it does with the
// function's role. Every function may use the key of its own environment already.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
func (f *Function) grantPoll(q *Queue, opts ...pulumi.ResourceOption) ([]pulumi.Resource, error) {
	receive, err := f.grant("poll-"+q.name, statement{
		Action:   []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
		Resource: []pulumi.StringInput{q.ARN},
	}, opts...)
	if err != nil || q.outsideKey == nil {
		return []pulumi.Resource{receive}, err
	}
	decrypt, err := f.grant("poll-"+q.name+"-key", statement{Action: []string{"kms:Decrypt"}, Resource: []pulumi.StringInput{q.outsideKey}}, opts...)
	return []pulumi.Resource{receive, decrypt}, err
}

// poll makes Lambda receive the queue's messages and invoke the function's alias with
// them, once the resources that this needs exist.
func (f *Function) poll(q *Queue, window pulumi.IntOutput, batches InvokeArgs, after []pulumi.Resource, opts ...pulumi.ResourceOption) error {
	args := &lambda.EventSourceMappingArgs{
		EventSourceArn:                 q.ARN,
		FunctionName:                   f.ARN,
		BatchSize:                      batchSize(q.name, batches, window),
		MaximumBatchingWindowInSeconds: window,
		FunctionResponseTypes:          pulumi.ToStringArray([]string{"ReportBatchItemFailures"}),
		Tags:                           f.env.tags,
	}
	if batches.MaxConcurrency != nil {
		args.ScalingConfig = lambda.EventSourceMappingScalingConfigArgs{
			MaximumConcurrency: number("queue "+q.name, "MaxConcurrency", batches.MaxConcurrency, limits{2, 2, 1000}),
		}
	}
	_, err := lambda.NewEventSourceMapping(f.env.ctx, f.env.child(q.name), args,
		slices.Concat([]pulumi.ResourceOption{pulumi.Parent(q), pulumi.DependsOn(after)}, opts)...)
	return err
}

// batchSize checks the size of batches for its limits and for the window that large
// ones require.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
func batchSize(queue string, batches InvokeArgs, window pulumi.IntOutput) pulumi.IntPtrOutput {
	size := number("queue "+queue, "BatchSize", batches.BatchSize, limits{10, 1, 10000})
	return pulumi.All(size, window).ApplyT(func(n []any) (*int, error) {
		size := n[0].(int)
		if size > 10 && n[1].(int) == 0 {
			return nil, fmt.Errorf("queue %s: a BatchSize of %d, more than 10, requires a WindowSeconds of at least 1", queue, size)
		}
		return &size, nil
	}).(pulumi.IntPtrOutput)
}
