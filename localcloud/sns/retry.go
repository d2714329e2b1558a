package sns

import (
	"cmp"
	"encoding/json"
	"math"
	"time"

	"tally/localcloud/cloud"
)

// delivery is how messages are delivered to a subscription.
type delivery struct {
	// retry returns how long to wait before the retry after a failed attempt, counted
	// from 1, and false if no retry follows.
	retry       func(try int) (time.Duration, bool)
	policy      retryPolicy // from which retry results, for HTTP
	rate        int         // the number of deliveries in a second; 0 means any number
	contentType string      // of requests
}

// deliveryTo returns how messages are delivered to a subscription: as its delivery policy
// says or, where that says nothing or the topic permits none, that of the topic.
func (s *Service) deliveryTo(sub Subscription) delivery {
	if !isHTTP(sub.Protocol) {
		return delivery{retry: retryDelay}
	}
	topic, _ := s.topics.Get(sub.TopicARN)
	var base deliveryPolicy
	var own subscriptionPolicy
	_ = json.Unmarshal([]byte(topic.DeliveryPolicy), &base) // each is "", which says nothing,
	_ = json.Unmarshal([]byte(sub.DeliveryPolicy), &own)    // or was checked when it was set
	if base.HTTP.NoOverrides {
		own = subscriptionPolicy{}
	}
	retry := cmp.Or(own.Retry, base.HTTP.Retry)
	return delivery{
		policy: retry,
		retry: func(try int) (time.Duration, bool) {
			wait, ok := retry.delay(try)
			return s.Pace.Wait(wait), ok
		},
		rate:        valueOr(cmp.Or(own.Throttle.Rate, base.HTTP.Throttle.Rate), 0),
		contentType: cmp.Or(own.Request.ContentType, base.HTTP.Request.ContentType, defaultContentType),
	}
}

const (
	defaultContentType = "text/plain; charset=UTF-8"
	defaultRetries     = 3
	defaultDelay       = 20 // seconds
	// maxRetryTime is the longest time that AWS lets the retries to an HTTP endpoint take.
	maxRetryTime = time.Hour
)

// delay returns how long SNS waits after a failed attempt, counted from 1, to deliver to
// an HTTP endpoint, and false if no retry follows. The phases are the immediate retries,
// those after the minimum delay, those after a growing delay, and those after the maximum
// delay.
//
// AWS publishes only a diagram of the backoff functions. Here, the delays of the functions
// "geometric" and "exponential" grow by a constant factor, those of "linear" by a constant
// difference, and with "arithmetic" the differences grow by a constant.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html#delivery-policy-stages
func (r retryPolicy) delay(try int) (time.Duration, bool) {
	least, most := r.bounds()
	retries, immediate := valueOr(r.Retries, defaultRetries), valueOr(r.NoDelay, 0)
	early, late := valueOr(r.AtMinDelay, 0), valueOr(r.AtMaxDelay, 0)
	growing := retries - immediate - early - late
	switch n := try - immediate - early; {
	case try > retries:
		return 0, false
	case try <= immediate:
		return 0, true
	case n <= 0:
		return least, true
	case n > growing:
		return most, true
	case growing == 1:
		return least, true
	default:
		return r.between(least, most, float64(n-1)/float64(growing-1)), true
	}
}

// bounds returns the minimum and the maximum delay. If only one is set, the default of the
// other one gives way.
func (r retryPolicy) bounds() (least, most time.Duration) {
	low, high := valueOr(r.MinDelay, defaultDelay), valueOr(r.MaxDelay, defaultDelay)
	if r.MaxDelay == nil {
		high = max(high, low)
	}
	return time.Duration(min(low, high)) * time.Second, time.Duration(high) * time.Second
}

// between returns the delay at a position from 0 to 1 of the backoff phase.
func (r retryPolicy) between(least, most time.Duration, position float64) time.Duration {
	spread := float64(most - least)
	var delay float64
	switch r.Backoff {
	case "exponential", "geometric":
		delay = float64(least) * math.Pow(float64(most)/float64(least), position)
	case "arithmetic":
		delay = float64(least) + spread*position*position
	default:
		delay = float64(least) + spread*position
	}
	return time.Duration(delay).Round(time.Millisecond)
}

// total returns how long all retries wait together.
func (r retryPolicy) total() (sum time.Duration) {
	for try := 1; ; try++ {
		delay, ok := r.delay(try)
		if !ok {
			return sum
		}
		sum += delay
	}
}

// lateRetry is the longest wait between attempts to deliver to an AWS-managed endpoint.
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

// isHTTP reports whether a protocol is HTTP or HTTPS.
func isHTTP(protocol string) bool { return protocol == "http" || protocol == "https" }

// EffectiveDeliveryPolicy returns the delivery policy that applies to a subscription, as
// JSON, or "" if it is not to an HTTP endpoint.
func (s *Service) EffectiveDeliveryPolicy(sub Subscription) string {
	if !isHTTP(sub.Protocol) {
		return ""
	}
	how := s.deliveryTo(sub)
	r := how.policy
	least, most := r.bounds()
	type retries struct {
		MinDelay   int    `json:"minDelayTarget"`
		MaxDelay   int    `json:"maxDelayTarget"`
		Retries    int    `json:"numRetries"`
		AtMaxDelay int    `json:"numMaxDelayRetries"`
		NoDelay    int    `json:"numNoDelayRetries"`
		AtMinDelay int    `json:"numMinDelayRetries"`
		Backoff    string `json:"backoffFunction"`
	}
	type throttles struct {
		Rate int `json:"maxReceivesPerSecond"`
	}
	var limit *throttles
	if how.rate > 0 {
		limit = &throttles{how.rate}
	}
	return cloud.EncodeJSON(struct {
		Retry    retries       `json:"healthyRetryPolicy"`
		Sickly   *retries      `json:"sicklyRetryPolicy"`
		Throttle *throttles    `json:"throttlePolicy"`
		Request  requestPolicy `json:"requestPolicy"`
		Sure     bool          `json:"guaranteed"`
	}{
		retries{
			int(least.Seconds()), int(most.Seconds()), valueOr(r.Retries, defaultRetries), valueOr(r.AtMaxDelay, 0),
			valueOr(r.NoDelay, 0), valueOr(r.AtMinDelay, 0), cmp.Or(r.Backoff, "linear"),
		},
		nil, limit, requestPolicy{how.contentType}, false,
	})
}
