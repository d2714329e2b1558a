package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"maps"
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

// refuse converts a *Problem or sum.InputErrors into a response. It returns any
// other error unchanged, which makes the invocation fail.
func refuse(err error) (events.APIGatewayV2HTTPResponse, error) {
	p, ok := errors.AsType[*Problem](err)
	if inputs, isInput := errors.AsType[sum.InputErrors](err); isInput {
		p, ok = &Problem{Status: http.StatusBadRequest, Detail: "The request must give two integers, num1 and num2."}, true
		for _, e := range inputs {
			p.Errors = append(p.Errors, FieldError{e.Field, e.Reason})
		}
	}
	if !ok {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	body := *p
	body.Type, body.Title = "about:blank", http.StatusText(p.Status)
	header := map[string]string{"content-type": "application/problem+json"}
	maps.Copy(header, p.Header)
	return respond(p.Status, header, body)
}

// Reject logs and counts a request that ended with an error, and returns its response.
func Reject(ctx context.Context, log *slog.Logger, counts *metrics.Metrics, err error) (events.APIGatewayV2HTTPResponse, error) {
	if why := reason(err); why != "" {
		log.InfoContext(ctx, "request rejected", "reason", why, "error", err)
		counts.Count("RequestsRejected", "reason", why)
	} else {
		log.ErrorContext(ctx, "request failed", "error", err)
		counts.Count("RequestsFailed")
	}
	return refuse(err)
}

// reason returns the value of the metric dimension "reason", or "" for an error that is
// not the client's. It has few values because each becomes a metric of its own.
func reason(err error) string {
	if p, ok := errors.AsType[*Problem](err); ok {
		return http.StatusText(p.Status)
	}
	if _, ok := errors.AsType[sum.InputErrors](err); ok {
		return "invalid input"
	}
	return ""
}
