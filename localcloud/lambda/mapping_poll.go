package lambda

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/filter"
	"tally/localcloud/lambda/poller"
	"tally/localcloud/lambda/runtimeapi"
)

// reportFailures is the response type of functions that name the messages that they could
// not process.
const reportFailures = "ReportBatchItemFailures"

// receiverActions are what a function's role must be permitted on a queue that Lambda polls
// for the function. Lambda also uses kms:Decrypt of the queue's key, which it does not check
// in advance.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
var receiverActions = []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"}

// checkMapping checks a mapping against its function, which it returns, and its queue.
func (s *Service) checkMapping(m EventSourceMapping) (Reference, error) {
	to, err := s.Resolve(m.Function, "")
	if err != nil {
		return to, err
	}
	f, err := s.Lookup(to)
	if err != nil {
		return to, err
	}
	return to, s.checkQueue(to, f, m.EventSourceARN)
}

// checkQueue checks that Lambda can poll the queue for the function.
func (s *Service) checkQueue(to Reference, f Function, queueARN string) error {
	if s.options.Queues == nil {
		return errors.New("lambda: there are no queues")
	}
	hidden, err := s.options.Queues.VisibilityTimeout(queueARN)
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return badParameter("Error occurred while ReceiveMessage. SQS Error Code: %s. SQS Error Message: %s", e.Code, e.Message)
	} else if err != nil {
		return err
	}
	ctx := context.Background()
	caller, end, err := s.pollAs(ctx, to)
	if err != nil {
		return badParameter("%s", roleRefused)
	}
	defer end()
	for _, action := range receiverActions {
		if err := s.options.Queues.CheckReceiver(ctx, caller, queueARN, action); err != nil {
			return badParameter("The function execution role does not have permissions to call %s on SQS", action)
		}
	}
	if hidden < f.timeout() {
		return badParameter("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds", int(hidden.Seconds()), f.TimeoutSeconds)
	}
	return nil
}

// pollAs starts a session of the function's role, for Lambda to use the queue. It returns
// the caller, and what ends the session. The function's code is not the source of these
// requests.
//
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
func (s *Service) pollAs(ctx context.Context, to Reference) (caller cloud.Caller, end func(), err error) {
	f, err := s.Lookup(to)
	if err != nil {
		return cloud.Caller{}, nil, err
	}
	credentials, err := s.assume(ctx, f.Config)
	if err != nil {
		return cloud.Caller{}, nil, err
	}
	caller = credentials.Caller
	caller.SourceFunction = cloud.ARN{}
	return caller, func() { s.options.Roles.Revoke(credentials.AccessKeyID) }, nil
}

// pollLocked begins to poll for a mapping, and ends polling for what it was before. The lock
// is that of mappings.
func (s *Service) pollLocked(m EventSourceMapping) {
	s.stopLocked(m.UUID)
	if m.Disabled || !s.mappings.started || s.options.Queues == nil {
		return
	}
	ctx, stop := context.WithCancel(s.life)
	p := s.poller(m)
	if s.begin(func() { p.Run(ctx, s.life) }) != nil {
		stop() // the service has closed
		return
	}
	s.mappings.stop[m.UUID] = stop
}

// stopLocked ends polling for a mapping. Batches in progress continue.
func (s *Service) stopLocked(uuid string) {
	if stop := s.mappings.stop[uuid]; stop != nil {
		stop()
		delete(s.mappings.stop, uuid)
	}
}

func (s *Service) poller(m EventSourceMapping) *poller.Poller {
	to, _ := s.Resolve(m.Function, "") // the ARN of a function
	return &poller.Poller{
		QueueARN: m.EventSourceARN, Region: s.options.Place.Region,
		BatchSize: m.BatchSize, Window: time.Duration(m.WindowSeconds) * time.Second,
		MaxConcurrency:  cmp.Or(m.MaxConcurrency, accountConcurrency),
		ReportsFailures: slices.Contains(m.ResponseTypes, reportFailures),
		Accepts:         accepts(m.Filters), Memory: s.mappings.memory,
		Queue: s.options.Queues,
		Access: func(ctx context.Context) (cloud.Caller, func(), error) {
			return s.pollAs(ctx, to)
		},
		Invoke: func(ctx context.Context, payload []byte, traces []string) (cloud.Outcome, error) {
			event := runtimeapi.Event{RequestID: uuid.NewString(), FunctionARN: to.ARN, Payload: payload, TraceID: batchTrace(traces, to.Name), Source: m.EventSourceARN, Links: roots(traces)}
			return s.respond(ctx, to, event, m.EventSourceARN, false)
		},
		Warn: func(format string, args ...any) { s.note(cloud.Warning, to.Name, format, args...) },
	}
}

// maxRoots bounds the links of a batch, which may have 10,000 messages.
const maxRoots = 100

// roots returns the roots of trace headers, at most maxRoots.
func roots(headers []string) (roots []string) {
	for _, header := range headers {
		if len(roots) == maxRoots {
			break
		}
		if root := cloud.TraceField(header, "Root"); root != "" && !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return roots
}

// accepts returns what reports whether a message matches one of the patterns, or nil if
// there are none. It is also nil if a pattern, which was valid when it was stored, no longer
// is: the function then receives all messages, rather than that some are deleted.
func accepts(patterns []string) func(body string) bool {
	if len(patterns) == 0 {
		return nil
	}
	var filters []*filter.MessageFilter
	for _, pattern := range patterns {
		f, err := filter.ParseMessageFilter(pattern)
		if err != nil {
			return nil
		}
		filters = append(filters, f)
	}
	return func(body string) bool {
		return slices.ContainsFunc(filters, func(f *filter.MessageFilter) bool { return f.Match(body) })
	}
}
