package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"tally/internal/httpapi/httpapitest"
	"tally/internal/ledger"
	"tally/internal/metrics"
	"tally/internal/sum"
	"tally/internal/uuid"
)

const topicARN = "arn:aws:sns:us-east-1:123456789012:numbers-1a2b3c4"

// TestGolden compares the responses to complete API Gateway events with the
// golden files.
func TestGolden(t *testing.T) {
	httpapitest.Golden(t, func(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		h, table := newTestHandler()
		table.requests[uuid.For("", "used")] = "the digest of another body"
		return h.handle(ctx, r)
	})
}

// TestSubmit proves what is recorded and published.
func TestSubmit(t *testing.T) {
	h, table := newTestHandler()
	got, err := h.handle(t.Context(), post(`{"num1":" 1_000 ","num2":-9007199254740993}`, "", ""))
	if err != nil {
		t.Fatal(err)
	}
	if len(table.published) != 1 || len(table.submitted) != 1 {
		t.Fatalf("published %v, submitted %v", table.published, table.submitted)
	}
	id := strings.TrimPrefix(got.Headers["location"], "/sums/")
	if !uuid.Valid(id) || got.StatusCode != 202 || got.Body != `{"id":"`+id+`","status":"pending"}` {
		t.Errorf("got %+v", got)
	}
	if got, want := table.submitted[0], id+" 1000 -9007199254740993"; got != want {
		t.Errorf("submitted %s, want %s", got, want)
	}
	message := table.published[0]
	if *message.TopicArn != topicARN || *message.Message != `{"num1":1000,"num2":-9007199254740993}` {
		t.Errorf("published %s to %s", *message.Message, *message.TopicArn)
	}
	if a := message.MessageAttributes["id"]; len(message.MessageAttributes) != 1 || *a.DataType != "String" || *a.StringValue != id {
		t.Errorf("published with the attributes %v", message.MessageAttributes)
	}
}

// TestKeys proves which pairs of requests are the same sum.
func TestKeys(t *testing.T) {
	const body, another = `{"num1":3,"num2":4}`, `{"num1":4,"num2":3}`
	for name, test := range map[string]struct {
		first, second events.APIGatewayV2HTTPRequest
		same          bool
		status        int // of the second
	}{
		"no key":                    {post(body, "", ""), post(body, "", ""), false, 202},
		"the same key":              {post(body, "a", ""), post(body, "a", ""), true, 202},
		"the same key and caller":   {post(body, "a", "ada"), post(body, "a", "ada"), true, 202},
		"another key":               {post(body, "a", ""), post(body, "b", ""), false, 202},
		"another caller":            {post(body, "a", "ada"), post(body, "a", "bob"), false, 202},
		"another body":              {post(body, "a", ""), post(another, "a", ""), false, 422},
		"another body and key":      {post(body, "a", ""), post(another, "b", ""), false, 202},
		"of a caller that is a key": {post(body, "ab", "c"), post(body, "b", "ca"), false, 202},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newTestHandler()
			first, err := h.handle(t.Context(), test.first)
			if err != nil || first.StatusCode != 202 {
				t.Fatal(first, err)
			}
			second, err := h.handle(t.Context(), test.second)
			if err != nil || second.StatusCode != test.status {
				t.Fatal(second, err)
			}
			if same := cmp.Equal(first, second); same != test.same {
				t.Errorf("got %v and %v", first, second)
			}
		})
	}
}

// TestRepeated proves that a repeated request is published again only while it is pending,
// and that its response does not change.
func TestRepeated(t *testing.T) {
	for status, want := range map[ledger.Status]int{ledger.Pending: 2, ledger.Done: 1, ledger.Failed: 1} {
		h, table := newTestHandler()
		request := post(`{"num1":3,"num2":4}`, "a", "")
		first, err := h.handle(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		table.status = status
		second, err := h.handle(t.Context(), request)
		if err != nil || !cmp.Equal(first, second) {
			t.Errorf("%s: got %v, %v, want %v", status, second, err, first)
		}
		if got := len(table.published); got != want {
			t.Errorf("%s: published %d times, want %d", status, got, want)
		}
	}
}

// TestErrors proves that an error of the table or the topic makes the invocation fail, and
// that nothing is published before it is in the table.
func TestErrors(t *testing.T) {
	request := post(`{"num1":3,"num2":4}`, "a", "")
	h, table := newTestHandler()
	table.err = errors.New("AccessDeniedException")
	if got, err := h.handle(t.Context(), request); err != table.err || len(table.published) > 0 {
		t.Errorf("got %v, %v", got, err)
	}
	h, table = newTestHandler()
	table.publishErr = errors.New("AuthorizationError")
	if got, err := h.handle(t.Context(), request); !errors.Is(err, table.publishErr) || !strings.HasPrefix(err.Error(), "publish the numbers: ") {
		t.Errorf("got %v, %v", got, err)
	}
	// The client repeats its request.
	table.publishErr = nil
	if got, err := h.handle(t.Context(), request); err != nil || got.StatusCode != 202 || len(table.published) != 1 {
		t.Errorf("got %v, %v, published %v", got, err, table.published)
	}
}

func TestRefusals(t *testing.T) {
	key := func(key string) events.APIGatewayV2HTTPRequest { return post(`{"num1":3,"num2":4}`, key, "") }
	empty := post(`{"num1":3,"num2":4}`, "", "")
	empty.Headers["idempotency-key"] = ""
	other, get := key("a"), key("a")
	other.RawPath, get.RequestContext.HTTP.Method = "/sub", "GET"
	for name, test := range map[string]struct {
		event  events.APIGatewayV2HTTPRequest
		status int
	}{
		"an empty key":            {empty, 400},
		"a key of 255 characters": {key(strings.Repeat("~", 255)), 202},
		"a key of 256 characters": {key(strings.Repeat("a", 256)), 400},
		"a key with a tab":        {key("a\tb"), 400},
		"a key with a space":      {key("a b"), 202},
		"a key beyond ASCII":      {key("é"), 400},
		"another path":            {other, 404},
		"another method":          {get, 405},
		"no numbers":              {post(`{}`, "", ""), 400},
	} {
		h, table := newTestHandler()
		got, err := h.handle(t.Context(), test.event)
		if err != nil || got.StatusCode != test.status {
			t.Errorf("%s: got %v, %v, want %d", name, got, err, test.status)
		}
		if accepted := test.status == 202; accepted != (len(table.published) == 1) || accepted != (len(table.submitted) == 1) {
			t.Errorf("%s: submitted %v, published %v", name, table.submitted, table.published)
		}
	}
}

// TestCounts proves that every request is counted once, by outcome.
func TestCounts(t *testing.T) {
	for body, want := range map[string]string{
		`{"num1":3,"num2":4}`: `{"SumsSubmitted":1,`,
		`{}`:                  `{"RequestsRejected":1,`,
	} {
		var out strings.Builder
		h, _ := newTestHandler()
		h.metrics = metrics.New(&out, "tally", "submit-numbers", "test")
		if _, err := h.handle(t.Context(), post(body, "", "")); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNewHandler(t *testing.T) {
	t.Setenv("NUMBERS_TOPIC_ARN", "")
	t.Setenv("SUMS_TABLE", "")
	if _, err := newHandler(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "NUMBERS_TOPIC_ARN") {
		t.Errorf("got %v, want an error that names NUMBERS_TOPIC_ARN", err)
	}
	t.Setenv("NUMBERS_TOPIC_ARN", topicARN)
	if _, err := newHandler(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "SUMS_TABLE") {
		t.Errorf("got %v, want an error that names SUMS_TABLE", err)
	}
	t.Setenv("SUMS_TABLE", "sums-1a2b3c4")
	if h, err := newHandler(t.Context(), nil, nil); err != nil || h.publish == nil || h.topicARN != topicARN {
		t.Errorf("got %v, %v", h, err)
	}
}

// fakeTable records what is submitted and published.
type fakeTable struct {
	requests        map[string]string // the digests of requests by ID
	status          ledger.Status     // of the entries that exist already
	submitted       []string
	published       []sns.PublishInput
	err, publishErr error
}

func (f *fakeTable) submit(_ context.Context, id string, n sum.Numbers, request string) (ledger.Entry, error) {
	known, ok := f.requests[id]
	switch {
	case f.err != nil:
		return ledger.Entry{}, f.err
	case ok && known != request:
		return ledger.Entry{}, ledger.ErrOtherNumbers
	case ok:
		return ledger.Entry{ID: id, Status: f.status}, nil
	}
	f.requests[id] = request
	f.submitted = append(f.submitted, id+" "+n.Num1.String()+" "+n.Num2.String())
	return ledger.Entry{ID: id, Status: ledger.Pending}, nil
}

// newTestHandler returns a handler that discards its lines and counts.
func newTestHandler() (*handler, *fakeTable) {
	f := &fakeTable{requests: map[string]string{}, status: ledger.Pending}
	publish := func(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
		if f.publishErr == nil {
			f.published = append(f.published, *in)
		}
		return &sns.PublishOutput{}, f.publishErr
	}
	return &handler{topicARN, f.submit, publish, slog.New(slog.DiscardHandler), metrics.New(io.Discard, "tally", "submit-numbers", "test")}, f
}

// post returns a request of an IAM user, or of nobody if user is "", with a key unless it
// is "".
func post(body, key, user string) events.APIGatewayV2HTTPRequest {
	r := events.APIGatewayV2HTTPRequest{RawPath: "/sums", Headers: map[string]string{"content-type": "application/json"}, Body: body}
	r.RequestContext.HTTP.Method = "POST"
	if key != "" {
		r.Headers["idempotency-key"] = key
	}
	if user != "" {
		r.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{UserARN: "arn:aws:iam::123456789012:user/" + user},
		}
	}
	return r
}
