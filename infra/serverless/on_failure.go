package serverless

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// onFailureSuffix ends the name of the queue of OnFailure, after that of the function
// that failed.
const onFailureSuffix = "-on-failure"

// OnFailure makes another function handle what this one could not process, before it
// is stored in Failures:
//
//	f → queue "f-on-failure" → handler → f.Failures, for people
//
// The handler receives batches of at most ten messages (events.SQSEvent): records of
// the events that Lambda gave up on and, with a Buffer, the messages of the buffer.
// For each, it must send the body and the attributes unchanged to f.Failures.URL, for
// which OnFailure permits it to, and report those that it could not handle
// (events.SQSEventResponse). SQS moves a message that it fails to handle five times to
// f.Failures, too, so none is lost.
//
// Call it before Subscribe with a Buffer. The options apply to every resource that it
// creates.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func (f *Function) OnFailure(handler *Function, opts ...pulumi.ResourceOption) error {
	if err := errors.Join(f.env.checkOpen("call OnFailure of function "+f.name), f.checkHandler(handler)); err != nil {
		return err
	}
	q, err := handler.newSource(f.name+onFailureSuffix, f.Failures, QueueArgs{
		MaxReceives:      pulumi.Int(5),
		RetentionSeconds: pulumi.Int(maxRetentionSeconds), // since the message was sent to the first of its queues
	}, InvokeArgs{
		MaxConcurrency: pulumi.Int(2), // leaves the handler's concurrency to others during a flood of failures
	}, f, opts...)
	if err != nil {
		return err
	}
	q.accepts(f.asSender())
	f.Failures.accepts(handler.asSender())
	f.onFailure = q
	f.env.pending = append(f.env.pending, q.connectSources)
	return f.Failures.GrantSend(handler, opts...)
}

// checkHandler returns an error if the function cannot handle the failures of f.
func (f *Function) checkHandler(handler *Function) error {
	switch {
	case handler == f:
		return fmt.Errorf("function %s: it cannot handle its own failures", f.name)
	case handler.env != f.env:
		return fmt.Errorf("function %s: it is in the environment %s and the handler of its failures, %s, in %s", f.name, f.env.name, handler.name, handler.env.name)
	case f.onFailure != nil:
		return fmt.Errorf("function %s: OnFailure has already been called", f.name)
	case f.buffered:
		return fmt.Errorf("function %s: call OnFailure before Subscribe with a Buffer", f.name)
	}
	return nil
}
