package sns

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"tally/localcloud/cloud"
)

// deliver tries until the target takes the message, refuses it for good, or
// AWS would give up.
func (s *Service) deliver(d Delivery) {
	// The call itself is not cut short by Close: what it did would be unknown.
	for try := 1; ; try++ {
		o := outcome{attempts: try, handed: time.Now()}
		o.answer, o.err = s.Targets[d.Subscription.Protocol].Deliver(context.Background(), d)
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
			s.giveUp(d, o.err.Error())
			return
		}
		if try == 1 {
			s.record(cloud.Warning, d.Subscription.TopicARN, "message %s will be sent to %s again: %v", d.MessageID, d.Subscription.ARN, o.err)
		}
		select {
		case <-time.After(delay):
		case <-s.ctx.Done():
			s.giveUp(d, "the local cloud stopped before the next try after: "+o.err.Error())
			return
		}
	}
}

// final tells what SNS calls a client-side error: the endpoint is gone or its
// policy refuses, and trying again would not help.
func final(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() < http.StatusInternalServerError && e.HTTPStatus() != http.StatusTooManyRequests
}

// retryDelay is how long SNS waits after the given failed try, counted from 1,
// of a delivery to an AWS-managed endpoint: 3 retries at once, 2 after 1 s, 10
// from 1 s growing to 20 s, 100,000 every 20 s; then it gives up.
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
