package sns_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

// A transport is an HTTP endpoint without a network, which synctest cannot wait for.
type transport func(r *http.Request, body []byte) (status int, err error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status, err := t(r, body)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(&bytes.Buffer{}), Request: r}, nil
}

// posted publishes messages to a confirmed subscription, and returns when the endpoint
// received each request within a day, the dead-letter queue's messages, and the journal.
// answer receives the number of the request, from 1.
func posted(t *testing.T, o sns.Options, topic, own string, messages int, answer func(n int, r *http.Request) (int, error)) (at []time.Duration, dead int, entries []cloud.Entry) {
	t.Helper()
	q, j := &queues{}, &journal{}
	var mu sync.Mutex
	var asked struct{ Token string }
	start := time.Now()
	o.Place, o.Authorizer, o.Journal, o.Queues = place, authorizer(allow), j, q
	o.Endpoint = func() string { return "http://127.0.0.1:4566" }
	o.Transport = transport(func(r *http.Request, body []byte) (int, error) {
		//lint:ignore SA1008 the names are in lower case on the wire, as on AWS
		if r.Header["x-amz-sns-message-type"][0] != "Notification" {
			return http.StatusOK, json.Unmarshal(body, &asked)
		}
		mu.Lock()
		at = append(at, time.Since(start))
		n := len(at)
		mu.Unlock()
		return answer(n, r)
	})
	s, err := sns.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers", DeliveryPolicy: topic}); err != nil {
		t.Fatal(err)
	}
	sub, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "https", Endpoint: "https://example.com/hook", DeliveryPolicy: own, RedrivePolicy: redrive})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	if _, err := s.ConfirmSubscription(numbers, asked.Token, true, false); err != nil {
		t.Fatal(err)
	}
	for range messages {
		if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(24 * time.Hour)
	synctest.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(s.Owed()) != 0 {
		t.Errorf("%v deliveries to %s are still owed", s.Owed(), sub.ARN)
	}
	return at, len(q.got), j.all()
}

// waits returns the seconds between moments.
func waits(at []time.Duration) []float64 {
	var all []float64
	for i := range at[1:] {
		all = append(all, (at[i+1] - at[i]).Seconds())
	}
	return all
}

func TestHTTPRetriesFollowThePolicy(t *testing.T) {
	topicPolicy := func(members string) string { return `{"http":{` + members + `}}` }
	const phases = `{"minDelayTarget":1,"maxDelayTarget":10,"numRetries":9,"numNoDelayRetries":1,"numMinDelayRetries":2,"numMaxDelayRetries":2,"backoffFunction":"`
	for name, c := range map[string]struct {
		topic, own string
		pace       cloud.Pace
		want       []float64
	}{
		"default":               {"", "", 0, []float64{20, 20, 20}},
		"topic":                 {topicPolicy(`"defaultHealthyRetryPolicy":{"numRetries":1,"minDelayTarget":5,"maxDelayTarget":5}`), "", 0, []float64{5}},
		"none":                  {"", `{"healthyRetryPolicy":{"numRetries":0}}`, 0, nil},
		"linear":                {"", `{"healthyRetryPolicy":` + phases + `linear"}}`, 0, []float64{0, 1, 1, 1, 4, 7, 10, 10, 10}},
		"arithmetic":            {"", `{"healthyRetryPolicy":` + phases + `arithmetic"}}`, 0, []float64{0, 1, 1, 1, 2, 5, 10, 10, 10}},
		"exponential":           {"", `{"healthyRetryPolicy":` + phases + `exponential"}}`, 0, []float64{0, 1, 1, 1, 2.154, 4.642, 10, 10, 10}},
		"own before topic":      {topicPolicy(`"defaultHealthyRetryPolicy":{"numRetries":1}`), `{"healthyRetryPolicy":{"numRetries":2}}`, 0, []float64{20, 20}},
		"own is overridden":     {topicPolicy(`"disableSubscriptionOverrides":true`), `{"healthyRetryPolicy":{"numRetries":2}}`, 0, []float64{20, 20, 20}},
		"only the topic's":      {topicPolicy(`"defaultHealthyRetryPolicy":{"numRetries":1}`), `{"throttlePolicy":{"maxReceivesPerSecond":5}}`, 0, []float64{20}},
		"long waits are scaled": {"", `{"healthyRetryPolicy":{"numRetries":2,"minDelayTarget":59,"maxDelayTarget":60}}`, 60, []float64{59, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at, dead, _ := posted(t, sns.Options{Pace: c.pace}, c.topic, c.own, 1, func(int, *http.Request) (int, error) { return http.StatusServiceUnavailable, nil })
				if diff := cmp.Diff(c.want, waits(at)); diff != "" || dead != 1 {
					t.Errorf("%d messages in the dead-letter queue, waits (-want +got):\n%s", dead, diff)
				}
			})
		})
	}
}

func TestWhatIsRetriedOverHTTP(t *testing.T) {
	for status, want := range map[int]struct{ tries, dead int }{
		200: {1, 0}, 204: {1, 0}, 302: {1, 1}, 400: {1, 1}, 401: {1, 1}, 404: {1, 1}, 410: {1, 1}, 429: {4, 1}, 500: {4, 1}, 503: {4, 1}, 0: {4, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			at, dead, _ := posted(t, sns.Options{}, "", "", 1, func(int, *http.Request) (int, error) {
				if status == 0 {
					return 0, errors.New("connection refused")
				}
				return status, nil
			})
			if len(at) != want.tries || dead != want.dead {
				t.Errorf("%d: %d tries, %d in the dead-letter queue", status, len(at), dead)
			}
		})
	}
}

// SNS waits 15 seconds for a response.
func TestHTTPTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, dead, entries := posted(t, sns.Options{}, "", "", 1, func(n int, r *http.Request) (int, error) {
			if n == 2 {
				return http.StatusOK, nil
			}
			<-r.Context().Done()
			return 0, context.Cause(r.Context())
		})
		if diff := cmp.Diff([]float64{15 + 20}, waits(at)); diff != "" || dead != 0 {
			t.Errorf("%d dead, waits (-want +got):\n%s%v", dead, diff, entries)
		}
	})
}

func TestThrottlePolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, _, _ := posted(t, sns.Options{}, "", `{"throttlePolicy":{"maxReceivesPerSecond":2}}`, 20, func(int, *http.Request) (int, error) { return http.StatusOK, nil })
		for i, wait := range waits(at) {
			if wait < 0.5 {
				t.Errorf("message %d arrived after %v s", i+1, wait)
			}
		}
		if len(at) != 20 || at[19]-at[0] > 10*time.Second {
			t.Errorf("%d messages, at %v", len(at), at)
		}
	})
}
