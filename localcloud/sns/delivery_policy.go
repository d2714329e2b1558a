package sns

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// deliveryPolicy is the DeliveryPolicy attribute of a topic: how deliveries to HTTP
// endpoints are retried. It is only recorded, because the local cloud delivers to
// none. A number that is not set has AWS's default.
type deliveryPolicy struct {
	HTTP struct {
		Retry struct {
			MinDelay   *int   `json:"minDelayTarget"` // seconds, 20 by default
			MaxDelay   *int   `json:"maxDelayTarget"` // seconds, 20 by default
			Retries    *int   `json:"numRetries"`     // 3 by default
			NoDelay    *int   `json:"numNoDelayRetries"`
			AtMinDelay *int   `json:"numMinDelayRetries"`
			AtMaxDelay *int   `json:"numMaxDelayRetries"`
			Backoff    string `json:"backoffFunction"`
		} `json:"defaultHealthyRetryPolicy"`
		Throttle struct {
			Rate *int `json:"maxReceivesPerSecond"`
		} `json:"defaultThrottlePolicy"`
	}
}

// CheckDeliveryPolicy accepts a JSON object within AWS's limits.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html#creating-delivery-policy
func CheckDeliveryPolicy(document string) error {
	const prefix = "Attributes Reason: DeliveryPolicy: "
	var p deliveryPolicy
	if !strings.HasPrefix(strings.TrimSpace(document), "{") || json.Unmarshal([]byte(document), &p) != nil {
		return invalid(prefix + "failed to parse JSON.")
	}
	if err := p.check(); err != nil {
		return invalid(prefix+"%v", err)
	}
	return nil
}

func (p deliveryPolicy) check() error {
	const retry, maxDelay = "http.defaultHealthyRetryPolicy", 3600 // seconds
	r := p.HTTP.Retry
	longest := valueOr(r.MaxDelay, maxDelay)
	retries := valueOr(r.Retries, 3)
	for _, n := range []struct {
		name      string
		value     *int
		low, high int
	}{
		{retry + ".maxDelayTarget", r.MaxDelay, 1, maxDelay},
		{retry + ".minDelayTarget", r.MinDelay, 1, longest},
		{retry + ".numRetries", r.Retries, 0, 100},
		{retry + ".numNoDelayRetries", r.NoDelay, 0, retries},
		{retry + ".numMinDelayRetries", r.AtMinDelay, 0, retries},
		{retry + ".numMaxDelayRetries", r.AtMaxDelay, 0, retries},
		{"http.defaultThrottlePolicy.maxReceivesPerSecond", p.HTTP.Throttle.Rate, 1, 1 << 30},
	} {
		if n.value != nil && (*n.value < n.low || *n.value > n.high) {
			return fmt.Errorf("%s must be from %d to %d, not %d", n.name, n.low, n.high, *n.value)
		}
	}
	if n := valueOr(r.NoDelay, 0) + valueOr(r.AtMinDelay, 0) + valueOr(r.AtMaxDelay, 0); n > retries {
		return fmt.Errorf("%s.numRetries must be at least %d, the sum of its phases, not %d", retry, n, retries)
	}
	if r.Backoff != "" && !slices.Contains([]string{"arithmetic", "exponential", "geometric", "linear"}, r.Backoff) {
		return fmt.Errorf("%s.backoffFunction must be arithmetic, exponential, geometric or linear, not %q", retry, r.Backoff)
	}
	return nil
}

func valueOr(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
