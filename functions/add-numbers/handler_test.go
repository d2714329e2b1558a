package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"tally/internal/httpapi"
	"tally/internal/httpapi/httpapitest"
	"tally/internal/metrics"
)

// TestGolden compares the responses to complete API Gateway events with the
// golden files.
func TestGolden(t *testing.T) {
	httpapitest.Golden(t, newTestHandler().handle)
}

func TestRefusals(t *testing.T) {
	const good = `{"num1":3,"num2":4}`
	post := func(contentType, body string) events.APIGatewayV2HTTPRequest {
		r := request("POST", "/add", "")
		r.Headers, r.Body = map[string]string{"content-type": contentType}, body
		return r
	}
	base64 := func(r events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPRequest {
		r.IsBase64Encoded = true
		return r
	}
	tests := []struct {
		name   string
		event  events.APIGatewayV2HTTPRequest
		status int
		detail string // a substring of the body
	}{
		{"another path", request("GET", "/sub", ""), 404, "The only path is /add."},
		{"an event from another source", events.APIGatewayV2HTTPRequest{}, 404, "The only path is /add."},
		{"another method", request("DELETE", "/add", ""), 405, "Use POST with a JSON body, or GET with a query."},
		{"no content type", request("POST", "/add", ""), 415, "The Content-Type must be application/json"},
		{"a form", post("application/x-www-form-urlencoded", good), 415, "application/json"},
		{"another JSON type", post("application/ld+json", good), 415, "application/json"},
		{"two content types", post("application/json, application/json", good), 415, "application/json"},
		{"another charset", post("application/json; charset=latin1", good), 415, "UTF-8"},
		{"body of the maximum size", post("application/json", strings.Repeat(" ", httpapi.MaxBody)), 400, "unexpected end of JSON input"},
		{"body too large", post("application/json", strings.Repeat(" ", httpapi.MaxBody+1)), 413, "The body must not exceed 65536 bytes."},
		{"invalid base64", base64(post("application/json", good)), 400, "not valid base64"},
		{"base64 of invalid UTF-8", base64(post("application/json", "/w==")), 400, "must be encoded in UTF-8"},
		{"empty body", post("application/json", ""), 400, "must be one JSON object"},
		{"invalid query", request("GET", "/add", "num1=%zz&num2=4"), 400, "The query is malformed"},
		{"repeated parameter", request("GET", "/add", "num1=1&num1=2&num2=4"), 400, `"field":"num1","detail":"is given more than once`},
		{"unknown parameter", request("GET", "/add", "num1=1&num2=2&num3=4"), 400, `"field":"num3","detail":"is unknown`},
		{"missing parameters", request("GET", "/add", ""), 400, `"field":"num2","detail":"is missing`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := newTestHandler().handle(t.Context(), test.event)
			if err != nil {
				t.Fatal(err)
			}
			var body httpapi.Problem
			if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
				t.Fatal(err)
			}
			if got.StatusCode != test.status || body.Status != test.status || body.Title == "" || body.Type != "about:blank" {
				t.Errorf("got %d %s, want %d", got.StatusCode, got.Body, test.status)
			}
			if got.Headers["content-type"] != "application/problem+json" {
				t.Errorf("content type %q", got.Headers["content-type"])
			}
			if !strings.Contains(got.Body, test.detail) {
				t.Errorf("got %s, want %q in it", got.Body, test.detail)
			}
		})
	}
}

func TestRefusalsNameAlternatives(t *testing.T) {
	for header, event := range map[string]events.APIGatewayV2HTTPRequest{
		"allow":  request("PUT", "/add", ""),
		"accept": request("POST", "/add", ""),
	} {
		if got, err := newTestHandler().handle(t.Context(), event); err != nil || got.Headers[header] == "" {
			t.Errorf("no %s header: %v, %v", header, got, err)
		}
	}
}

// TestCounts proves that every request is counted once, by outcome.
func TestCounts(t *testing.T) {
	for _, test := range []struct {
		event events.APIGatewayV2HTTPRequest
		start string // of the line
		body  string // of the line
	}{
		{request("GET", "/add", "num1=3&num2=4"), `{"SumsComputed":1,`, `"environment":"test","level":"INFO","service":"add-numbers"`},
		{request("GET", "/add", "num1=3"), `{"RequestsRejected":1,`, `"environment":"test","level":"INFO","reason":"invalid input","service":"add-numbers"`},
		{request("PUT", "/add", ""), `{"RequestsRejected":1,`, `"environment":"test","level":"INFO","reason":"Method Not Allowed","service":"add-numbers"`},
	} {
		var out strings.Builder
		h := newTestHandler()
		h.metrics = metrics.New(&out, "tally", "add-numbers", "test")
		if _, err := h.handle(t.Context(), test.event); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasPrefix(got, test.start) || !strings.Contains(got, test.body) || strings.Count(got, "\n") != 1 {
			t.Errorf("got %s, want %s … %s …", got, test.start, test.body)
		}
	}
}

// TestLog proves that every request has one line in the log, by outcome.
func TestLog(t *testing.T) {
	for query, want := range map[string]string{
		"num1=3&num2=4": `"level":"INFO","message":"sum","num1":3,"num2":4,"sum":7}`,
		"num1=3":        `"level":"INFO","message":"request rejected","reason":"invalid input","error":"num2: is missing; it must be an integer of at most 4300 digits, such as 3 or \"3\""}`,
	} {
		var out strings.Builder
		h := newTestHandler()
		h.log = slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr}))
		if _, err := h.handle(t.Context(), request("GET", "/add", query)); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasSuffix(got, want+"\n") || strings.Count(got, "\n") != 1 {
			t.Errorf("logged %s, want … %s", got, want)
		}
	}
}

// newTestHandler returns a handler that discards its lines and counts.
func newTestHandler() handler {
	return handler{slog.New(slog.DiscardHandler), metrics.New(io.Discard, "tally", "add-numbers", "test")}
}

func request(method, path, query string) events.APIGatewayV2HTTPRequest {
	r := events.APIGatewayV2HTTPRequest{RawPath: path, RawQueryString: query}
	r.RequestContext.HTTP.Method = method
	return r
}
