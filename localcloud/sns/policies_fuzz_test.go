package sns

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/cloud"
)

// FuzzDeliveryPolicy compares the check with one that knows neither Go's structs nor its
// integers.
func FuzzDeliveryPolicy(f *testing.F) {
	retry := func(members string) string { return `{"http":{"defaultHealthyRetryPolicy":{` + members + `}}}` }
	for _, seed := range []string{
		"", "[]", "{}", `{"http":{}}`, `{"htpp":{}}`, `{"HTTP":{}}`, `{"http":null}`, retry(`"numRetries":"x"`), retry(`"numRetries":1.5`),
		retry(`"minDelayTarget":1,"maxDelayTarget":60,"numRetries":50,"numNoDelayRetries":3,"numMinDelayRetries":2,"numMaxDelayRetries":35,"backoffFunction":"exponential"`),
		retry(`"numNoDelayRetries":9223372036854775807,"numMaxDelayRetries":1`), retry(`"minDelayTarget":30,"maxDelayTarget":20`),
		retry(`"minDelayTarget":3600,"numRetries":1`), retry(`"minDelayTarget":1,"maxDelayTarget":3600,"numRetries":9,"backoffFunction":"exponential"`),
		retry(`"minDelayTarget":1,"maxDelayTarget":700,"numRetries":12,"numNoDelayRetries":1,"backoffFunction":"arithmetic"`), retry(`"minDelayTarget":400,"maxDelayTarget":900,"numRetries":6`), retry(`"minDelayTarget":600,"maxDelayTarget":601,"numRetries":6`),
		`{"http":{"defaultRequestPolicy":{"headerContentType":"application/json; charset=UTF-8"}}}`, `{"http":{"defaultRequestPolicy":{"headerContentType":"text/csv"}}}`,
		`{"http":{"disableSubscriptionOverrides":true,"defaultSicklyRetryPolicy":{"x":1},"defaultThrottlePolicy":{"maxReceivesPerSecond":1},"defaultRequestPolicy":{"headerContentType":"text/plain"}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		accepted := CheckDeliveryPolicy(document) == nil
		d := json.NewDecoder(strings.NewReader(document))
		d.UseNumber()
		var plain any
		if !json.Valid([]byte(document)) || d.Decode(&plain) != nil {
			if accepted {
				t.Errorf("%q is accepted", document)
			}
			return
		}
		once, err := json.Marshal(plain) // each member, once
		if err != nil {
			t.Fatal(err)
		}
		err = CheckDeliveryPolicy(string(once))
		waits := retryTime(plain)
		if math.Abs(waits-3600) < 0.1 {
			return // the delays are rounded
		}
		if want := validDeliveryPolicy(plain) && waits < 3600; (err == nil) != want {
			t.Errorf("%s: valid %t, %v", once, want, err)
		}
	})
}

// retryTime returns how many seconds all retries wait together, by the formulas of sums. The
// numbers need not be valid.
func retryTime(plain any) float64 {
	top, _ := plain.(map[string]any)
	http, _ := top["http"].(map[string]any)
	retry, _ := http["defaultHealthyRetryPolicy"].(map[string]any)
	number := func(name string, otherwise float64) float64 {
		n, ok := retry[name].(json.Number)
		if !ok {
			return otherwise
		}
		f, _ := n.Float64()
		return f
	}
	least, most := number("minDelayTarget", 20), number("maxDelayTarget", 20)
	if retry["maxDelayTarget"] == nil {
		most = max(most, least)
	}
	least = min(least, most)
	early, late := number("numMinDelayRetries", 0), number("numMaxDelayRetries", 0)
	n := number("numRetries", 3) - number("numNoDelayRetries", 0) - early - late
	sum := early*least + late*most
	switch ratio := math.Pow(most/least, 1/(n-1)); {
	case n < 1:
		return sum
	case n == 1 || least == most:
		return sum + n*least
	case retry["backoffFunction"] == "arithmetic":
		return sum + n*least + (most-least)*n*(2*n-1)/(6*(n-1))
	case retry["backoffFunction"] == "exponential" || retry["backoffFunction"] == "geometric":
		return sum + least*(math.Pow(ratio, n)-1)/(ratio-1)
	default:
		return sum + n*(least+most)/2
	}
}

func validDeliveryPolicy(plain any) bool {
	top, ok := plain.(map[string]any)
	if !ok {
		return false
	}
	// The members of an object; null is none of them.
	object := func(parent map[string]any, name string, members ...string) (map[string]any, bool) {
		child, ok := parent[name].(map[string]any)
		for member := range child {
			if !slices.Contains(members, member) {
				return nil, false
			}
		}
		return child, ok || parent[name] == nil
	}
	for member := range top {
		if member != "http" {
			return false
		}
	}
	numbers := []string{"minDelayTarget", "maxDelayTarget", "numRetries", "numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries"}
	http, ok1 := object(top, "http", "defaultHealthyRetryPolicy", "defaultSicklyRetryPolicy", "defaultThrottlePolicy", "defaultRequestPolicy", "disableSubscriptionOverrides")
	retry, ok2 := object(http, "defaultHealthyRetryPolicy", append(numbers, "backoffFunction")...)
	throttle, ok3 := object(http, "defaultThrottlePolicy", "maxReceivesPerSecond")
	request, ok4 := object(http, "defaultRequestPolicy", "headerContentType")
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return false
	}
	if _, ok := http["disableSubscriptionOverrides"].(bool); !ok && http["disableSubscriptionOverrides"] != nil {
		return false
	}
	content, ok := request["headerContentType"].(string)
	if !ok && request["headerContentType"] != nil || !regexp.MustCompile(`^((application/json|text/plain)(; ?charset=[-A-Za-z0-9]+)?)?$`).MatchString(content) {
		return false
	}
	if backoff, ok := retry["backoffFunction"].(string); !ok && retry["backoffFunction"] != nil ||
		!slices.Contains([]string{"", "arithmetic", "exponential", "geometric", "linear"}, backoff) {
		return false
	}
	within := func(parent map[string]any, name string, otherwise, low, high int64) (*big.Int, bool) {
		if parent[name] == nil {
			return big.NewInt(otherwise), true
		}
		n, _ := parent[name].(json.Number)
		i, ok := new(big.Int).SetString(n.String(), 10)
		return i, ok && i.IsInt64() && i.Cmp(big.NewInt(low)) >= 0 && i.Cmp(big.NewInt(high)) <= 0
	}
	const unlimited = 1<<63 - 1
	least, ok1 := within(retry, "minDelayTarget", 0, 1, 3600)
	most, ok2 := within(retry, "maxDelayTarget", 3600, 1, 3600)
	all, ok3 := within(retry, "numRetries", 3, 0, 100)
	_, ok4 = within(throttle, "maxReceivesPerSecond", 1, 1, unlimited)
	if !ok1 || !ok2 || !ok3 || !ok4 || most.Cmp(least) < 0 {
		return false
	}
	total := new(big.Int)
	for _, name := range numbers[3:] {
		n, ok := within(retry, name, 0, 0, unlimited)
		if !ok {
			return false
		}
		total.Add(total, n)
	}
	return total.Cmp(all) <= 0
}

// FuzzRedrivePolicy checks that a policy is accepted only if it is an object with the ARN
// of a standard queue at the place and nothing else, and that this queue is what is used.
func FuzzRedrivePolicy(f *testing.F) {
	place := cloud.Place{Region: "us-east-1", Account: "000000000000"}
	f.Add(`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"}`, "dead")
	f.Add(`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead.fifo"}`, "dead.fifo")
	f.Add(`{"DEADLETTERTARGETARN":"arn:aws:sqs:us-east-1:000000000000:dead"}`, "a b")
	f.Add(`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:a/b"}`, "a:b")
	f.Add(`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3}`, "")
	f.Fuzz(func(t *testing.T, document, name string) {
		if CheckRedrivePolicy(place, document) == nil {
			var members map[string]any
			err := json.Unmarshal([]byte(document), &members)
			arn, _ := members["deadLetterTargetArn"].(string)
			if used, _ := parseRedrivePolicy(document); err != nil || len(members) != 1 || used != arn || arn != place.ARN("sqs", cloudResource(arn)).String() || !queueARN.MatchString(arn) {
				t.Errorf("%s is accepted, with the queue %q", document, used)
			}
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		if err := e.Encode(map[string]string{"deadLetterTargetArn": place.ARN("sqs", name).String()}); err != nil {
			t.Fatal(err)
		}
		err := CheckRedrivePolicy(place, b.String())
		if valid := queueARN.MatchString(place.ARN("sqs", name).String()) && !strings.HasSuffix(name, ".fifo"); (err == nil) != valid {
			t.Errorf("the queue %q: %v", name, err)
		}
	})
}

func cloudResource(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
