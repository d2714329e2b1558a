package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/httpapi/httpapitest"
	"tally/internal/ledger"
	"tally/internal/metrics"
)

// entries are what the table contains.
var entries = []ledger.Entry{
	{ID: "0a1b2c3d-0000-4000-8000-000000000001", Status: ledger.Pending, Num1: "9007199254740993", Num2: "4"},
	{ID: "0a1b2c3d-0000-4000-8000-000000000002", Status: ledger.Done, Num1: "9007199254740993", Num2: "4", Sum: "9007199254740997"},
	{ID: "0a1b2c3d-0000-4000-8000-000000000003", Status: ledger.Failed, Num1: "3", Num2: "4", Reason: "could not be processed; request ID 11111111-2222-4333-8444-555555555555"},
	{ID: "0a1b2c3d-0000-4000-8000-000000000004", Status: ledger.Failed, Reason: `num2: is missing; it must be an integer of at most 4300 digits, such as 3 or "3"`},
}

func find(_ context.Context, id string) (ledger.Entry, error) {
	for _, e := range entries {
		if e.ID == id {
			return e, nil
		}
	}
	return ledger.Entry{}, ledger.ErrNotFound
}

// TestGolden compares the responses to complete API Gateway events with the
// golden files.
func TestGolden(t *testing.T) {
	httpapitest.Golden(t, newTestHandler(find).handle)
}

// TestNotAsked proves that a malformed ID never reaches the table.
func TestNotAsked(t *testing.T) {
	h := newTestHandler(func(context.Context, string) (ledger.Entry, error) {
		t.Error("the table was asked")
		return ledger.Entry{}, nil
	})
	for _, id := range []string{"", "x", strings.ToUpper(entries[0].ID), entries[0].ID + "/"} {
		if got, err := h.handle(t.Context(), request("GET", id)); err != nil || got.StatusCode != 404 {
			t.Errorf("%q: got %v, %v", id, got, err)
		}
	}
}

func TestMethod(t *testing.T) {
	got, err := newTestHandler(find).handle(t.Context(), request("DELETE", entries[0].ID))
	if err != nil || got.StatusCode != 405 || got.Headers["allow"] != "GET" {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestError proves that an error of the table makes the invocation fail.
func TestError(t *testing.T) {
	failure := errors.New("get the sum from the table: AccessDeniedException")
	h := newTestHandler(func(context.Context, string) (ledger.Entry, error) { return ledger.Entry{}, failure })
	if got, err := h.handle(t.Context(), request("GET", entries[0].ID)); err != failure {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestCounts proves that every request is counted once, by outcome.
func TestCounts(t *testing.T) {
	for id, want := range map[string]string{
		entries[0].ID: `{"SumsRead":1,`,
		"x":           `{"RequestsRejected":1,`,
	} {
		var out strings.Builder
		h := newTestHandler(find)
		h.metrics = metrics.New(&out, "tally", "get-sum", "test")
		if _, err := h.handle(t.Context(), request("GET", id)); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNewHandler(t *testing.T) {
	t.Setenv("SUMS_TABLE", "")
	if _, err := newHandler(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "SUMS_TABLE") {
		t.Errorf("got %v, want an error that names SUMS_TABLE", err)
	}
	t.Setenv("SUMS_TABLE", "sums-1a2b3c4")
	if h, err := newHandler(t.Context(), nil, nil); err != nil || h.get == nil {
		t.Errorf("got %v, %v", h, err)
	}
}

// newTestHandler returns a handler that discards its lines and counts.
func newTestHandler(get func(context.Context, string) (ledger.Entry, error)) *handler {
	return &handler{get, slog.New(slog.DiscardHandler), metrics.New(io.Discard, "tally", "get-sum", "test")}
}

func request(method, id string) events.APIGatewayV2HTTPRequest {
	r := events.APIGatewayV2HTTPRequest{RawPath: "/sums/" + id, PathParameters: map[string]string{"id": id}}
	r.RequestContext.HTTP.Method = method
	return r
}
