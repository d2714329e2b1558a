package events

import (
	"context"
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
		all = append(all, timetable.Event{Key: t.eventKey(rule), ID: id, At: at.Truncate(time.Second)})
	}
	if err := s.deliveries.Add(all, change); err != nil {
		return err
	}
	s.measure(rule, "TriggeredRules")
	return nil
}

// eventKey returns the key of the events for a target, which those for an earlier target with
// its ID do not have. Targets that are older than this version have no creation.
func (t Target) eventKey(rule string) string {
	return strings.TrimSuffix(rule+"/"+t.ID+"/"+t.Creation, "/")
}

// parseEventKey returns the rule and the ID of the target of events.
func parseEventKey(key string) (rule, target string) {
	rule, rest, _ := strings.Cut(key, "/")
	target, _, _ = strings.Cut(rest, "/")
	return rule, target
}

// courier finds the targets of events.
type courier struct{ *Service }

// Find implements [timetable.Courier].
func (s courier) Find(key string) timetable.Delivery {
	name, id := parseEventKey(key)
	r, _ := s.rules.Get(name)
	i := r.target(id)
	if i < 0 || r.Targets[i].eventKey(name) != key {
		return nil
	}
	return delivery{s.Service, r, r.Targets[i]}
}

// Name implements [timetable.Courier].
func (courier) Name(key string) string {
	rule, _ := parseEventKey(key)
	return rule
}

// Dropped implements [timetable.Courier].
func (s courier) Dropped(e timetable.Event) {
	rule, target := parseEventKey(e.Key)
	s.note(cloud.Warning, rule, "the event of %s is dropped: the target %s was removed before it was delivered", e.Time(), target)
}

// delivery delivers the events of a rule to a target.
type delivery struct {
	*Service
	rule   Rule
	target Target
}

// Target implements [timetable.Delivery].
func (s delivery) Target() string { return s.target.ARN }

// RetryPolicy implements [timetable.Delivery].
func (s delivery) RetryPolicy() timetable.RetryPolicy {
	retries, age := s.target.Retries, s.target.MaxAge
	if age == 0 {
		retries, age = DefaultRetries, DefaultMaxAge
	}
	return timetable.RetryPolicy{Attempts: retries, Age: time.Duration(age) * time.Second}
}

// Permanent implements [timetable.Delivery]. Errors that only a change resolves are not
// retried.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func (delivery) Permanent(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() < http.StatusInternalServerError && e.HTTPStatus() != http.StatusTooManyRequests
}

// Send implements [timetable.Delivery]. EventBridge does not tell SNS the rule: a topic's
// policy must allow it without a condition on the source, unlike the default policy.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
func (s delivery) Send(ctx context.Context, e timetable.Event) error {
	r, t := s.rule, s.target
	caller, input := cloud.Caller{Service: principal, SourceARN: s.ARN(r.Name)}, t.input(r, s.event(r, e))
	if cloud.ServiceOf(t.ARN) == "sns" {
		caller = cloud.Caller{Service: principal}
	}
	switch err := s.options.Targets.Observed(ctx, s.options.Journal, s.ARN(r.Name).String(), caller, t.ARN, input); {
	case errors.Is(err, context.Canceled):
		return err // not an attempt
	case err != nil:
		s.note(cloud.Warning, r.Name, "attempt %d to invoke %s failed: %v", e.Attempts+1, t.ARN, err)
		return err
	}
	s.note(cloud.Info, r.Name, "invoked %s", t.ARN)
	s.measure(r.Name, "Invocations")
	return nil
}

// Bury implements [timetable.Delivery]. The policy of the dead-letter queue must allow the
// service to send to it.
func (s delivery) Bury(ctx context.Context, e timetable.Event) error {
	r, t := s.rule, s.target
	if t.DeadLetters == "" {
		s.measure(r.Name, "Invocations", "FailedInvocations")
		s.lose(r, "an event is lost after %d attempts to invoke %s: %s: %s", e.Attempts, t.ARN, e.Code, e.Message)
		return nil
	}
	caller := cloud.Caller{Service: principal, SourceARN: s.ARN(r.Name)}
	_, err := s.options.Targets.Sender.SendMessage(ctx, caller, t.DeadLetters, s.deadLetter(e))
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

// Done implements [timetable.Delivery].
func (delivery) Done(timetable.Event) {}

// deadLetter returns the message for the dead-letter queue: the event, whatever the input of
// the target is. AWS documents the attributes and examples of the codes, but neither the body
// nor which error has which code.
//
// https://github.com/serverless/serverless/issues/4647
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func (s delivery) deadLetter(e timetable.Event) cloud.QueueMessage {
	attributes := map[string]cloud.MessageAttribute{}
	for name, value := range map[string]string{
		"RULE_ARN": s.rule.ARN, "TARGET_ARN": s.target.ARN, "ERROR_CODE": errorCode(e.Code), "ERROR_MESSAGE": e.Message,
		"EXHAUSTED_RETRY_CONDITION": e.Ended, "RETRY_ATTEMPTS": strconv.Itoa(e.Attempts - 1),
	} {
		if value != "" {
			attributes[name] = cloud.MessageAttribute{DataType: "String", StringValue: value}
		}
	}
	return cloud.QueueMessage{Body: s.event(s.rule, e), Attributes: attributes}
}

// errorCode returns EventBridge's own code for an error of a target.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func errorCode(code string) string {
	switch {
	case code == timetable.Internal:
		return "INTERNAL_ERROR"
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
