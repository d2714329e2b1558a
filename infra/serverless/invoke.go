package serverless

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// InvokeArgs are the arguments of Queue.Invoke.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
type InvokeArgs struct {
	// BatchSize is the maximum number of messages in an invocation, 1 to 10000. More
	// than 10 require a WindowSeconds of at least 1. Default: 10.
	BatchSize pulumi.IntPtrInput
	// WindowSeconds is the time in seconds for which Lambda gathers a batch, 0 to 300.
	// Default: 0.
	WindowSeconds pulumi.IntPtrInput
	// MaxConcurrency is the maximum number of batches that the function processes at
	// the same time, 2 to 1000. It should not exceed the function's
	// ReservedConcurrency, or Lambda throttles batches, which counts as a receive of
	// each message. Default: no limit of its own.
	//
	// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
	MaxConcurrency pulumi.IntPtrInput
}

// Invoke makes Lambda invoke a function with batches of the queue's messages
// (events.SQSEvent). The function's response (events.SQSEventResponse) lists the messages
// that failed. They become visible again after the queue's VisibilityTimeoutSeconds, and
// SQS moves those that were received MaxReceives times to DeadLetters, from which SQS can
// move them back once the cause is fixed. The function's Failures and OnFailure are for
// events, not for these messages.
//
// The queue's VisibilityTimeoutSeconds must be at least the function's TimeoutSeconds. AWS
// recommends six times as much, and WindowSeconds in addition. A queue invokes one function
// only, because each message would reach just one of several. The options apply to every
// resource that Invoke creates.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func (q *Queue) Invoke(f *Function, args *InvokeArgs, opts ...pulumi.ResourceOption) error {
	if args == nil {
		args = &InvokeArgs{}
	}
	if err := errors.Join(q.env.checkOpen("invoke "+f.name), q.checkInvoke(f)); err != nil {
		return err
	}
	allowed, err := f.grantPoll(q, opts...)
	if err != nil {
		return err
	}
	q.invokes = f
	return f.poll(q, q.checkHidden(f, args.window(q)), *args, allowed, opts...)
}

// checkInvoke returns an error if the queue cannot invoke the function.
func (q *Queue) checkInvoke(f *Function) error {
	switch {
	case q.env != f.env:
		return fmt.Errorf("queue %s: it is in the environment %s and the function %s in %s", q.name, q.env.name, f.name, f.env.name)
	case q.internal:
		return fmt.Errorf("queue %s: it is part of a component and cannot invoke the function %s", q.name, f.name)
	case q.invokes != nil:
		return fmt.Errorf("queue %s: it already invokes the function %s", q.name, q.invokes.name)
	}
	return nil
}

// window checks the time for which Lambda gathers a batch, and adds its default.
func (a InvokeArgs) window(q *Queue) pulumi.IntOutput {
	return number("queue "+q.name, "WindowSeconds", a.WindowSeconds, limits{0, 0, 300})
}

// checkHidden returns the window, or an error if a message would become visible again while
// the function may still process it, which Lambda refuses.
func (q *Queue) checkHidden(f *Function, window pulumi.IntOutput) pulumi.IntOutput {
	return pulumi.All(window, q.hidden, f.timeout).ApplyT(func(seconds []any) (int, error) {
		window, hidden, timeout := seconds[0].(int), seconds[1].(int), seconds[2].(int)
		if hidden < timeout {
			return 0, fmt.Errorf("queue %s: its VisibilityTimeoutSeconds must be at least the timeout of the function %s, %d seconds, not %d; AWS recommends %d",
				q.name, f.name, timeout, hidden, min(6*timeout+window, 43200))
		}
		return window, nil
	}).(pulumi.IntOutput)
}
