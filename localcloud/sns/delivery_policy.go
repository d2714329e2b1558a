package sns

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// deliveryPolicy is the DeliveryPolicy attribute of a topic: how HTTP endpoints
// are retried, which nothing here is. Numbers that are absent stand for AWS's
// defaults.
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

// CheckDeliveryPolicy accepts a JSON object within the limits of AWS.
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
	const retry, most = "http.defaultHealthyRetryPolicy", 3600 // seconds, of one delay
	r := p.HTTP.Retry
	longest := or(r.MaxDelay, most)
	retries := or(r.Retries, 3)
	for _, n := range []struct {
		name           string
		value          *int
		least, allowed int
	}{
		{retry + ".maxDelayTarget", r.MaxDelay, 1, most},
		{retry + ".minDelayTarget", r.MinDelay, 1, longest},
		{retry + ".numRetries", r.Retries, 0, 100},
		{retry + ".numNoDelayRetries", r.NoDelay, 0, retries},
		{retry + ".numMinDelayRetries", r.AtMinDelay, 0, retries},
		{retry + ".numMaxDelayRetries", r.AtMaxDelay, 0, retries},
		{"http.defaultThrottlePolicy.maxReceivesPerSecond", p.HTTP.Throttle.Rate, 1, 1 << 30},
	} {
		if n.value != nil && (*n.value < n.least || *n.value > n.allowed) {
			return fmt.Errorf("%s must be from %d to %d, not %d", n.name, n.least, n.allowed, *n.value)
		}
	}
	if n := or(r.NoDelay, 0) + or(r.AtMinDelay, 0) + or(r.AtMaxDelay, 0); n > retries {
		return fmt.Errorf("%s.numRetries must be at least %d, the sum of its phases, not %d", retry, n, retries)
	}
	if r.Backoff != "" && !slices.Contains([]string{"arithmetic", "exponential", "geometric", "linear"}, r.Backoff) {
		return fmt.Errorf("%s.backoffFunction must be arithmetic, exponential, geometric or linear, not %q", retry, r.Backoff)
	}
	return nil
}

func or(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
