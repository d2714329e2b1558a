package sns

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

// deliveryPolicy is the DeliveryPolicy attribute of a topic: how messages are delivered to
// HTTP endpoints, unless a subscription has a policy of its own.
//
// https://docs.aws.amazon.com/sns/latest/dg/set-topic-attributes-delivery-policy-json.html
type deliveryPolicy struct {
	HTTP struct {
		Retry       retryPolicy     `json:"defaultHealthyRetryPolicy"`
		SicklyRetry json.RawMessage `json:"defaultSicklyRetryPolicy"` // without effect, as on AWS
		Throttle    throttlePolicy  `json:"defaultThrottlePolicy"`
		Request     requestPolicy   `json:"defaultRequestPolicy"`
		NoOverrides bool            `json:"disableSubscriptionOverrides"`
	} `json:"http"`
}

// subscriptionPolicy is the DeliveryPolicy attribute of a subscription. A part that is not
// set is that of the topic.
//
// https://docs.aws.amazon.com/sns/latest/dg/set-sub-attributes-delivery-policy-json.html
type subscriptionPolicy struct {
	Retry       retryPolicy     `json:"healthyRetryPolicy"`
	SicklyRetry json.RawMessage `json:"sicklyRetryPolicy"` // without effect, as on AWS
	Throttle    throttlePolicy  `json:"throttlePolicy"`
	Request     requestPolicy   `json:"requestPolicy"`
	Guaranteed  bool            `json:"guaranteed"` // without effect, as on AWS
}

// retryPolicy is a schedule of retries. A number that is not set has AWS's default.
type retryPolicy struct {
	MinDelay   *int   `json:"minDelayTarget"` // seconds, 20 by default
	MaxDelay   *int   `json:"maxDelayTarget"` // seconds, 20 by default
	Retries    *int   `json:"numRetries"`     // 3 by default
	NoDelay    *int   `json:"numNoDelayRetries"`
	AtMinDelay *int   `json:"numMinDelayRetries"`
	AtMaxDelay *int   `json:"numMaxDelayRetries"`
	Backoff    string `json:"backoffFunction"` // "linear" by default
}

type throttlePolicy struct {
	Rate *int `json:"maxReceivesPerSecond"`
}

type requestPolicy struct {
	ContentType string `json:"headerContentType"`
}

// CheckDeliveryPolicy accepts a JSON object within AWS's limits.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html#creating-delivery-policy
func CheckDeliveryPolicy(document string) error {
	const prefix = "Attributes Reason: DeliveryPolicy: "
	p, err := parseDeliveryPolicy[deliveryPolicy](document)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return invalid(prefix+"%v", err)
	}
	return nil
}

// CheckSubscriptionDeliveryPolicy accepts a JSON object within AWS's limits for a
// subscription of that protocol, and "" for none. raw is whether the subscription has raw
// delivery, with which more content types are possible.
func CheckSubscriptionDeliveryPolicy(protocol, document string, raw bool) error {
	return invalidAttribute(checkSubscriptionPolicy(protocol, document, raw))
}

func checkSubscriptionPolicy(protocol, document string, raw bool) error {
	if document == "" {
		return nil
	}
	if !isHTTP(protocol) {
		return fmt.Errorf("DeliveryPolicy: Delivery protocol [%s] does not support a delivery policy.", protocol) //lint:ignore ST1005 in AWS's style
	}
	p, err := parseDeliveryPolicy[subscriptionPolicy](document)
	if err == nil {
		err = cmp.Or(p.Retry.check("healthyRetryPolicy."), p.Throttle.check("throttlePolicy."), p.Request.check("requestPolicy.", raw))
	}
	if err != nil {
		return fmt.Errorf("DeliveryPolicy: %w", err)
	}
	return nil
}

func parseDeliveryPolicy[P any](document string) (p P, err error) {
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
func unexpected(document []byte, p any) string {
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
	return cmp.Or(
		p.HTTP.Retry.check("http.defaultHealthyRetryPolicy."),
		p.HTTP.Throttle.check("http.defaultThrottlePolicy."),
		p.HTTP.Request.check("http.defaultRequestPolicy.", false),
	)
}

// check checks the numbers; at is where they are in the document.
func (r retryPolicy) check(at string) error {
	const unlimited = math.MaxInt
	if err := cmp.Or(
		inRange(at+"maxDelayTarget", r.MaxDelay, 1, 3600),
		inRange(at+"minDelayTarget", r.MinDelay, 1, 3600),
		inRange(at+"numRetries", r.Retries, 0, 100),
		inRange(at+"numNoDelayRetries", r.NoDelay, 0, unlimited),
		inRange(at+"numMinDelayRetries", r.AtMinDelay, 0, unlimited),
		inRange(at+"numMaxDelayRetries", r.AtMaxDelay, 0, unlimited),
	); err != nil {
		return err
	}
	// Each is an int, and the sum of three fits into neither an int nor a uint64.
	phases := float64(valueOr(r.NoDelay, 0)) + float64(valueOr(r.AtMinDelay, 0)) + float64(valueOr(r.AtMaxDelay, 0))
	switch {
	case r.MinDelay != nil && r.MaxDelay != nil && *r.MaxDelay < *r.MinDelay:
		return errors.New(at + "maxDelayTarget must be greater than or equal to minDelayTarget")
	case float64(valueOr(r.Retries, defaultRetries)) < phases:
		return errors.New(at + "numRetries must be greater than or equal to total of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries")
	case r.Backoff != "" && !slices.Contains([]string{"arithmetic", "exponential", "geometric", "linear"}, r.Backoff):
		return fmt.Errorf(at+"backoffFunction must be arithmetic, exponential, geometric or linear, not %q", r.Backoff)
	case r.total() > maxRetryTime:
		return fmt.Errorf(at+"numRetries: the waits between all retries are %v, and must not be longer than %v in total", r.total(), maxRetryTime)
	}
	return nil
}

func (t throttlePolicy) check(at string) error {
	return inRange(at+"maxReceivesPerSecond", t.Rate, 1, math.MaxInt)
}

// Content types of requests. Raw messages may have more than those with the JSON envelope.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html#creating-delivery-policy
var (
	contentTypes    = []string{"application/json", "text/plain"}
	rawContentTypes = []string{
		"application/atom+xml", "application/json", "application/octet-stream", "application/soap+xml", "application/x-www-form-urlencoded",
		"application/xhtml+xml", "application/xml", "text/css", "text/csv", "text/html", "text/plain", "text/xml",
	}
)

var charset = regexp.MustCompile(`^ ?charset=[A-Za-z0-9-]+$`)

func (r requestPolicy) check(at string, raw bool) error {
	if r.ContentType == "" {
		return nil
	}
	allowed := contentTypes
	if raw {
		allowed = rawContentTypes
	}
	name, parameter, _ := strings.Cut(r.ContentType, ";")
	if !slices.Contains(allowed, name) || name != r.ContentType && !charset.MatchString(parameter) {
		return fmt.Errorf("%sheaderContentType must be one of %s, not %q", at, strings.Join(allowed, ", "), r.ContentType)
	}
	return nil
}

func inRange(name string, value *int, low, high int) error {
	switch {
	case value != nil && *value < low:
		return fmt.Errorf("%s must be greater than or equal to %d", name, low)
	case value != nil && *value > high:
		return fmt.Errorf("%s must be less than or equal to %d", name, high)
	}
	return nil
}

func valueOr(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
