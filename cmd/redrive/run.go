package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// workers is the maximum number of invocations at a time.
const workers = 4

// deleteTimeout is how long to try to delete a message whose function has succeeded.
const deleteTimeout = 30 * time.Second

// A runner runs the selected messages again.
type runner struct {
	cloud     cloud
	selection selection
	limit     *rate.Limiter
	dry       bool // invoke no function and delete no message
	report    *report
}

// run runs the selected messages of the queues. Its error counts those that failed
// and holds all other errors.
func (r *runner) run(stop, abort context.Context, queues []queue) error {
	var errs []error
	for _, q := range queues {
		if stop.Err() != nil {
			break
		}
		if err := r.runQueue(stop, abort, q); err != nil {
			errs = append(errs, err)
		}
	}
	if stop.Err() != nil {
		errs = append(errs, context.Cause(stop))
	}
	return errors.Join(append(errs, r.report.finish(r.selection.ids))...)
}

// runQueue runs the selected messages of one queue. It leaves the other messages, and
// those that failed again, hidden to the end, so that no request returns them twice.
func (r *runner) runQueue(stop, abort context.Context, q queue) (err error) {
	if strings.HasSuffix(q.URL, ".fifo") {
		return fmt.Errorf("%s: the messages of a FIFO queue must be run in order, which this command does not do", q.Name)
	}
	waiting, _, err := counts(stop, r.cloud, q)
	if err != nil {
		return err
	}
	r.report.expect(waiting)
	// An error that affects every message ends the run of this queue.
	stop, fail := context.WithCancelCause(stop)
	defer fail(nil)
	h := newHold(stop, r.cloud, q, fail)
	defer func() { err = errors.Join(err, h.release(stop)) }()

	var g errgroup.Group
	g.SetLimit(workers)
	for m, err := range scan(stop, r.cloud, q, h) {
		if err != nil {
			fail(err)
			break
		}
		if !r.selection.matches(m) {
			r.report.skipped()
			continue
		}
		if !r.dry && r.limit.Wait(stop) != nil {
			break // stop has ended
		}
		g.Go(func() error {
			if stop.Err() != nil {
				return nil // it ended while this waited for a worker
			}
			all, err := r.runMessage(abort, q, m, h)
			r.report.result(q, m, err)
			if all {
				fail(nil) // the report has the error
			}
			return nil
		})
	}
	_ = g.Wait()
	if err := context.Cause(stop); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errInterrupted) {
		return err
	}
	return nil
}

// runMessage invokes the function with the message's event and, if it succeeds,
// deletes the message. all reports whether other messages would fail in the same way.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (r *runner) runMessage(ctx context.Context, q queue, m message, h *hold) (all bool, err error) {
	switch {
	case q.FunctionARN == "":
		return false, errors.New("no function can run it: aws sqs start-message-move-task moves the messages of a dead-letter queue back to their source")
	case m.event == nil:
		return false, errors.New(m.Reason)
	case r.dry:
		return false, nil
	}
	out, err := r.cloud.invoke(ctx, &lambda.InvokeInput{FunctionName: &q.FunctionARN, Payload: m.event})
	if err != nil {
		return !aboutPayload(err), fmt.Errorf("invoke %s: %w", q.FunctionARN, explain(err))
	}
	if out.FunctionError != nil {
		return false, errors.New(functionError(out.Payload))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
	defer cancel()
	if _, err := r.cloud.remove(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: aws.String(h.handle(m))}); err != nil {
		return true, fmt.Errorf("the function succeeded, but the message is still in the queue and would be run again: delete it: %w", explain(err))
	}
	h.forget(m)
	return false, nil
}

// aboutPayload reports whether an error of Invoke is about the payload, so that it
// concerns only one message.
func aboutPayload(err error) bool {
	e, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains([]string{"RequestTooLargeException", "InvalidRequestContentException"}, e.ErrorCode())
}
