package sns

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"tally/localcloud/cloud"
)

// deliver tries until the target accepts the message, refuses it for good, or
// AWS would give up. The message then goes to the dead-letter queue, "" for
// none.
func (s *Service) deliver(d Delivery, deadLetterQueue string) {
	// Close does not interrupt the call itself: its effect would be unknown.
	for try := 1; ; try++ {
		o := outcome{attempts: try, handed: time.Now()}
		o.response, o.err = s.Targets[d.Subscription.Protocol].Deliver(context.Background(), d)
		if o.err == nil {
			if try > 1 {
				s.record(cloud.Info, d.Subscription.TopicARN, "message %s was delivered to %s at try %d", d.MessageID, d.Subscription.ARN, try)
			}
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
			s.record(cloud.Warning, d.Subscription.TopicARN, "message %s will be sent to %s again: %v", d.MessageID, d.Subscription.ARN, o.err)
		}
		select {
		case <-time.After(delay):
		case <-s.ctx.Done():
			s.giveUp(d, deadLetterQueue, "the local cloud stopped before the next try after: "+o.err.Error())
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

// retryDelay returns how long SNS waits after a failed try, counted from 1, of a
// delivery to an AWS-managed endpoint: not at all for 3 retries, 1 s for 2, from
// 1 s growing to 20 s for 10, 20 s for 100,000. It returns false after the last.
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
