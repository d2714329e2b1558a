package main

import (
	"errors"
	"maps"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/sum"
)

// problem is the body of every error response.
//
// https://www.rfc-editor.org/rfc/rfc9457
type problem struct {
	Type   string       `json:"type"`  // "about:blank": the status alone identifies the problem
	Title  string       `json:"title"` // the text of the status, such as "Not Found"
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Errors []fieldError `json:"errors,omitempty"`

	header map[string]string // of the response, in addition to content-type
}

// fieldError describes one fault in the input.
type fieldError struct {
	Field  string `json:"field,omitempty"` // "num1", or "" for the input as a whole
	Detail string `json:"detail"`
}

func (p *problem) Error() string { return p.Detail }

// refuse converts an error returned by read into a response. It returns any
// other error unchanged, which makes the invocation fail.
func refuse(err error) (events.APIGatewayV2HTTPResponse, error) {
	p, ok := errors.AsType[*problem](err)
	if inputs, isInput := errors.AsType[sum.InputErrors](err); isInput {
		p, ok = &problem{Status: http.StatusBadRequest, Detail: "The request must give two integers, num1 and num2."}, true
		for _, e := range inputs {
			p.Errors = append(p.Errors, fieldError{e.Field, e.Reason})
		}
	}
	if !ok {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	header := map[string]string{"content-type": "application/problem+json"}
	maps.Copy(header, p.header)
	return respond(p.Status, header, p)
}

// reason returns the value of the metric dimension "reason" for an error
// returned by read. It has few values because each becomes a metric of its own.
func reason(err error) string {
	if p, ok := errors.AsType[*problem](err); ok {
		return http.StatusText(p.Status)
	}
	return "invalid input"
}
