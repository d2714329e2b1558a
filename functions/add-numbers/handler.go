package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/metrics"
	"tally/internal/sum"
)

// maxBody is the maximum size of a request body in bytes. It leaves ample room
// for two integers of sum.MaxDigits digits.
const maxBody = 64 << 10

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
// to any other request is a problem document; see problem.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (h handler) handle(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	n, err := read(r)
	if err != nil {
		h.log.InfoContext(ctx, "request rejected", "reason", reason(err), "error", err)
		h.metrics.Count("RequestsRejected", "reason", reason(err))
		return refuse(err)
	}
	s := n.Sum()
	h.log.InfoContext(ctx, "sum", "num1", n.Num1, "num2", n.Num2, "sum", s)
	h.metrics.Count("SumsComputed")
	return respond(http.StatusOK, map[string]string{"content-type": "application/json"}, struct {
		sum.Numbers
		Sum *big.Int `json:"sum"`
	}{n, s})
}

// read returns the numbers in the request. A non-nil error is a *problem or
// sum.InputErrors.
func read(r events.APIGatewayV2HTTPRequest) (sum.Numbers, error) {
	method := r.RequestContext.HTTP.Method
	switch {
	case r.RawPath != "/add":
		return sum.Numbers{}, &problem{Status: http.StatusNotFound, Detail: "The only path is /add."}
	case method == http.MethodGet:
		return readQuery(r)
	case method == http.MethodPost:
		return readBody(r)
	default:
		return sum.Numbers{}, &problem{
			Status: http.StatusMethodNotAllowed,
			Detail: "Use POST with a JSON body, or GET with a query.",
			header: map[string]string{"allow": "GET, POST"},
		}
	}
}

// readQuery parses the raw query string, because API Gateway's map of parameters
// joins repeated values with commas.
func readQuery(r events.APIGatewayV2HTTPRequest) (sum.Numbers, error) {
	query, err := url.ParseQuery(r.RawQueryString)
	if err != nil {
		return sum.Numbers{}, &problem{Status: http.StatusBadRequest, Detail: "The query is malformed: " + err.Error() + "."}
	}
	return sum.ParseQuery(query)
}

func readBody(r events.APIGatewayV2HTTPRequest) (sum.Numbers, error) {
	if !isJSON(r.Headers["content-type"]) {
		return sum.Numbers{}, &problem{
			Status: http.StatusUnsupportedMediaType,
			Detail: "The Content-Type must be application/json, encoded in UTF-8.",
			header: map[string]string{"accept": "application/json"},
		}
	}
	body := []byte(r.Body)
	if r.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
			return sum.Numbers{}, &problem{Status: http.StatusBadRequest, Detail: "The body is not valid base64: " + err.Error() + "."}
		}
	}
	if len(body) > maxBody {
		return sum.Numbers{}, &problem{Status: http.StatusRequestEntityTooLarge, Detail: "The body must not exceed 65536 bytes."}
	}
	return sum.Parse(body)
}

// isJSON reports whether a Content-Type is application/json. RFC 8259 defines no
// parameters for it, but many clients send its only encoding as a charset. Types
// that end in +json (RFC 6839) have semantics that this API does not implement.
func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && media == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

// respond returns a response with body encoded as JSON.
func respond(status int, header map[string]string, body any) (events.APIGatewayV2HTTPResponse, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: header, Body: string(raw)}, nil
}
