package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/time/rate"
)

// failures is the queue of the tests.
var failures = queue{"handle-message-failures", "https://sqs.us-east-1.amazonaws.com/123456789012/failures", "arn:aws:lambda:us-east-1:123456789012:function:handle-message:live"}

// fakeCloud is a cloud with one queue and one function. Its time is that of the
// bubble.
type fakeCloud struct {
	mu       sync.Mutex
	messages []*fakeMessage
	calls    int
	// fail, if not nil, returns the error of the call with the number n, and whether
	// the call takes effect all the same.
	fail func(n int, operation string) (effect bool, err error)
	// run is the function. The default succeeds.
	run func(ctx context.Context, event string) (*lambda.InvokeOutput, error)

	events  []string // what the function was invoked with
	started []time.Time
	running int
	most    int // running at once
}

type fakeMessage struct {
	id, body  string
	sent      time.Time
	visibleAt time.Time
	receipts  int
	deleted   bool
}

// add adds messages with the bodies. Their IDs are "m0", "m1", and so on.
func (f *fakeCloud) add(bodies ...string) {
	for _, body := range bodies {
		f.messages = append(f.messages, &fakeMessage{id: fmt.Sprintf("m%d", len(f.messages)), body: body, sent: time.Now()})
	}
}

// visible returns the IDs of the messages that can be received now.
func (f *fakeCloud) visible() []string {
	return f.ids(func(m *fakeMessage) bool { return !m.deleted && !m.visibleAt.After(time.Now()) })
}

// deleted returns the IDs of the messages that have been deleted.
func (f *fakeCloud) deleted() []string { return f.ids(func(m *fakeMessage) bool { return m.deleted }) }

// reappear makes messages visible.
func (f *fakeCloud) reappear(messages []*fakeMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range messages {
		m.visibleAt = time.Now()
	}
}

func (f *fakeCloud) ids(match func(*fakeMessage) bool) (ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.messages {
		if match(m) {
			ids = append(ids, m.id)
		}
	}
	return ids
}

// call counts a call, and returns whether it takes effect and its error.
func (f *fakeCloud) call(ctx context.Context, operation string) (effect bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	f.calls++
	if f.fail == nil {
		return true, nil
	}
	effect, err = f.fail(f.calls, operation)
	return effect || err == nil, err
}

func (f *fakeCloud) cloud() cloud {
	return cloud{f.attributes, f.receive, f.hide, f.remove, f.invoke}
}

func (f *fakeCloud) attributes(ctx context.Context, _ *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	_, err := f.call(ctx, "GetQueueAttributes")
	visible := len(f.visible())
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(len(f.messages) - len(f.deleted()) - visible),
	}}, err
}

func (f *fakeCloud) receive(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	effect, err := f.call(ctx, "ReceiveMessage")
	if !effect {
		return nil, err
	}
	ids := f.visible()
	if len(ids) == 0 {
		select {
		case <-time.After(time.Duration(in.WaitTimeSeconds) * time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range f.messages {
		if len(out.Messages) < int(in.MaxNumberOfMessages) && slices.Contains(ids, m.id) {
			m.visibleAt = time.Now().Add(time.Duration(in.VisibilityTimeout) * time.Second)
			m.receipts++
			out.Messages = append(out.Messages, types.Message{
				MessageId: &m.id, Body: &m.body, ReceiptHandle: aws.String(m.receipt()),
				Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10)},
			})
		}
	}
	return out, err
}

func (m *fakeMessage) receipt() string { return fmt.Sprintf("%s %d", m.id, m.receipts) }

// find returns the message with the receipt handle, or nil if the handle is not the
// latest one.
func (f *fakeCloud) find(handle string) *fakeMessage {
	if i := slices.IndexFunc(f.messages, func(m *fakeMessage) bool { return m.receipt() == handle && !m.deleted }); i >= 0 {
		return f.messages[i]
	}
	return nil
}

func (f *fakeCloud) hide(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	effect, err := f.call(ctx, "ChangeMessageVisibilityBatch")
	if !effect {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range in.Entries {
		if m := f.find(*e.ReceiptHandle); m != nil && m.visibleAt.After(time.Now()) {
			m.visibleAt = time.Now().Add(time.Duration(e.VisibilityTimeout) * time.Second)
		}
	}
	return &sqs.ChangeMessageVisibilityBatchOutput{}, err
}

func (f *fakeCloud) remove(ctx context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	effect, err := f.call(ctx, "DeleteMessage")
	if !effect {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.find(*in.ReceiptHandle)
	if m == nil {
		return nil, errors.New("ReceiptHandleIsInvalid")
	}
	m.deleted = true
	return &sqs.DeleteMessageOutput{}, err
}

func (f *fakeCloud) invoke(ctx context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	effect, err := f.call(ctx, "Invoke "+*in.FunctionName)
	if !effect {
		return nil, err
	}
	f.mu.Lock()
	f.started = append(f.started, time.Now())
	f.running++
	f.most = max(f.most, f.running)
	f.mu.Unlock()
	out, failed := &lambda.InvokeOutput{}, error(nil)
	if f.run != nil {
		out, failed = f.run(ctx, string(in.Payload))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	if failed == nil && out.FunctionError == nil {
		f.events = append(f.events, string(in.Payload))
	}
	return out, cmp.Or(failed, err)
}

// event returns the event of the record that lambdaRecord returns.
func event(n int) string { return fmt.Sprintf(`{"n":%d}`, n) }

// lambdaRecord returns Lambda's record of an event that failed.
func lambdaRecord(n int) string {
	return `{"version":"1.0","timestamp":"2026-01-02T03:04:05.678Z","requestContext":{"requestId":"request-` + strconv.Itoa(n) + `",` +
		`"functionArn":"` + failures.FunctionARN + `","condition":"RetriesExhausted","approximateInvokeCount":3},` +
		`"requestPayload":` + event(n) + `,"responseContext":{"statusCode":200,"executedVersion":"1","functionError":"Unhandled"},` +
		`"responsePayload":{"errorMessage":"broken ` + strconv.Itoa(n) + `","errorType":"errorString"}}`
}

// records returns n records.
func records(n int) (all []string) {
	for i := range n {
		all = append(all, lambdaRecord(i))
	}
	return all
}

// bubble runs a test in a bubble with a cloud whose queue has n records.
func bubble(t *testing.T, n int, test func(*testing.T, *fakeCloud)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeCloud{}
		f.add(records(n)...)
		test(t, f)
	})
}

// redrive runs the messages of the cloud again, and returns the output.
func (f *fakeCloud) redrive(stop, abort context.Context, change func(*runner)) (string, error) {
	var out strings.Builder
	r := &runner{cloud: f.cloud(), limit: rate.NewLimiter(1000, 1), report: newReport(screen{Writer: &out, width: 80}, false)}
	if change != nil {
		change(r)
	}
	err := r.run(stop, abort, []queue{failures})
	return out.String(), err
}
