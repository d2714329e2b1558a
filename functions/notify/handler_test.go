package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/metrics"
)

// TestHandle proves that a complete event is sent, logged and counted.
func TestHandle(t *testing.T) {
	for status, want := range map[int]struct{ log, count, err string }{
		200: {`level=INFO msg="notification sent" messageId=` + sumID, `{"NotificationsSent":1,`, ""},
		400: {`level=ERROR msg="notification failed" messageId=` + sumID + ` error="post the sum: the receiver responded with 400 Bad Request"`,
			`{"NotificationsFailed":1,`, "message " + sumID + ": post the sum: the receiver responded with 400 Bad Request"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var logs, counts strings.Builder
			r := &receiver{answers: []answer{{status: status}}}
			s, _ := newTestSender(r, "key")
			h := handler{s, slog.New(slog.NewTextHandler(&logs, nil)), metrics.New(&counts, "tally", "notify", "test")}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := h.handle(ctx, readEvent(t))
			if (err == nil) != (want.err == "") || err != nil && err.Error() != want.err {
				t.Errorf("got %v, want %s", err, want.err)
			}
			if !strings.HasSuffix(logs.String(), want.log+"\n") || !strings.HasPrefix(counts.String(), want.count) {
				t.Errorf("logged %s, counted %s", &logs, &counts)
			}
			if len(r.signatures) != 1 || r.signatures[0] != sign("key", r.start, body) {
				t.Errorf("signed %v: the body is not the message", r.signatures)
			}
		})
	}
}

// TestReasons proves how failures are counted.
func TestReasons(t *testing.T) {
	for want, err := range map[string]error{
		"no secret":   os.ErrNotExist,
		"unavailable": &refusal{status: 503},
		"refused":     &refusal{status: 404},
	} {
		if got := reason(err); got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
	if got := reason(&refusal{err: os.ErrDeadlineExceeded}); got != "unavailable" {
		t.Errorf("got %s", got)
	}
}

func TestNewHandler(t *testing.T) {
	for _, test := range []struct{ url, parameter, want string }{
		{"", "p", "NOTIFY_URL"},
		{"example.com/hook", "p", "NOTIFY_URL"},
		{"https://", "p", "NOTIFY_URL"},
		{"http://example.com/hook", "p", "NOTIFY_URL"},
		{"http://127.0.0.1.example.com/", "p", "NOTIFY_URL"},
		{"ftp://example.com", "p", "NOTIFY_URL"},
		{"https://ada:password@exa mple.com", "p", "NOTIFY_URL"},
		{"https://example.com/hook", "", "NOTIFY_SECRET_PARAMETER"},
		{"https://example.com/hook", "p", ""},
		{"http://127.0.0.1:8080/hook", "p", ""},
		{"http://[::1]:8080", "p", ""},
		{"http://localhost:8080", "p", ""},
	} {
		t.Setenv("NOTIFY_URL", test.url)
		t.Setenv("NOTIFY_SECRET_PARAMETER", test.parameter)
		h, err := newHandler(t.Context(), nil, nil)
		switch {
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "password")):
			t.Errorf("%+v: got %v", test, err)
		case test.want == "" && (err != nil || h.sender.url != test.url || h.sender.secret.parameter != test.parameter):
			t.Errorf("%+v: got %v, %v", test, h, err)
		}
	}
}

func readEvent(t *testing.T) (event events.SNSEvent) {
	t.Helper()
	raw, err := os.ReadFile("testdata/sns.event.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	return event
}
