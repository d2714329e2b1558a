package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/body"
	"tally/localcloud/internal/endpoint"
)

// The quotas of HTTP APIs, and the maximum payload of a synchronous invocation.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	maxBodyBytes    = 10 << 20
	maxPayloadBytes = 6 << 20
	maxHeaderBytes  = 10_240 // including the request line
)

// An exchange is one request and its outcome.
type exchange struct {
	*http.Request
	place cloud.Place
	id    string
	start time.Time
	match
	received      int    // bytes of the body
	input         string // of the step
	authorization *endpoint.Authorization
	denied        string // the reason why authorization failed
	invocation    invocation
	response      response
}

// An invocation holds what an access log contains about the integration.
type invocation struct {
	requestID string
	status    int // of Lambda's response, 0 if there is none
	failure   string
	latency   time.Duration
}

// ServeHTTP serves one request to the API.
func (srv *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Request: r, place: srv.service.place, id: newRequestID(), start: time.Now()}
	ctx, step := cloud.BeginStep(r.Context(), cloud.Step{Kind: cloud.StepRequest, Name: r.Method + " " + r.URL.Path, Trace: cloud.TraceField(r.Header.Get(endpoint.TraceHeader), "Root")})
	x.Request = r.WithContext(ctx)
	d := srv.deployed.Load()
	reason := ""
	x.response, reason = srv.service.respond(x, d)
	srv.service.note(x, d.api.Name, reason)
	d.cors.Add(r, x.response.Response)
	x.response.Header.Set("Apigw-Requestid", x.id)
	x.response.Write(w)
	_ = http.NewResponseController(w).Flush() // the client need not wait for what follows
	step.End(srv.service.journal, func(s *cloud.Step) { x.describe(s, d, reason) })
	srv.service.logAccess(x)
	srv.service.measure(x, d)
}

// note adds the request to the journal, with the reason of the response if it is not the
// function's.
func (s *Service) note(x *exchange, api, reason string) {
	level, because := cloud.Info, ""
	if reason != "" {
		level, because = cloud.Warning, ": "+reason
	}
	s.journal.Append(cloud.Entry{Level: level, Service: "apigateway", Resource: api,
		Message: fmt.Sprintf("%s %s returned %d%s%s", x.Method, x.URL.Path, x.response.Status, because,
			cloud.Hop(x.invocation.requestID, x.Header.Get(endpoint.TraceHeader)))})
}

// describe completes the step of the request.
func (x *exchange) describe(s *cloud.Step, d *deployment, reason string) {
	s.Request, s.Error = x.id, reason
	s.Input, s.Output = strings.TrimPrefix(x.URL.RawQuery+"\n"+x.input, "\n"), fmt.Sprintf("%d %s\n%s", x.response.Status, http.StatusText(x.response.Status), cloud.StepText(x.response.Body))
	if s.Error == "" && x.response.Status >= http.StatusInternalServerError {
		s.Error = fmt.Sprintf("the function returned %d", x.response.Status)
	}
}

// respond returns the response to a request, and the reason if it is not the
// function's.
func (s *Service) respond(x *exchange, d *deployment) (res response, reason string) {
	if res, reason := refuseRequest(x.Request, d); reason != "" {
		return res, reason
	}
	if x.match, reason = d.find(x.Request); reason != "" {
		if d.cors != nil && x.Method == http.MethodOptions {
			// A route that matches, such as one for any method, takes precedence.
			return response{Response: endpoint.Response{Status: http.StatusNoContent, Header: http.Header{}}}, ""
		}
		return refuse(http.StatusNotFound, "Not Found"), reason
	}
	cloud.ReachStep(x.Context(), RouteARN(x.place, d.api.ID, x.key.text))
	if !d.bucketOf(x.stage.Name, x.key.text).take() {
		return refuse(http.StatusTooManyRequests, "Too Many Requests"), "the throttling limits of the route or the stage are exceeded"
	}
	if denied := s.preauthorize(x); denied != nil {
		x.denied = denied.reason
		return denied.response, denied.reason
	}
	received, release, err := body.Read(x.Request, maxBodyBytes)
	if errors.Is(err, body.ErrTooLarge) {
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			fmt.Sprintf("the body has more than %d bytes, the limit of API Gateway", maxBodyBytes)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "Bad Request"), err.Error() // the client aborted the request or sent malformed chunks
	}
	x.received, x.input = len(received), cloud.StepText(received)
	return s.forward(x, d.cors, received, release)
}

// refuseRequest refuses requests for reasons that do not depend on the route.
func refuseRequest(r *http.Request, d *deployment) (res response, reason string) {
	page := cloud.CheckPage(r, d.cors.Allows)
	switch {
	case page != nil:
		return refuse(http.StatusForbidden, "Forbidden"), page.Error()
	case headerBytes(r) > maxHeaderBytes:
		return refuse(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large"),
			fmt.Sprintf("the request line and the headers have %d bytes, but the limit of API Gateway is %d", headerBytes(r), maxHeaderBytes)
	case d.api.DisableExecuteAPIEndpoint:
		return refuse(http.StatusForbidden, "Forbidden"), "the default endpoint is disabled, and the local cloud has no other"
	}
	return response{}, ""
}

// forward calls the function of the route if the caller is authorized. It calls release
// when it no longer needs the body, and at the latest before it calls the function.
func (s *Service) forward(x *exchange, cors *endpoint.CORSHeaders, body []byte, release func()) (response, string) {
	release = sync.OnceFunc(release)
	defer release()
	if len(body) > maxPayloadBytes { // so that it is not encoded first
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			fmt.Sprintf("the body has %d bytes, but the limit of a function is %d", len(body), maxPayloadBytes)
	}
	var denied *denial
	if x.authorization, denied = s.authorize(x, body); denied != nil {
		x.denied = denied.reason
		return denied.response, denied.reason
	}
	payload, err := json.Marshal(newEvent(x, body))
	if err != nil {
		return refuse(http.StatusInternalServerError, "Internal Server Error"), err.Error()
	}
	if len(payload) > maxPayloadBytes {
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			fmt.Sprintf("the event has %d bytes, but the limit of a function is %d", len(payload), maxPayloadBytes)
	}
	release()
	res, reason := s.call(x, payload)
	if reason == "" {
		cors.Strip(res.Response)
	}
	x.invocation.failure = reason
	return res, reason
}

// call invokes the function and returns the response for its outcome.
//
// As on AWS, call waits for the function even if the client disconnects. The
// integration's timeout does not stop the function either, but the Invoker then stops
// waiting for it.
func (s *Service) call(x *exchange, payload []byte) (response, string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.Context()), x.timeout)
	defer cancel()
	start := time.Now()
	out, err := s.invoker.Invoke(ctx, cloud.Invocation{
		Caller:   cloud.Caller{Service: "apigateway.amazonaws.com", SourceARN: s.sourceARN(x.Method, x.match)},
		Function: x.function, Payload: payload, TraceHeader: x.Header.Get(endpoint.TraceHeader),
	})
	x.invocation = invocation{requestID: out.RequestID, status: lambdaStatus(err), latency: time.Since(start)}
	if errors.Is(err, context.DeadlineExceeded) {
		return refuse(http.StatusServiceUnavailable, "Service Unavailable"),
			fmt.Sprintf("the function did not return within the integration's timeout of %d ms", x.timeout.Milliseconds())
	}
	return responseTo(out, err)
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

// responseTo returns API Gateway's response for the outcome of an invocation. If
// Lambda throttled it, the status is 503. Any other failure is 500, even if the
// function exceeded its own timeout.
//
// https://github.com/denoland/deno_registry2/issues/87
func responseTo(out cloud.Outcome, err error) (response, string) {
	internal := refuse(http.StatusInternalServerError, "Internal Server Error")
	switch {
	case cloud.ErrorCode(err) == "TooManyRequestsException":
		return refuse(http.StatusServiceUnavailable, "Service Unavailable"), err.Error()
	case err != nil:
		return internal, err.Error()
	case out.FunctionError != "":
		return internal, "the function failed: " + string(out.Payload)
	}
	res, err := endpoint.DecodeResponse(out.Payload, "text/plain;charset=utf-8")
	if err != nil {
		return internal, "the function returned an invalid response: " + err.Error()
	}
	return response{Response: res}, ""
}

// sourceARN returns the ARN with which the function's policy compares its SourceArn.
// It ends in api-id/stage/METHOD/path, with the path in the route's key
// ("sums/{id}"), or in api-id/stage/$default. The method is that of the request, even
// if the method of the route is ANY; permissions for such a route end in /*/* or
// /*/path.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (s *Service) sourceARN(method string, m match) cloud.ARN {
	return s.place.ARN("execute-api", m.api.ID+"/"+m.stage.Name+"/"+m.key.sourcePath(method))
}

// splitPath returns the decoded segments of a path. It splits the path before it
// decodes the segments, so an encoded slash does not separate segments. It returns
// false if the path is not absolute.
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

// newRequestID returns an ID in the format of API Gateway, such as
// "JKJaXmPLvHcESHA=".
func newRequestID() string {
	var raw [11]byte
	_, _ = rand.Read(raw[:]) // never fails
	return base64.URLEncoding.EncodeToString(raw[:])
}
