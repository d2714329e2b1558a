package sns

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"tally/localcloud/cloud"
)

// deliver tries to deliver a message until the target accepts it or refuses it
// for good, or until AWS would give up. A message that is not delivered goes to
// the dead-letter queue, if deadLetterQueue is not "".
func (s *Service) deliver(d Delivery, deadLetterQueue string) {
	// Close interrupts only the waits. Interrupting Deliver would leave open whether
	// the endpoint received the message.
	for try := 1; ; try++ {
		o := outcome{attempts: try, sent: time.Now()}
		o.response, o.err = s.Targets[d.Subscription.Protocol].Deliver(context.Background(), d)
		if o.err == nil {
			if try > 1 {
				s.note(cloud.Info, d.Subscription.TopicARN, "message %s was delivered to %s on attempt %d", d.MessageID, d.Subscription.ARN, try)
			}
			s.measure(d.Subscription.TopicARN, cloud.Counted("NumberOfNotificationsDelivered", 1))
			s.report(d, o)
			return
		}
		delay, ok := retryDelay(try)
		if final(o.err) || !ok {
			s.report(d, o)
			s.giveUp(d, deadLetterQueue, o.err.Error())
			return
		}
		if try == 1 {
			s.note(cloud.Warning, d.Subscription.TopicARN, "delivery of message %s to %s failed and will be retried: %v", d.MessageID, d.Subscription.ARN, o.err)
		}
		select {
		case <-time.After(delay):
		case <-s.ctx.Done():
			s.giveUp(d, deadLetterQueue, "the local cloud stopped before the next attempt; the last one failed: "+o.err.Error())
			return
		}
	}
}

// final reports whether err is what SNS calls a client-side error: the endpoint
// is gone or its policy refuses the topic, so that a retry would not help.
func final(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() < http.StatusInternalServerError && e.HTTPStatus() != http.StatusTooManyRequests
}

// retryDelay returns how long SNS waits after a failed attempt, counted from 1, to
// deliver to an AWS-managed endpoint: not at all before the first 3 retries, 1 s
// before the next 2, from 1 s growing to 20 s before the next 10, and 20 s before
// the last 100,000. It returns false if no retry follows.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
func retryDelay(try int) (delay time.Duration, ok bool) {
	const immediate, early, growing, late = 3, 2, 10, 100_000
	const shortest, longest = time.Second, 20 * time.Second
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
