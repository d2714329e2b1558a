package sns

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
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
		SicklyRetry json.RawMessage `json:"defaultSicklyRetryPolicy"`
		Throttle    struct {
			Rate *int `json:"maxReceivesPerSecond"`
		} `json:"defaultThrottlePolicy"`
		Request struct {
			ContentType string `json:"headerContentType"`
		} `json:"defaultRequestPolicy"`
		NoOverrides bool `json:"disableSubscriptionOverrides"`
	} `json:"http"`
}

// CheckDeliveryPolicy accepts a JSON object within AWS's limits.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html#creating-delivery-policy
func CheckDeliveryPolicy(document string) error {
	const prefix = "Attributes Reason: DeliveryPolicy: "
	p, err := parseDeliveryPolicy(document)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return invalid(prefix+"%v", err)
	}
	return nil
}

func parseDeliveryPolicy(document string) (p deliveryPolicy, err error) {
	notJSON := errors.New("failed to parse JSON.") //lint:ignore ST1005 AWS's own wording
	if !strings.HasPrefix(strings.TrimSpace(document), "{") || !json.Valid([]byte(document)) {
		return p, notJSON
	}
	d := json.NewDecoder(strings.NewReader(document))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		if member, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return p, fmt.Errorf("Unexpected JSON member: %s", strings.Trim(member, `"`)) //lint:ignore ST1005 as above
		}
		return p, notJSON
	}
	if member := unexpected([]byte(document), p); member != "" {
		return p, fmt.Errorf("Unexpected JSON member: %s", member) //lint:ignore ST1005 as above
	}
	return p, nil
}

// unexpected returns a member of a document that has the name of one of the policy in
// another case, which package json accepts, or "".
func unexpected(document []byte, p deliveryPolicy) string {
	exact, _ := json.Marshal(p) // has all members, and always encodes
	var given, known any
	if json.Unmarshal(document, &given) != nil || json.Unmarshal(exact, &known) != nil {
		return ""
	}
	return firstUnknown(given, known)
}

func firstUnknown(given, known any) string {
	g, isObject := given.(map[string]any)
	k, _ := known.(map[string]any)
	if !isObject {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if _, ok := k[name]; !ok {
			return name
		}
		if member := firstUnknown(g[name], k[name]); member != "" {
			return member
		}
	}
	return ""
}

func (p deliveryPolicy) check() error {
	const retry, throttle, unlimited = "http.defaultHealthyRetryPolicy.", "http.defaultThrottlePolicy.", math.MaxInt
	r := p.HTTP.Retry
	for _, n := range []struct {
		name      string
		value     *int
		low, high int
	}{
		{retry + "maxDelayTarget", r.MaxDelay, 1, 3600},
		{retry + "minDelayTarget", r.MinDelay, 1, 3600},
		{retry + "numRetries", r.Retries, 0, 100},
		{retry + "numNoDelayRetries", r.NoDelay, 0, unlimited},
		{retry + "numMinDelayRetries", r.AtMinDelay, 0, unlimited},
		{retry + "numMaxDelayRetries", r.AtMaxDelay, 0, unlimited},
		{throttle + "maxReceivesPerSecond", p.HTTP.Throttle.Rate, 1, unlimited},
	} {
		switch {
		case n.value != nil && *n.value < n.low:
			return fmt.Errorf("%s must be greater than or equal to %d", n.name, n.low)
		case n.value != nil && *n.value > n.high:
			return fmt.Errorf("%s must be less than or equal to %d", n.name, n.high)
		}
	}
	// Each is an int, and the sum of three fits into neither an int nor a uint64.
	phases := float64(valueOr(r.NoDelay, 0)) + float64(valueOr(r.AtMinDelay, 0)) + float64(valueOr(r.AtMaxDelay, 0))
	switch {
	case r.MinDelay != nil && r.MaxDelay != nil && *r.MaxDelay < *r.MinDelay:
		return errors.New(retry + "maxDelayTarget must be greater than or equal to minDelayTarget")
	case float64(valueOr(r.Retries, 3)) < phases:
		return errors.New(retry + "numRetries must be greater than or equal to total of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries")
	case r.Backoff != "" && !slices.Contains([]string{"arithmetic", "exponential", "geometric", "linear"}, r.Backoff):
		return fmt.Errorf(retry+"backoffFunction must be arithmetic, exponential, geometric or linear, not %q", r.Backoff)
	}
	return nil
}

func valueOr(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
