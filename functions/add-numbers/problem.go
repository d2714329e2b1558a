package main

import (
	"errors"
	"maps"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/sum"
)

// problem is the body of every answer that refuses a request.
//
// https://www.rfc-editor.org/rfc/rfc9457
type problem struct {
	Type   string       `json:"type"`  // "about:blank": the status says it all
	Title  string       `json:"title"` // the phrase of the status
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Errors []fieldError `json:"errors,omitempty"`

	header map[string]string // of the response, beside its type
}

// fieldError is one thing that is wrong with the input.
type fieldError struct {
	Field  string `json:"field,omitempty"` // "num1"; none for the input as a whole
	Detail string `json:"detail"`
}

func (p *problem) Error() string { return p.Detail }

// refuse turns what read returns into an answer. Any other error fails the
// invocation.
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

// reason is one of few, of which metrics are made.
func reason(err error) string {
	if p, ok := errors.AsType[*problem](err); ok {
		return http.StatusText(p.Status)
	}
	return "invalid input"
}
