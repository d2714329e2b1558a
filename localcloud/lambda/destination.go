package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
)

// Publish publishes a message to a topic on behalf of the caller. Like a Sender and
// InvokeAsync, it need not wait for the disk. Its errors are those of sns:Publish.
type Publish func(ctx context.Context, caller cloud.Caller, topicARN string, m cloud.QueueMessage) error

// destination is a kind of resource that can receive records of invocations: the
// display name of its service, and the operation and action that send to it.
type destination struct{ service, operation, action string }

// destinations holds the supported destinations by the service in their ARN.
var destinations = map[string]destination{
	"sqs":    {"SQS", "SendMessage", "sqs:SendMessage"},
	"sns":    {"SNS", "Publish", "sns:Publish"},
	"lambda": {"Lambda", "InvokeFunction", "lambda:InvokeFunction"},
}

// checkSend returns an error if the role's policies do not allow it to send to the
// ARN.
func (s *Service) checkSend(role cloud.Caller, arn string) error {
	role.SourceFunction = cloud.ARN{}
	return s.options.Authorizer.Authorize(cloud.AsCheck(context.Background()), cloud.Request{
		Caller: role, Action: destinations[cloud.ServiceOf(arn)].action, Resource: arn,
	})
}

// result is how an asynchronous invocation ended.
type result struct {
	condition condition
	outcome   cloud.Outcome // of the last attempt, if it reached the function
	err       error         // of the last attempt, if it did not
}

// reason describes the last failure.
func (r result) reason() string {
	if r.err != nil {
		return r.err.Error()
	}
	return describe(r.outcome.Payload)
}

// delivery is a message and its recipient.
type delivery struct {
	to string // ARN
	cloud.QueueMessage
	failed string // the metric that counts failures
}

// conclude sends the result of the event to its destinations, and returns the result
// that then removes the event from the queue.
func (s *Service) conclude(e event, r result) backlog.Result {
	deliveries, f := s.deliveries(e, r)
	if r.condition == retriesExhausted || r.condition == eventAgeExceeded || r.condition == zeroReservedConcurrency {
		s.measure(e.target(), "", cloud.Counted("AsyncEventsDropped", 1))
	}
	switch {
	case r.condition == success:
	case len(deliveries) == 0:
		s.lose(e.Function, "event %s is dropped after %s (%s): %s",
			e.RequestID, count(e.Attempts, "failed attempt"), r.condition, r.reason())
	default:
		s.note(cloud.Warning, e.Function, "event %s is abandoned after %s (%s): %s",
			e.RequestID, count(e.Attempts, "failed attempt"), r.condition, r.reason())
	}
	if len(deliveries) > 0 && !s.send(f, e, deliveries) {
		return backlog.Result{Interrupted: true} // the next start runs the event again
	}
	return s.forget(e)
}

// deliveries returns the messages to send, and the version of the function whose
// role sends them.
func (s *Service) deliveries(e event, r result) ([]delivery, Function) {
	row, err := s.get(e.Function)
	if err != nil || r.condition == functionGone {
		return nil, Function{}
	}
	config, _ := row.invokeConfig(plainQualifier(e.Qualifier))
	f, ok := row.lookup(cmp.Or(r.outcome.ExecutedVersion, e.Qualifier), 1)
	if !ok {
		return nil, Function{}
	}
	var deliveries []delivery
	to := config.OnFailure
	if r.condition == success {
		to = config.OnSuccess
	}
	if to != "" {
		deliveries = append(deliveries, delivery{to, cloud.QueueMessage{Body: invocationRecord(e, r), TraceHeader: e.Event.TraceID}, "DestinationDeliveryFailures"})
	}
	if r.condition != success && f.DeadLetterTargetARN != "" {
		deliveries = append(deliveries, delivery{f.DeadLetterTargetARN, deadLetter(e, r), "DeadLetterErrors"})
	}
	return deliveries, f
}

// send sends the messages with the function's role. As on AWS, a message that its
// recipient refuses is lost. A recipient that cannot take the message at the moment gets
// it later: send returns false only if the service closes before that.
func (s *Service) send(f Function, e event, deliveries []delivery) bool {
	credentials, err := s.assume(s.life, f.Config)
	if err != nil {
		s.lose(f.Name, "the result of event %s is lost: %s", e.RequestID, roleRefused)
		for _, d := range deliveries {
			s.measure(e.target(), "", cloud.Counted(d.failed, 1))
		}
		return true
	}
	defer s.options.Roles.Revoke(credentials.AccessKeyID)
	for _, d := range deliveries {
		err := s.deliver(credentials.Caller, e, d)
		for ; err != nil && !refused(err); err = s.deliver(credentials.Caller, e, d) {
			s.note(cloud.Warning, f.Name, "the result of event %s waits: cannot send it to %s: %v", e.RequestID, d.to, err)
			if !s.pause() {
				return false
			}
		}
		if err != nil {
			s.measure(e.target(), "", cloud.Counted(d.failed, 1))
			s.lose(f.Name, "the result of event %s is lost: cannot send it to %s: %v", e.RequestID, d.to, err)
			continue
		}
		s.note(cloud.Info, f.Name, "sent the result of event %s to %s", e.RequestID, d.to)
	}
	return true
}

// refused reports whether err is an error of the sender, so that sending again would not
// help.
func refused(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() < http.StatusInternalServerError && e.HTTPStatus() != http.StatusTooManyRequests
}

// pause waits a moment, and reports whether the service is still open.
func (s *Service) pause() bool {
	select {
	case <-time.After(time.Second):
		return true
	case <-s.life.Done():
		return false
	}
}

// deliver sends one message. Lambda makes the request and not the function's code,
// so the request has no source function.
//
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
func (s *Service) deliver(as cloud.Caller, e event, d delivery) (err error) {
	from := as.SourceFunction
	as.SourceFunction = cloud.ARN{}
	ctx, step := cloud.BeginStep(s.life, cloud.Step{
		Kind: cloud.StepDelivery, Name: "result of " + e.Function, From: from.String(), To: d.to, Trace: cloud.TraceField(e.Event.TraceID, "Root"), Input: cloud.StepText(d.Body),
	})
	defer func() { step.End(s.options.Journal, func(st *cloud.Step) { st.Fail(err) }) }()
	switch cloud.ServiceOf(d.to) {
	case "sqs":
		_, err = s.options.Sender.SendMessage(ctx, as, d.to, d.QueueMessage)
	case "sns":
		err = s.options.Publish(ctx, as, d.to, d.QueueMessage)
	case "lambda":
		err = s.forward(ctx, cloud.Invocation{Caller: as, Function: d.to, Payload: []byte(d.Body)})
	}
	return err
}

// invocationRecord returns the document that a destination receives.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func invocationRecord(e event, r result) string {
	type requestContext struct {
		RequestID   string    `json:"requestId"`
		FunctionARN string    `json:"functionArn"`
		Condition   condition `json:"condition"`
		InvokeCount int       `json:"approximateInvokeCount"`
	}
	type responseContext struct {
		StatusCode      int    `json:"statusCode"`
		ExecutedVersion string `json:"executedVersion"`
		FunctionError   string `json:"functionError,omitempty"`
	}
	record := struct {
		Version         string           `json:"version"`
		Timestamp       string           `json:"timestamp"`
		RequestContext  requestContext   `json:"requestContext"`
		RequestPayload  json.RawMessage  `json:"requestPayload"`
		ResponseContext *responseContext `json:"responseContext,omitempty"`
		ResponsePayload json.RawMessage  `json:"responsePayload,omitempty"`
	}{
		Version:        "1.0",
		Timestamp:      cloud.Timestamp(time.Now()),
		RequestContext: requestContext{e.RequestID, e.Event.FunctionARN, r.condition, e.Attempts},
		RequestPayload: e.Event.Payload,
	}
	if e.Qualifier == "" {
		record.RequestContext.FunctionARN += ":" + latest
	}
	if r.condition == success {
		record.RequestContext.InvokeCount++
	}
	if r.err == nil {
		record.ResponseContext = &responseContext{http.StatusOK, r.outcome.ExecutedVersion, r.outcome.FunctionError}
		record.ResponsePayload = asDocument(r.outcome.Payload)
	}
	return cloud.EncodeJSON(record)
}

// deadLetter returns a message with the event as its body and the reason for the
// failure in its attributes.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq
func deadLetter(e event, r result) cloud.QueueMessage {
	code, message := http.StatusOK, r.reason()
	if r.err == nil {
		_, message = decodeError(r.outcome.Payload)
	} else if refusal, ok := r.err.(*cloud.Error); ok {
		code, message = refusal.HTTPStatus(), refusal.Message
	}
	const maxMessage = 1024 // bytes
	message = cmp.Or(strings.ToValidUTF8(message[:min(len(message), maxMessage)], ""), "Unhandled")
	return cloud.QueueMessage{
		Body: string(e.Event.Payload),
		Attributes: map[string]cloud.MessageAttribute{
			"RequestID":    {DataType: "String", StringValue: e.RequestID},
			"ErrorCode":    {DataType: "Number", StringValue: strconv.Itoa(code)},
			"ErrorMessage": {DataType: "String", StringValue: message},
		},
		TraceHeader: e.Event.TraceID,
	}
}

// asDocument returns the payload as JSON. A runtime may return anything: a payload
// that is not JSON becomes a JSON string.
func asDocument(payload []byte) json.RawMessage {
	if json.Valid(payload) {
		return payload
	}
	return json.RawMessage(cloud.EncodeJSON(string(payload)))
}
