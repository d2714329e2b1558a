package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/scheduler"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// maxFailures is how many messages of a queue are listed.
const maxFailures = 500

// A failureQueue is a queue for what failed, with its messages.
type failureQueue struct {
	Name     string    `json:"name"`
	ARN      string    `json:"arn"`
	Total    int       `json:"total"`
	Messages []failure `json:"messages"` // the oldest first, at most maxFailures

	url string
}

// A failure is a message in a failure queue: Lambda's record of an invocation, a dead letter
// of a function, the notification of a topic, or the event of a schedule or a rule.
type failure struct {
	Number    string    `json:"number"` // identifies the message in the queue
	MessageID string    `json:"messageId"`
	Sent      time.Time `json:"sent"`
	Receives  int       `json:"receives"`
	Hidden    bool      `json:"hidden"`              // somebody has received it
	Condition string    `json:"condition"`           // why nobody tried again: "RetriesExhausted", "Undelivered", "Unknown"
	Attempts  int       `json:"attempts,omitempty"`  // 0 if unknown
	Reason    string    `json:"reason,omitempty"`    // of the last attempt
	Trace     string    `json:"trace,omitempty"`     // that led to it
	Payload   string    `json:"payload"`             // the message of the topic or, without one, the event
	Event     string    `json:"event,omitempty"`     // what the function failed on; "" if nothing can run it
	Function  string    `json:"function,omitempty"`  // ARN of what runs it; "" if nothing can
	Undecoded string    `json:"undecoded,omitempty"` // why it was not
}

// failureQueues returns the ARNs of the queues that receive what failed, for people: not
// those that a function receives from.
func (c *Console) failureQueues() map[string]bool {
	all := map[string]bool{}
	for _, f := range c.Services.Lambda.Functions() {
		all[f.DeadLetterTargetARN] = true
		configs, _ := c.Services.Lambda.EventInvokeConfigs(f.Name) // none if it has been deleted since
		for _, config := range configs {
			all[config.OnFailure] = true
		}
	}
	for _, s := range c.Services.SNS.Subscriptions() {
		all[deadLetterTarget(s.RedrivePolicy)] = true
	}
	for _, q := range c.Services.SQS.Queues() {
		all[deadLetterTarget(q.RedrivePolicy)] = true
	}
	schedules, _ := c.Services.Scheduler.List(scheduler.Filter{})
	for _, s := range schedules {
		all[s.Target.DeadLetters] = true
	}
	for _, r := range c.Services.Events.Rules() {
		for _, t := range r.Targets {
			all[t.DeadLetters] = true
		}
	}
	mappings, _ := c.Services.Lambda.EventSourceMappings("", "") // of all functions
	for _, m := range mappings {
		delete(all, m.EventSourceARN)
	}
	return all
}

// failures returns the failure queues with their messages, those with messages first.
func (c *Console) failures() ([]failureQueue, error) {
	all := []failureQueue{}
	failing := c.failureQueues()
	for _, q := range c.Services.SQS.Queues() {
		if !failing[q.ARN] {
			continue
		}
		found, err := c.failureQueue(q)
		if cloud.ErrorCode(err) == "AWS.SimpleQueueService.NonExistentQueue" {
			continue // it has been deleted since
		}
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	slices.SortStableFunc(all, func(a, b failureQueue) int { return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Name, b.Name)) })
	return all, nil
}

func (c *Console) failureQueue(q sqs.Queue) (failureQueue, error) {
	found := failureQueue{Name: q.Name, ARN: q.ARN, Messages: []failure{}, url: q.URL}
	n, err := c.Services.SQS.Count(q.URL)
	if err != nil {
		return found, err
	}
	found.Total = n.Available + n.InFlight + n.Delayed
	messages, err := c.Services.SQS.Browse(q.URL, maxFailures)
	for _, m := range messages {
		found.Messages = append(found.Messages, c.decode(q.ARN, m))
	}
	return found, err
}

// decode decodes a message of a failure queue.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
func (c *Console) decode(queue string, m sqs.Browsed) failure {
	sent, _ := strconv.ParseInt(m.System["SentTimestamp"], 10, 64)
	receives, _ := strconv.Atoi(m.System["ApproximateReceiveCount"])
	f := failure{
		Number: strconv.FormatUint(m.Number, 10), MessageID: m.ID, Sent: time.UnixMilli(sent).UTC(), Receives: receives, Hidden: m.Hidden,
		Trace: cmp.Or(cloud.TraceField(m.System["AWSTraceHeader"], "Root"), m.Trace), Payload: m.Body, Condition: "Unknown",
	}
	attribute := func(name string) string { return m.Attributes[name].StringValue }
	var r invocationRecord
	switch {
	case json.Unmarshal([]byte(m.Body), &r) == nil && r.RequestContext.Condition != "" && len(r.RequestPayload) > 0:
		f.Condition, f.Attempts = r.RequestContext.Condition, r.RequestContext.ApproximateInvokeCount
		f.Reason, f.Event, f.Function = functionError(r.ResponsePayload), string(r.RequestPayload), r.RequestContext.FunctionARN
		f.Function = strings.TrimSuffix(f.Function, ":$LATEST")
	case attribute("TARGET_ARN") != "" || attribute("RULE_ARN") != "":
		f.Condition, f.Event, f.Reason = "Undelivered", m.Body, attribute("ERROR_CODE")+": "+attribute("ERROR_MESSAGE")
		if retries, err := strconv.Atoi(attribute("RETRY_ATTEMPTS")); err == nil {
			f.Attempts = retries + 1
		}
		if cloud.ServiceOf(attribute("TARGET_ARN")) == "lambda" {
			f.Function = attribute("TARGET_ARN")
		}
	case attribute("RequestID") != "" && attribute("ErrorCode") != "":
		f.Condition, f.Event, f.Reason, f.Function = "DeadLetter", m.Body, attribute("ErrorMessage"), c.deadLettersOf(queue)
	default:
		letter, err := sns.ParseNotification(m.Body)
		if err != nil {
			f.Undecoded = "the body is neither a record of Lambda nor an event of a schedule, and " + err.Error()
			return f
		}
		f.Condition, f.Event, f.Payload = "Undelivered", letter.Event, letter.Message
		if sub, err := c.Services.SNS.Subscription(letter.Subscription); err == nil && sub.Protocol == "lambda" {
			f.Function = sub.Endpoint
		}
		return f
	}
	f.Payload = payloadOf(f.Event)
	return f
}

// invocationRecord is Lambda's record of an asynchronous invocation.
type invocationRecord struct {
	RequestContext struct {
		FunctionARN            string `json:"functionArn"`
		Condition              string
		ApproximateInvokeCount int
	}
	RequestPayload, ResponsePayload json.RawMessage
}

// functionError returns the error in the response of a function.
func functionError(response []byte) string {
	var e struct{ ErrorMessage, ErrorType string }
	if json.Unmarshal(response, &e) == nil && (e.ErrorMessage != "" || e.ErrorType != "") {
		return cmp.Or(e.ErrorMessage, e.ErrorType)
	}
	return string(response)
}

// payloadOf returns the message of a topic in an event, if it has exactly one, and otherwise
// the event.
func payloadOf(event string) string {
	var e struct {
		Records []struct{ Sns *struct{ Message string } }
	}
	if json.Unmarshal([]byte(event), &e) != nil || len(e.Records) != 1 || e.Records[0].Sns == nil {
		return event
	}
	return e.Records[0].Sns.Message
}

// withPayload returns the event with another message of the topic or, if it has none, with
// the payload as the event.
func withPayload(event, payload string) (string, error) {
	var e struct{ Records []map[string]any }
	if json.Unmarshal([]byte(event), &e) == nil && len(e.Records) == 1 {
		if message, ok := e.Records[0]["Sns"].(map[string]any); ok {
			message["Message"] = payload
			return cloud.EncodeJSON(e), nil
		}
	}
	if !json.Valid([]byte(payload)) {
		return "", cloud.Errorf(http.StatusBadRequest, "InvalidRequestContentException", "the event must be JSON")
	}
	return payload, nil
}

// deadLettersOf returns the ARN of the only function whose dead letters a queue receives, or
// "".
func (c *Console) deadLettersOf(queue string) string {
	var all []string
	for _, f := range c.Services.Lambda.Functions() {
		if f.DeadLetterTargetARN == queue {
			all = append(all, f.ARN)
		}
	}
	if len(all) != 1 {
		return ""
	}
	return all[0]
}
