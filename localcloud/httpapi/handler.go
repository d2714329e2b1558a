package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// The quotas of HTTP APIs, and of the payload of a synchronous invocation.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	maxBodyBytes    = 10 << 20
	maxPayloadBytes = 6 << 20
	maxHeaderBytes  = 10_240 // request line and headers
)

// An exchange is one request and its outcome.
type exchange struct {
	*http.Request
	place cloud.Place
	id    string
	start time.Time
	match
	received      int // bytes of the body
	authorization *authorization
	denied        string // why authorization failed
	invocation    invocation
	response      response
}

// An invocation is what an access log reports about the integration.
type invocation struct {
	requestID string
	status    int // of Lambda, 0 without an invocation
	failure   string
	latency   time.Duration
}

// ServeHTTP serves one request to the API.
func (srv *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Request: r, place: srv.service.place, id: newRequestID(), start: time.Now()}
	d := srv.deployed.Load()
	why := ""
	x.response, why = srv.service.respond(x, d)
	if why != "" {
		srv.service.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "apigateway", Resource: d.api.Name,
			Message: fmt.Sprintf("%s %s returned %d: %s", r.Method, r.URL.Path, x.response.status, why)})
	}
	d.cors.mark(r, x.response)
	x.response.header.Set("Apigw-Requestid", x.id)
	x.response.write(w)
	srv.service.logAccess(x)
}

// respond returns the response to a request, and the reason if it is not the
// function's.
func (s *Service) respond(x *exchange, d *deployment) (res response, why string) {
	if res, why := refuseRequest(x.Request, d.api); why != "" {
		return res, why
	}
	if x.match, why = d.find(x.Request); why != "" {
		if d.cors != nil && x.Method == http.MethodOptions {
			// Only if no route matches, which may be one for any method.
			return response{status: http.StatusNoContent, header: http.Header{}}, ""
		}
		return refuse(http.StatusNotFound, "Not Found"), why
	}
	if !d.bucketOf(x.stage.Name, x.key.text).take() {
		return refuse(http.StatusTooManyRequests, "Too Many Requests"), "the throttling limits of the route or the stage are reached"
	}
	body, err := io.ReadAll(io.LimitReader(x.Body, maxBodyBytes+1))
	if err != nil {
		return refuse(http.StatusBadRequest, "Bad Request"), err.Error() // an aborted request, or malformed chunks
	}
	if x.received = len(body); x.received > maxBodyBytes {
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			fmt.Sprintf("the body has more than %d bytes, the limit of API Gateway", maxBodyBytes)
	}
	return s.forward(x, d.cors, body)
}

// refuseRequest refuses requests before routing.
func refuseRequest(r *http.Request, api API) (res response, why string) {
	switch {
	case !cloud.IsLoopback(r.Host):
		// The page of another site whose name resolves to this machine must not
		// reach the API.
		return refuse(http.StatusForbidden, "Forbidden"), fmt.Sprintf("the Host header is %q, not this machine's", r.Host)
	case headerBytes(r) > maxHeaderBytes:
		return refuse(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large"),
			fmt.Sprintf("request line and headers have %d bytes; the limit of API Gateway is %d", headerBytes(r), maxHeaderBytes)
	case api.DisableExecuteAPIEndpoint:
		return refuse(http.StatusForbidden, "Forbidden"), "the default endpoint is disabled, and the local cloud has no other"
	}
	return response{}, ""
}

// forward calls the function of the route if the caller may.
func (s *Service) forward(x *exchange, cors *corsHeaders, body []byte) (response, string) {
	var denied *denial
	if x.authorization, denied = s.authorize(x, body); denied != nil {
		x.denied = denied.why
		return denied.response, denied.why
	}
	payload, err := json.Marshal(newEvent(x, body))
	if err != nil {
		return refuse(http.StatusInternalServerError, "Internal Server Error"), err.Error()
	}
	if len(payload) > maxPayloadBytes {
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			fmt.Sprintf("the event has %d bytes; the limit of a function is %d", len(payload), maxPayloadBytes)
	}
	res, why := s.call(x, payload)
	if why == "" {
		cors.strip(res)
	}
	x.invocation.failure = why
	return res, why
}

// call invokes the function and returns the response for its outcome.
//
// As on AWS, a client that disconnects ends nothing, so that is not reported as
// a failure. Nor does the integration's timeout stop the function; the Invoker
// only stops waiting for it.
func (s *Service) call(x *exchange, payload []byte) (response, string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.Context()), x.timeout)
	defer cancel()
	start := time.Now()
	out, err := s.invoker.Invoke(ctx, cloud.Invocation{
		Caller:   cloud.Caller{Service: "apigateway.amazonaws.com", SourceARN: s.sourceARN(x.Method, x.match)},
		Function: x.function, Payload: payload, TraceHeader: x.Header.Get(traceHeader),
	})
	x.invocation = invocation{requestID: out.RequestID, status: lambdaStatus(err), latency: time.Since(start)}
	if errors.Is(err, context.DeadlineExceeded) {
		return refuse(http.StatusServiceUnavailable, "Service Unavailable"),
			fmt.Sprintf("the function did not return within the integration's timeout of %d ms", x.timeout.Milliseconds())
	}
	return settle(out, err)
}

// lambdaStatus returns the status of Lambda's response to an invocation.
func lambdaStatus(err error) int {
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return e.HTTPStatus()
	}
	if err != nil {
		return 0
	}
	return http.StatusOK
}

// settle returns API Gateway's response for the outcome of an invocation. A
// failure that may be temporary, a function out of time or of concurrency, is
// 503; any other failure is 500.
func settle(out cloud.Outcome, err error) (response, string) {
	const unavailable, internal = http.StatusServiceUnavailable, http.StatusInternalServerError
	if err != nil {
		if cloud.ErrorCode(err) == "TooManyRequestsException" {
			return refuse(unavailable, "Service Unavailable"), err.Error()
		}
		return refuse(internal, "Internal Server Error"), err.Error()
	}
	if out.FunctionError != "" {
		why := "the function failed: " + string(out.Payload)
		if out.TimedOut {
			return refuse(unavailable, "Service Unavailable"), why
		}
		return refuse(internal, "Internal Server Error"), why
	}
	res, err := decodeReply(out.Payload)
	if err != nil {
		return refuse(internal, "Internal Server Error"), "the function returned an invalid response: " + err.Error()
	}
	return res, ""
}

// sourceARN returns what the function's policy compares with its SourceArn:
// api-id/stage/METHOD/path with the path of the route's key ("sums/{id}"), or
// api-id/stage/$default. The method is the request's, even if the route's is
// ANY; grants for such a route end in /*/* or /*/path anyway.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (s *Service) sourceARN(method string, m match) cloud.ARN {
	return s.place.ARN("execute-api", m.api.ID+"/"+m.stage.Name+"/"+m.key.sourcePath(method))
}

// splitPath splits a path at its slashes before it decodes the parts, so that
// an encoded slash does not separate parts.
func splitPath(u *url.URL) ([]string, bool) {
	escaped, ok := strings.CutPrefix(u.EscapedPath(), "/")
	if !ok {
		return nil, false
	}
	parts := strings.Split(escaped, "/")
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			return nil, false
		}
	}
	return parts, true
}

// headerBytes returns the size of the request line and the headers on the wire.
func headerBytes(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\nHost: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(": \r\n") + len(v)
		}
	}
	return n
}

// newRequestID returns an ID in the form of API Gateway's: "JKJaXmPLvHcESHA=".
func newRequestID() string {
	var raw [11]byte
	_, _ = rand.Read(raw[:]) // never fails
	return base64.URLEncoding.EncodeToString(raw[:])
}
