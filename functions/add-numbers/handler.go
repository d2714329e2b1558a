package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"tally/internal/metrics"
	"tally/internal/sum"
)

// maxBody bounds the body of a request: two integers of the most digits, with
// room to spare.
const maxBody = 64 << 10

// handler answers requests, and counts them.
type handler struct{ metrics *metrics.Metrics }

// handle answers an event of API Gateway in payload format 2.0:
//
//	POST /add  {"num1": 3, "num2": 4}  →  200 {"num1":3,"num2":4,"sum":7}
//	GET  /add?num1=3&num2=4            →  the same
//
// What the numbers may be is written at sum.Parse and sum.ParseQuery. All that
// is refused gets a problem document; see problem.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (h handler) handle(_ context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	n, err := read(r)
	if err != nil {
		h.metrics.Count("RequestsRejected", "reason", reason(err))
		return refuse(err)
	}
	h.metrics.Count("SumsComputed")
	return respond(http.StatusOK, map[string]string{"content-type": "application/json"}, struct {
		sum.Numbers
		Sum *big.Int `json:"sum"`
	}{n, n.Sum()})
}

// read takes the numbers out of the request. The error is a *problem or
// sum.InputErrors.
func read(r events.APIGatewayV2HTTPRequest) (sum.Numbers, error) {
	method := r.RequestContext.HTTP.Method
	switch {
	case r.RawPath != "/add":
		return sum.Numbers{}, &problem{Status: http.StatusNotFound, Detail: "There is only /add here."}
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

// readQuery reads the raw query: API Gateway's own map of it joins the values
// of a repeated parameter with commas.
func readQuery(r events.APIGatewayV2HTTPRequest) (sum.Numbers, error) {
	query, err := url.ParseQuery(r.RawQueryString)
	if err != nil {
		return sum.Numbers{}, &problem{Status: http.StatusBadRequest, Detail: "The query cannot be read: " + err.Error() + "."}
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
		return sum.Numbers{}, &problem{Status: http.StatusRequestEntityTooLarge, Detail: "The body may have 65536 bytes at most."}
	}
	return sum.Parse(body)
}

// isJSON tells whether a Content-Type is application/json. RFC 8259 gives it no
// parameters, but many clients name its only encoding. Types that end in +json
// have a meaning of their own (RFC 6839), which is not that of this API.
func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && media == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

// respond is the one place that writes an answer.
func respond(status int, header map[string]string, body any) (events.APIGatewayV2HTTPResponse, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: header, Body: string(raw)}, nil
}
