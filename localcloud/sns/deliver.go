package sns

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/store"
)

// deliver tries to deliver a message until the target accepts it or refuses it for
// good, or until AWS would give up. A message that is not delivered goes to the
// dead-letter queue of the subscription.
//
// A deleted subscription receives nothing, not even what was published before. AWS
// documents for a topic that its deletion "might prevent some messages previously sent
// to the topic from being delivered".
//
// https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html
func (s *Service) deliver(t backlog.Task) backlog.Result {
	o, err := recall(t)
	if err != nil {
		s.lose(t.Lane, "a message to %s is lost: %v", t.Lane, err)
		return backlog.Result{}
	}
	r, ok := s.subscriptions.Get(t.Lane)
	if o.Kind == subscribing && !r.PendingConfirmation {
		return s.forget(o) // it was confirmed or deleted
	}
	if !ok && o.Kind != unsubscribing {
		s.warn(t.Lane[:strings.LastIndexByte(t.Lane, ':')], "message %s is dropped: subscription %s was deleted before it was delivered", o.Message, t.Lane)
		return s.forget(o)
	}
	d, err := s.load(t, o, r)
	switch {
	case errors.Is(err, store.ErrUnusable):
		s.lose(r.TopicARN, "message %s to %s is lost: %v", o.Message, r.Where(), err)
		return s.forget(o)
	case err != nil:
		return postpone(o, lateRetry)
	case o.Failure != "":
		return s.redrive(d, o, r.deadLetterQueue)
	}
	if later, held := s.hold(d, o); held {
		return later
	}
	return s.attempt(d, o, r.deadLetterQueue)
}

// attempt tries to deliver a message. Retries that follow at once are part of it.
func (s *Service) attempt(d Delivery, o owed, deadLetterQueue string) backlog.Result {
	how, target := s.deliveryTo(d.Subscription), s.target(d.Subscription.Protocol)
	d.ContentType = how.contentType
	for {
		if s.throttle.wait(s.http.running, d.Subscription.ARN, how.rate) != nil {
			return backlog.Result{Interrupted: true}
		}
		o.Tries++
		out := outcome{attempts: o.Tries, sent: time.Now()}
		// Only requests over HTTP are interrupted, because they may take long. Then the
		// endpoint may receive the message again.
		ctx, step := d.step("", o.Tries)
		out.Receipt, out.err = target.Deliver(ctx, d)
		if errors.Is(out.err, context.Canceled) {
			return backlog.Result{Interrupted: true}
		}
		step.End(s.Journal, d.describe(out.Response, out.err))
		if out.err == nil {
			s.delivered(d, out)
			return s.settle(d, o)
		}
		delay, retry := how.retry(o.Tries)
		if final(out.err) || !retry {
			if d.Kind != "" {
				s.warn(d.Subscription.TopicARN, "%s of subscription %s did not reach %s: %v", d.Kind, d.Subscription.ARN, d.Subscription.Where(), out.err)
				return s.forget(o)
			}
			s.report(d, out)
			s.measure(d.Subscription.TopicARN, cloud.Counted("NumberOfNotificationsFailed", 1))
			o.Failure = out.err.Error()
			return s.redrive(d, o, deadLetterQueue)
		}
		if o.Tries == 1 {
			s.warn(d.Subscription.TopicARN, "delivery of message %s to %s failed and will be retried: %v", d.MessageID, d.Subscription.ARN, out.err)
		}
		if delay > 0 {
			return postpone(o, delay)
		}
	}
}

// target returns the target of a protocol that delivers.
func (s *Service) target(protocol string) Target {
	if isHTTP(protocol) {
		return s.http
	}
	return s.Targets[protocol]
}

func (s *Service) delivered(d Delivery, out outcome) {
	if d.Kind == subscribing {
		s.note(cloud.Info, d.Subscription.TopicARN, "subscription %s waits for its confirmation: %s received the SubscribeURL", d.Subscription.ARN, d.Subscription.Where())
	}
	if d.Kind != "" {
		return
	}
	how := ""
	if out.attempts > 1 {
		how = fmt.Sprintf(" on attempt %d", out.attempts)
	}
	if out.Response != "" {
		how += ": " + out.Response
	}
	s.note(cloud.Info, d.Subscription.TopicARN, "message %s was delivered to %s%s%s", d.MessageID, d.Subscription.Where(), how, cloud.Hop("", d.TraceHeader))
	s.measure(d.Subscription.TopicARN, cloud.Counted("NumberOfNotificationsDelivered", 1))
	s.report(d, out)
}

// final reports whether err is what SNS calls a client-side error: the endpoint
// is gone, its policy refuses the topic, or its response is neither 5xx nor 429, so that
// a retry would not help.
func final(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() < http.StatusInternalServerError && e.HTTPStatus() != http.StatusTooManyRequests
}
