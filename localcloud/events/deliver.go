package events

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/store"
)

// fire queues the event of a rule for each of its targets.
func (s *Service) fire(rule string, at time.Time, change store.Change) error {
	r, _ := s.rules.Get(rule)
	id := uuid.NewString()
	var all []timetable.Event
	for _, t := range r.Targets {
		all = append(all, timetable.Event{Key: key(rule, t.ID), ID: id, At: at.Truncate(time.Second)})
	}
	if err := s.deliveries.Add(all, change); err != nil {
		return err
	}
	s.measure(rule, "TriggeredRules")
	return nil
}

// courier delivers the events of rules.
type courier struct{ *Service }

// RetryPolicy implements [timetable.Courier].
func (s courier) RetryPolicy(e timetable.Event) (timetable.RetryPolicy, bool) {
	_, t, ok := s.find(e.Key)
	return timetable.RetryPolicy{Attempts: t.Retries, Age: time.Duration(t.MaxAge) * time.Second}, ok
}

// Permanent implements [timetable.Courier]. Errors that only a change resolves are not
// retried.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func (courier) Permanent(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() < http.StatusInternalServerError && e.HTTPStatus() != http.StatusTooManyRequests
}

// Send implements [timetable.Courier]. EventBridge does not tell SNS the rule: a topic's
// policy must allow it without a condition on the source, unlike the default policy.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
func (s courier) Send(e timetable.Event) error {
	r, t, ok := s.find(e.Key)
	if !ok {
		return nil
	}
	caller, input := cloud.Caller{Service: principal, SourceARN: s.ARN(r.Name)}, t.input(r, s.event(r, e))
	if cloud.ServiceOf(t.ARN) == "sns" {
		caller = cloud.Caller{Service: principal}
	}
	if err := s.options.Targets.Observed(s.life, s.options.Journal, s.ARN(r.Name).String(), caller, t.ARN, input); err != nil {
		s.note(cloud.Warning, r.Name, "attempt %d to invoke %s failed: %v", e.Attempts+1, t.ARN, err)
		return err
	}
	s.note(cloud.Info, r.Name, "invoked %s", t.ARN)
	s.measure(r.Name, "Invocations")
	return nil
}

// Bury implements [timetable.Courier]. The policy of the dead-letter queue must allow the
// service to send to it.
func (s courier) Bury(e timetable.Event) error {
	r, t, ok := s.find(e.Key)
	if !ok {
		return nil
	}
	if t.DeadLetters == "" {
		s.measure(r.Name, "Invocations", "FailedInvocations")
		s.lose(r, "an event is lost after %d attempts to invoke %s: %s: %s", e.Attempts, t.ARN, e.Code, e.Message)
		return nil
	}
	caller := cloud.Caller{Service: principal, SourceARN: s.ARN(r.Name)}
	_, err := s.options.Targets.Sender.SendMessage(s.life, caller, t.DeadLetters, s.deadLetter(r, t, e))
	switch {
	case err == nil:
		s.measure(r.Name, "Invocations", "FailedInvocations", "InvocationsSentToDlq")
		s.note(cloud.Warning, r.Name, "sent an event to %s after %d attempts to invoke %s: %s: %s", t.DeadLetters, e.Attempts, t.ARN, e.Code, e.Message)
	case s.Permanent(err):
		s.measure(r.Name, "Invocations", "FailedInvocations", "InvocationsFailedToBeSentToDlq")
		s.lose(r, "an event is lost: cannot send it to %s: %v", t.DeadLetters, err)
	default:
		return err
	}
	return nil
}

// Done implements [timetable.Courier].
func (courier) Done(timetable.Event) {}

// deadLetter returns the message for the dead-letter queue: the event, whatever the input of
// the target is.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func (s courier) deadLetter(r Rule, t Target, e timetable.Event) cloud.QueueMessage {
	attributes := map[string]cloud.MessageAttribute{}
	for name, value := range map[string]string{
		"RULE_ARN": r.ARN, "TARGET_ARN": t.ARN, "ERROR_CODE": errorCode(e.Code), "ERROR_MESSAGE": e.Message,
		"EXHAUSTED_RETRY_CONDITION": e.Ended, "RETRY_ATTEMPTS": strconv.Itoa(e.Attempts - 1),
	} {
		if value != "" {
			attributes[name] = cloud.MessageAttribute{DataType: "String", StringValue: value}
		}
	}
	return cloud.QueueMessage{Body: s.event(r, e), Attributes: attributes}
}

// errorCode returns EventBridge's own code for an error of a target.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func errorCode(code string) string {
	switch {
	case strings.HasPrefix(code, "AccessDenied"), code == "AuthorizationError", strings.HasPrefix(code, "KMS"):
		return "NO_PERMISSIONS"
	case strings.Contains(code, "NotFound"), strings.Contains(code, "NonExistent"):
		return "NO_RESOURCE"
	case strings.Contains(code, "TooManyRequests"), strings.Contains(code, "Throttl"):
		return "THROTTLING"
	}
	return "ERROR_FROM_TARGET"
}

func (s *Service) lose(r Rule, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{Level: cloud.Warning, Loss: true, Service: "events", Resource: r.Name, Message: fmt.Sprintf(format, args...)})
}

// measure counts an event in metrics of a rule.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
func (s *Service) measure(rule string, names ...string) {
	var values []cloud.MetricValue
	for _, name := range names {
		values = append(values, cloud.Counted(name, 1))
	}
	s.options.Metrics.Report("AWS/Events", time.Now(), [][]cloud.Dimension{{{Name: "RuleName", Value: rule}}}, values)
}
