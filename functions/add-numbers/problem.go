package main

import (
	"errors"
	"maps"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/sum"
)

// problem is the body of every response that refuses a request.
//
// https://www.rfc-editor.org/rfc/rfc9457
type problem struct {
	Type   string       `json:"type"`  // "about:blank": it means no more than the status
	Title  string       `json:"title"` // the phrase of the status, such as "Not Found"
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

// refuse turns an error of read into a response. It returns any other error
// unchanged, which fails the invocation.
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

// reason returns the value of the metrics' dimension "reason" for an error of
// read. There are few values, as each becomes a metric of its own.
func reason(err error) string {
	if p, ok := errors.AsType[*problem](err); ok {
		return http.StatusText(p.Status)
	}
	return "invalid input"
}
