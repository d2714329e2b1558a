package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/metrics"
	"tally/internal/sum"
)

// Problem is the body of every error response, and the error that causes it. Set
// Status, Detail and Header; Reject sets the rest.
//
// https://www.rfc-editor.org/rfc/rfc9457
type Problem struct {
	Type   string       `json:"type"`  // "about:blank": the status alone identifies the problem
	Title  string       `json:"title"` // the text of the status, such as "Not Found"
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Errors []FieldError `json:"errors,omitempty"`

	Header map[string]string `json:"-"` // of the response, in addition to content-type
}

// FieldError describes one fault in the input.
type FieldError struct {
	Field  string `json:"field,omitempty"` // "num1", or "" for the input as a whole
	Detail string `json:"detail"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// Reject logs and counts a request that ended with an error, and returns its response. It
// returns an error that is not the client's unchanged, which makes the invocation fail.
func Reject(ctx context.Context, log *slog.Logger, counts *metrics.Metrics, err error) (events.APIGatewayV2HTTPResponse, error) {
	p, reason := problem(err)
	if p == nil {
		log.ErrorContext(ctx, "request failed", "error", err)
		counts.Count("RequestsFailed")
		return events.APIGatewayV2HTTPResponse{}, err
	}
	log.InfoContext(ctx, "request rejected", "reason", reason, "error", err)
	counts.Count("RequestsRejected", "reason", reason)
	body := *p
	body.Type, body.Title = "about:blank", http.StatusText(p.Status)
	return respond(p.Status, "application/problem+json", p.Header, body)
}

// problem converts a *Problem or sum.InputErrors into a problem and the value of the metric
// dimension "reason", which has few values because each becomes a metric of its own. It
// returns nil for any other error, which is not the client's.
func problem(err error) (p *Problem, reason string) {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p, http.StatusText(p.Status)
	}
	inputs, ok := errors.AsType[sum.InputErrors](err)
	if !ok {
		return nil, ""
	}
	p = &Problem{Status: http.StatusBadRequest, Detail: "The request must give two integers, num1 and num2."}
	for _, e := range inputs {
		p.Errors = append(p.Errors, FieldError{e.Field, e.Reason})
	}
	return p, "invalid input"
}
