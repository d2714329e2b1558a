package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
)

// hideFor hides a message while its function runs, which takes at most 15 minutes. After a
// crash, it is available again when that is over.
const hideFor = 16 * time.Minute

// A rerun is the result of running messages again.
type rerun struct {
	Succeeded int      `json:"succeeded"`
	Failed    []string `json:"failed"` // the reasons
}

// developer returns the caller for what the page does.
func (c *Console) developer() cloud.Caller {
	keys, _ := c.Services.IAM.Credentials(iam.DeveloperKey) // always exists
	return keys.Caller
}

// runOne runs a message again, with another payload if the request has one.
func (c *Console) runOne(r *http.Request) (any, error) {
	q, m, err := c.find(r)
	if err != nil {
		return nil, err
	}
	var in struct{ Payload *string }
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	if in.Payload != nil {
		if m.Event, err = withPayload(m.Event, *in.Payload); err != nil {
			return nil, err
		}
	}
	return c.rerun(r.Context(), q, m), nil
}

// runAll runs all messages of a queue again that are available.
func (c *Console) runAll(r *http.Request) (any, error) {
	q, err := c.queueNamed(r.PathValue("queue"))
	if err != nil {
		return nil, err
	}
	visible := slices.DeleteFunc(q.Messages, func(m failure) bool { return m.Hidden })
	return c.rerun(r.Context(), q, visible...), nil
}

func (c *Console) rerun(ctx context.Context, q failureQueue, messages ...failure) rerun {
	c.rerunning.Lock()
	defer c.rerunning.Unlock()
	result := rerun{Failed: []string{}}
	for _, m := range messages {
		if ctx.Err() != nil {
			break // the page is gone
		}
		if err := c.runMessage(context.WithoutCancel(ctx), q, m); err != nil {
			result.Failed = append(result.Failed, m.MessageID+": "+err.Error())
			continue
		}
		result.Succeeded++
	}
	return result
}

// runMessage invokes the function that failed with the event that it failed on, and deletes
// the message only after the function has succeeded, as the command redrive does. A message
// that fails again is available at once.
func (c *Console) runMessage(ctx context.Context, q failureQueue, m failure) error {
	if m.Function == "" || m.Event == "" {
		return fmt.Errorf("no function can run it; move it back to its source: aws sqs start-message-move-task --source-arn %s", q.ARN)
	}
	number, _ := strconv.ParseUint(m.Number, 10, 64) // is one
	as := c.developer()
	handle, err := c.Services.SQS.Claim(ctx, as, q.url, number, hideFor)
	if err != nil {
		return err
	}
	out, _, err := c.call(ctx, m.Function, m.Event, false)
	if err == nil && out.FunctionError != "" {
		err = errors.New(functionError(out.Payload))
	}
	if err != nil {
		_ = c.Services.SQS.ChangeVisibility(ctx, as, q.url, handle, 0) // otherwise it stays hidden for a while
		return err
	}
	if err := c.Services.SQS.Delete(ctx, as, q.url, handle); err != nil {
		return fmt.Errorf("the function succeeded, but the message is still in the queue: %w", err)
	}
	return nil
}

// call invokes a function as the developer, and returns the trace of that. An asynchronous
// event has only a request ID.
func (c *Console) call(ctx context.Context, function, payload string, async bool) (out cloud.Outcome, trace string, err error) {
	ctx, step := cloud.BeginStep(ctx, cloud.Step{Kind: cloud.StepCall, Name: "console:Invoke", Input: cloud.StepText(payload)})
	in := cloud.Invocation{Caller: c.developer(), Function: function, Payload: []byte(payload), LogTail: true}
	if async {
		out.RequestID, err = c.Services.Lambda.InvokeEvent(ctx, in)
	} else {
		out, err = c.Services.Lambda.Invoke(ctx, in)
	}
	step.End(c.Journal, func(s *cloud.Step) {
		s.Request, s.Output = out.RequestID, cloud.StepText(out.Payload)
		s.Fail(err)
	})
	return out, cloud.StepTrace(ctx), err
}

// remove deletes a message.
func (c *Console) remove(r *http.Request) (any, error) {
	q, m, err := c.find(r)
	if err != nil {
		return nil, err
	}
	number, _ := strconv.ParseUint(m.Number, 10, 64) // is one
	handle, err := c.Services.SQS.Claim(r.Context(), c.developer(), q.url, number, time.Minute)
	if err == nil {
		err = c.Services.SQS.Delete(r.Context(), c.developer(), q.url, handle)
	}
	return struct{}{}, err
}

// find returns the message that a request names, and its queue.
func (c *Console) find(r *http.Request) (failureQueue, failure, error) {
	q, err := c.queueNamed(r.PathValue("queue"))
	if err != nil {
		return q, failure{}, err
	}
	i := slices.IndexFunc(q.Messages, func(m failure) bool { return m.Number == r.PathValue("number") })
	if i < 0 {
		return q, failure{}, notFound("The message is no longer in the queue %s", q.Name)
	}
	return q, q.Messages[i], nil
}

func (c *Console) queueNamed(name string) (failureQueue, error) {
	failing := c.failureQueues()
	for _, q := range c.Services.SQS.Queues() {
		if q.Name == name && failing[q.ARN] {
			return c.failureQueue(q)
		}
	}
	return failureQueue{}, notFound("There is no failure queue %s", name)
}

// decodeBody decodes the body of a request, which may be empty.
func decodeBody(r *http.Request, into any) error {
	if r.ContentLength == 0 {
		return nil
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return cloud.Errorf(http.StatusBadRequest, "InvalidRequest", "the request is not valid: %v", err)
	}
	return nil
}
