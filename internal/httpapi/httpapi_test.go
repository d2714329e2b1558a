package httpapi

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"tally/internal/metrics"
	"tally/internal/sum"
)

func TestBody(t *testing.T) {
	post := func(contentType, body string, base64 bool) events.APIGatewayV2HTTPRequest {
		return events.APIGatewayV2HTTPRequest{Headers: map[string]string{"content-type": contentType}, Body: body, IsBase64Encoded: base64}
	}
	const good = `{"num1":3}`
	for _, test := range []struct {
		name   string
		event  events.APIGatewayV2HTTPRequest
		status int    // of the problem; 0 for none
		want   string // the body, or a substring of the problem's detail
	}{
		{"JSON", post("application/json", good, false), 0, good},
		{"JSON with its charset", post("Application/JSON; charset=UTF-8", good, false), 0, good},
		{"base64", post("application/json", "eyJudW0xIjozfQ==", true), 0, good},
		{"the maximum size", post("application/json", strings.Repeat(" ", MaxBody), false), 0, strings.Repeat(" ", MaxBody)},
		{"no content type", events.APIGatewayV2HTTPRequest{Body: good}, 415, "must be application/json"},
		{"another JSON type", post("application/ld+json", good, false), 415, "must be application/json"},
		{"another charset", post("application/json; charset=latin1", good, false), 415, "UTF-8"},
		{"invalid base64", post("application/json", good, true), 400, "not valid base64"},
		{"too large", post("application/json", strings.Repeat(" ", MaxBody+1), false), 413, "must not exceed 65536 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Body(test.event)
			p, refused := errors.AsType[*Problem](err)
			switch {
			case test.status == 0 && (err != nil || string(got) != test.want):
				t.Errorf("got %s, %v", got, err)
			case test.status != 0 && (!refused || p.Status != test.status || !strings.Contains(p.Detail, test.want)):
				t.Errorf("got %v, want %d %s", err, test.status, test.want)
			}
		})
	}
}

func TestReject(t *testing.T) {
	for _, test := range []struct {
		err  error
		log  string
		want events.APIGatewayV2HTTPResponse
	}{
		{
			&Problem{Status: 404, Detail: "There is no such sum.", Header: map[string]string{"cache-control": "no-store"}},
			`level=INFO msg="request rejected" reason="Not Found" error="There is no such sum."`,
			events.APIGatewayV2HTTPResponse{
				StatusCode: 404, Headers: map[string]string{"content-type": "application/problem+json", "cache-control": "no-store"},
				Body: `{"type":"about:blank","title":"Not Found","status":404,"detail":"There is no such sum."}`,
			},
		},
		{
			sum.InputErrors{{Field: "num1", Reason: "is missing"}, {Reason: "is wrong"}},
			`level=INFO msg="request rejected" reason="invalid input" error="num1: is missing\nis wrong"`,
			events.APIGatewayV2HTTPResponse{
				StatusCode: 400, Headers: map[string]string{"content-type": "application/problem+json"},
				Body: `{"type":"about:blank","title":"Bad Request","status":400,"detail":"The request must give two integers, num1 and num2.","errors":[{"field":"num1","detail":"is missing"},{"detail":"is wrong"}]}`,
			},
		},
		{errGone, `level=ERROR msg="request failed" error="the table is gone"`, events.APIGatewayV2HTTPResponse{}},
	} {
		var logs, counts strings.Builder
		log := slog.New(slog.NewTextHandler(&logs, nil))
		got, err := Reject(t.Context(), log, metrics.New(&counts, "tally", "s", "e"), test.err)
		if (err != nil) != (test.err == errGone) || err != nil && err != errGone {
			t.Errorf("got the error %v", err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Error(diff)
		}
		if !strings.HasSuffix(logs.String(), test.log+"\n") || strings.Count(logs.String(), "\n") != 1 {
			t.Errorf("logged %s, want %s", &logs, test.log)
		}
		want := `{"RequestsRejected":1,`
		if err != nil {
			want = `{"RequestsFailed":1,`
		}
		if !strings.HasPrefix(counts.String(), want) || strings.Count(counts.String(), "\n") != 1 {
			t.Errorf("counted %s, want %s", &counts, want)
		}
	}
}

var errGone = errors.New("the table is gone")
