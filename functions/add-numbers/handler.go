package main

import (
	"context"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/httpapi"
	"tally/internal/metrics"
	"tally/internal/sum"
)

// handler responds to HTTP requests, and logs and counts them by outcome.
type handler struct {
	log     *slog.Logger
	metrics *metrics.Metrics
}

// handle serves an API Gateway event in payload format 2.0:
//
//	POST /add  {"num1": 3, "num2": 4}  →  200 {"num1":3,"num2":4,"sum":7}
//	GET  /add?num1=3&num2=4            →  the same
//
// sum.Parse and sum.ParseQuery define which numbers are accepted. The response
// to any other request is a problem document; see httpapi.Problem.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (h handler) handle(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	n, err := read(r)
	if err != nil {
		return httpapi.Reject(ctx, h.log, h.metrics, err)
	}
	s := n.Sum()
	h.log.InfoContext(ctx, "sum", "num1", n.Num1, "num2", n.Num2, "sum", s)
	h.metrics.Count("SumsComputed")
	return httpapi.JSON(http.StatusOK, nil, struct {
		sum.Numbers
		Sum *big.Int `json:"sum"`
	}{n, s})
}

// read returns the numbers in the request. A non-nil error is a *httpapi.Problem or
// sum.InputErrors.
func read(r events.APIGatewayV2HTTPRequest) (sum.Numbers, error) {
	method := r.RequestContext.HTTP.Method
	switch {
	case r.RawPath != "/add":
		return sum.Numbers{}, &httpapi.Problem{Status: http.StatusNotFound, Detail: "The only path is /add."}
	case method == http.MethodGet:
		return readQuery(r)
	case method == http.MethodPost:
		return readBody(r)
	default:
		return sum.Numbers{}, &httpapi.Problem{
			Status: http.StatusMethodNotAllowed,
			Detail: "Use POST with a JSON body, or GET with a query.",
			Header: map[string]string{"allow": "GET, POST"},
		}
	}
}

// readQuery parses the raw query string, because API Gateway's map of parameters
// joins repeated values with commas.
func readQuery(r events.APIGatewayV2HTTPRequest) (sum.Numbers, error) {
	query, err := url.ParseQuery(r.RawQueryString)
	if err != nil {
		return sum.Numbers{}, &httpapi.Problem{Status: http.StatusBadRequest, Detail: "The query is malformed: " + err.Error() + "."}
	}
	return sum.ParseQuery(query)
}

func readBody(r events.APIGatewayV2HTTPRequest) (sum.Numbers, error) {
	body, err := httpapi.Body(r)
	if err != nil {
		return sum.Numbers{}, err
	}
	return sum.Parse(body)
}
