package sns

import (
	"context"
	"errors"
	"math"
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
	if !ok {
		s.warn(t.Lane[:strings.LastIndexByte(t.Lane, ':')], "message %s is dropped: subscription %s was deleted before it was delivered", o.Message, t.Lane)
		return s.forget(o)
	}
	d, err := s.load(t, o, r)
	switch {
	case errors.Is(err, store.ErrUnusable):
		s.lose(r.TopicARN, "message %s to %s is lost: %v", o.Message, r.Endpoint, err)
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
	for {
		o.Tries++
		out := outcome{attempts: o.Tries, sent: time.Now()}
		// Nothing interrupts Deliver, which would leave open whether the endpoint
		// received the message.
		out.response, out.err = s.Targets[d.Subscription.Protocol].Deliver(context.Background(), d)
		if out.err == nil {
			s.delivered(d, out)
			return s.settle(d, o)
		}
		delay, retry := retryDelay(o.Tries)
		if final(out.err) || !retry {
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

func (s *Service) delivered(d Delivery, out outcome) {
	if out.attempts > 1 {
		s.note(cloud.Info, d.Subscription.TopicARN, "message %s was delivered to %s on attempt %d", d.MessageID, d.Subscription.ARN, out.attempts)
	}
	s.measure(d.Subscription.TopicARN, cloud.Counted("NumberOfNotificationsDelivered", 1))
	s.report(d, out)
}

// final reports whether err is what SNS calls a client-side error: the endpoint
// is gone or its policy refuses the topic, so that a retry would not help.
func final(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() < http.StatusInternalServerError && e.HTTPStatus() != http.StatusTooManyRequests
}

// lateRetry is the longest wait between attempts.
const lateRetry = 20 * time.Second

// retryDelay returns how long SNS waits after a failed attempt, counted from 1, to
// deliver to an AWS-managed endpoint: not at all before the first 3 retries, 1 s
// before the next 2, from 1 s growing to 20 s before the next 10, and 20 s before
// the last 100,000. It returns false if no retry follows.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
func retryDelay(try int) (delay time.Duration, ok bool) {
	const immediate, early, growing, late = 3, 2, 10, 100_000
	const shortest, longest = time.Second, lateRetry
	switch n := try - immediate - early; {
	case try <= immediate:
		return 0, true
	case n <= 0:
		return shortest, true
	case n <= growing:
		growth := math.Pow(float64(longest/shortest), float64(n-1)/(growing-1))
		return time.Duration(float64(shortest) * growth).Round(time.Millisecond), true
	default:
		return longest, n <= growing+late
	}
}
