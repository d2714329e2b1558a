package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
)

const (
	target = "https://ada:password@example.com/hook?token=hidden"
	sumID  = "5d4c3b2a-0000-4000-8000-000000000003"
	body   = `{"id":"5d4c3b2a-0000-4000-8000-000000000003","num1":3,"num2":4,"sum":7}`
)

// receiver is a transport that responds with one element of answers after the other, and
// records the times of the requests since the first one, and their signatures.
type receiver struct {
	answers    []answer
	start      time.Time
	times      []time.Duration
	signatures []string
}

type answer struct {
	status     int
	retryAfter string
	err        error         // instead of a response
	delay      time.Duration // before it
}

func (r *receiver) RoundTrip(request *http.Request) (*http.Response, error) {
	if len(r.times) == 0 {
		r.start = time.Now()
	}
	a := r.answers[min(len(r.times), len(r.answers)-1)]
	r.times = append(r.times, time.Since(r.start))
	r.signatures = append(r.signatures, request.Header.Get("Tally-Signature"))
	select {
	case <-time.After(a.delay):
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	if a.err != nil {
		return nil, a.err
	}
	header := http.Header{}
	if a.retryAfter != "" {
		header.Set("Retry-After", a.retryAfter)
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader("ok")), Request: request}, nil
}

// store is a parameter whose value is one element of values after the other.
type store struct {
	values []string
	kind   types.ParameterType
	reads  int
	err    error
}

func (s *store) get(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	if *in.Name != "/tally/notify" || !*in.WithDecryption {
		return nil, errors.New("ParameterNotFound")
	}
	if s.err != nil {
		return nil, s.err
	}
	value := s.values[min(s.reads, len(s.values)-1)]
	s.reads++
	return &ssm.GetParameterOutput{Parameter: &types.Parameter{Type: s.kind, Value: &value}}, nil
}

func newTestSender(r http.RoundTripper, values ...string) (*sender, *store) {
	s := &store{values: values, kind: types.ParameterTypeSecureString}
	return newSender(target, r, &secret{parameter: "/tally/notify", get: s.get}, slog.New(slog.DiscardHandler)), s
}

// TestSign compares a signature with one computed by OpenSSL:
//
//	printf '%s' '1767323045.{"sum":7}' | openssl dgst -sha256 -hmac secret
func TestSign(t *testing.T) {
	const want = "t=1767323045,v1=7fcd26bae6e440b2907b5f174c95c9fad0f44dca0be39ea7f553ee08b08cdbb3"
	if got := sign("secret", time.Unix(1767323045, 999), `{"sum":7}`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestRequest proves what a receiver gets.
func TestRequest(t *testing.T) {
	var got *http.Request
	var text string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, text = r, string(raw)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	s, _ := newTestSender(server.Client().Transport, "key")
	s.url = server.URL + "/hook?a=b"
	before := time.Now().Truncate(time.Second)
	if err := s.send(t.Context(), sumID, body); err != nil {
		t.Fatal(err)
	}
	if got.Method != "POST" || got.RequestURI != "/hook?a=b" || text != body {
		t.Errorf("got %s %s %s", got.Method, got.RequestURI, text)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Idempotency-Key": sumID, "User-Agent": "tally"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %s, want %s", name, got.Header.Get(name), want)
		}
	}
	signature := got.Header.Get("Tally-Signature")
	for at := before; ; at = at.Add(time.Second) {
		if signature == sign("key", at, body) {
			break
		}
		if at.After(time.Now()) {
			t.Fatalf("signature %s", signature)
		}
	}
}

// TestRedirect proves that a redirect is an error, and is not followed.
func TestRedirect(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	s, _ := newTestSender(server.Client().Transport, "key")
	s.url = server.URL
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := s.send(ctx, sumID, body)
	if r, ok := errors.AsType[*refusal](err); !ok || r.status != 307 || requests != 1 {
		t.Errorf("got %v after %d requests", err, requests)
	}
}

// TestRetries proves which answers are tried again and when, in invocations of 30 seconds.
// Without Retry-After, a wait has a random part, of which want shows the bounds.
func TestRetries(t *testing.T) {
	const ms = time.Millisecond
	gone := errors.New("connection refused")
	for name, test := range map[string]struct {
		answers []answer
		want    [][2]time.Duration // the bounds of the wait before each attempt after the first
		err     string
	}{
		"success":               {[]answer{{status: 200}}, nil, ""},
		"created":               {[]answer{{status: 201}}, nil, ""},
		"unavailable once":      {[]answer{{status: 503}, {status: 204}}, [][2]time.Duration{{100 * ms, 300 * ms}}, ""},
		"a network error":       {[]answer{{err: gone}, {status: 200}}, [][2]time.Duration{{100 * ms, 300 * ms}}, ""},
		"backoff":               {[]answer{{status: 500}, {status: 502}, {status: 504}, {status: 200}}, [][2]time.Duration{{100 * ms, 300 * ms}, {200 * ms, 600 * ms}, {400 * ms, 1200 * ms}}, ""},
		"Retry-After":           {[]answer{{status: 429, retryAfter: "7"}, {status: 200}}, [][2]time.Duration{{7000 * ms, 7000 * ms}}, ""},
		"Retry-After as a date": {[]answer{{status: 503, retryAfter: "Sat, 01 Jan 2000 00:00:09 GMT"}, {status: 200}}, [][2]time.Duration{{9000 * ms, 9000 * ms}}, ""},
		"a past Retry-After":    {[]answer{{status: 503, retryAfter: "Fri, 31 Dec 1999 00:00:00 GMT"}, {status: 200}}, [][2]time.Duration{{100 * ms, 300 * ms}}, ""},
		"Retry-After too late":  {[]answer{{status: 429, retryAfter: "30"}, {status: 200}}, nil, "responded with 429 Too Many Requests"},
		"a slow receiver":       {[]answer{{status: 200, delay: time.Hour}, {status: 200}}, [][2]time.Duration{{5100 * ms, 5300 * ms}}, ""},
		"bad request":           {[]answer{{status: 400}, {status: 200}}, nil, "responded with 400 Bad Request"},
		"gone":                  {[]answer{{status: 410}, {status: 200}}, nil, "responded with 410 Gone"},
		"a redirect":            {[]answer{{status: 302}, {status: 200}}, nil, "responded with 302 Found"},
		"unauthorized":          {[]answer{{status: 401}, {status: 200}}, nil, "responded with 401 Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				r := &receiver{answers: test.answers}
				s, _ := newTestSender(r, "key")
				err := s.send(ctx, sumID, body)
				if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %s", err, test.err)
				}
				if len(r.times) != len(test.want)+1 {
					t.Fatalf("requests at %v, want %d", r.times, len(test.want)+1)
				}
				for i, bounds := range test.want {
					if wait := r.times[i+1] - r.times[i]; wait < bounds[0] || wait > bounds[1] {
						t.Errorf("wait %d: %v, want %v", i, wait, bounds)
					}
				}
			})
		})
	}
}

// TestDeadline proves that attempts end before the invocation does, with the last answer,
// and that the error does not contain the URL.
func TestDeadline(t *testing.T) {
	for name, a := range map[string]answer{
		"unavailable":   {status: 503},
		"unreachable":   {err: errors.New("no such host")},
		"never answers": {delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				r := &receiver{answers: []answer{a}}
				s, _ := newTestSender(r, "key")
				err := s.send(ctx, sumID, body)
				if refused, ok := errors.AsType[*refusal](err); !ok || !refused.temporary() || strings.Contains(err.Error(), "example.com") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took > 29500*time.Millisecond || took < 20*time.Second || len(r.times) < 4 {
					t.Errorf("ended after %v and %d requests", took, len(r.times))
				}
			})
		})
	}
}

// TestRotation proves when the secret is read.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{answers: []answer{{status: 200}}}
		s, parameter := newTestSender(r, "old", "new")
		for _, step := range []struct {
			wait  time.Duration
			reads int
		}{{0, 1}, {4 * time.Minute, 1}, {time.Minute, 2}, {0, 2}} {
			time.Sleep(step.wait) // the bubble's time
			if err := s.send(t.Context(), sumID, body); err != nil {
				t.Fatal(err)
			}
			if parameter.reads != step.reads {
				t.Errorf("read %d times, want %d", parameter.reads, step.reads)
			}
		}
	})
	for name, test := range map[string]struct {
		statuses []int
		values   []string
		reads    int
		keys     []string // of the requests
		err      string
	}{
		"replaced":            {[]int{401, 200}, []string{"old", "new"}, 2, []string{"old", "new"}, ""},
		"replaced, forbidden": {[]int{403, 200}, []string{"old", "new"}, 2, []string{"old", "new"}, ""},
		"not replaced":        {[]int{401, 200}, []string{"old"}, 2, []string{"old"}, "401 Unauthorized"},
		"wrong all the same":  {[]int{401, 403, 200}, []string{"old", "new", "newest"}, 2, []string{"old", "new"}, "403 Forbidden"},
		"after a retry":       {[]int{503, 401, 503, 200}, []string{"old", "new"}, 2, []string{"old", "old", "new", "new"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{}
				for _, status := range test.statuses {
					r.answers = append(r.answers, answer{status: status})
				}
				s, parameter := newTestSender(r, test.values...)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				err := s.send(ctx, sumID, body)
				if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %s", err, test.err)
				}
				var want []string
				for i, key := range test.keys[:min(len(test.keys), len(r.times))] {
					want = append(want, sign(key, r.start.Add(r.times[i]), body))
				}
				if diff := cmp.Diff(want, r.signatures); diff != "" || len(test.keys) != len(r.times) || parameter.reads != test.reads {
					t.Errorf("%d reads, %d requests: %s", parameter.reads, len(r.times), diff)
				}
			})
		})
	}
}

// TestSecret proves that nothing is sent without a secret.
func TestSecret(t *testing.T) {
	for want, change := range map[string]func(*store){
		"must be a SecureString":                 func(s *store) { s.kind = types.ParameterTypeString },
		"the secret is empty":                    func(s *store) { s.values = []string{""} },
		"read the secret: AccessDeniedException": func(s *store) { s.err = errors.New("AccessDeniedException") },
	} {
		r := &receiver{answers: []answer{{status: 200}}}
		s, parameter := newTestSender(r, "key")
		change(parameter)
		if err := s.send(t.Context(), sumID, body); err == nil || !strings.Contains(err.Error(), want) || len(r.times) > 0 {
			t.Errorf("got %v after %d requests, want %s", err, len(r.times), want)
		}
	}
}
