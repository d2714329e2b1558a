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

// The limits of HTTP APIs, and of the payload of a synchronous invocation.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	maxBodyBytes    = 10 << 20
	maxPayloadBytes = 6 << 20
	maxHeaderBytes  = 10_240 // request line and headers
)

// An exchange is one request and what became of it.
type exchange struct {
	*http.Request
	place cloud.Place
	id    string
	start time.Time
	match
	received      int // bytes of the body
	authorization *authorization
	denied        string // why the authorizer refused
	invocation    invocation
	answer        answer
}

// An invocation is what an access log tells of the integration.
type invocation struct {
	requestID string
	status    int // of Lambda, 0 where it was not asked
	failure   string
	latency   time.Duration
}

// ServeHTTP answers one request to the API.
func (srv *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Request: r, place: srv.service.place, id: newRequestID(), start: time.Now()}
	d := srv.deployed.Load()
	why := ""
	x.answer, why = srv.service.answer(x, d)
	if why != "" {
		srv.service.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "apigateway", Resource: d.api.Name,
			Message: fmt.Sprintf("%s %s answered %d: %s", r.Method, r.URL.Path, x.answer.status, why)})
	}
	d.api.CORS.mark(r, x.answer)
	x.answer.header.Set("Apigw-Requestid", x.id)
	x.answer.write(w)
	srv.service.logAccess(x)
}

// answer is what the client gets, and why, where the function did not decide
// that.
func (s *Service) answer(x *exchange, d *deployment) (a answer, why string) {
	if a, why := refuseRequest(x.Request, d.api); why != "" {
		return a, why
	}
	if x.match, why = d.find(x.Request); why != "" {
		if d.api.CORS != nil && x.Method == http.MethodOptions {
			// Only where no route takes them, which may be one of ANY method.
			return answer{status: http.StatusNoContent, header: http.Header{}}, ""
		}
		return refuse(http.StatusNotFound, "Not Found"), why
	}
	if !d.bucketOf(x.stage.Name, x.key.text).take() {
		return refuse(http.StatusTooManyRequests, "Too Many Requests"), "the throttling limits of the route or the stage are reached"
	}
	body, err := io.ReadAll(io.LimitReader(x.Body, maxBodyBytes+1))
	if err != nil {
		return refuse(http.StatusBadRequest, "Bad Request"), err.Error() // a client that broke off, or bad chunks
	}
	if x.received = len(body); x.received > maxBodyBytes {
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			fmt.Sprintf("the body has more than %d bytes, which is all that API Gateway takes", maxBodyBytes)
	}
	return s.authorizedAnswer(x, body)
}

// refuseRequest refuses what no route is asked about.
func refuseRequest(r *http.Request, api API) (a answer, why string) {
	switch {
	case !cloud.IsLoopback(r.Host):
		// A page of another site that resolved its own name to this machine
		// must not reach the API.
		return refuse(http.StatusForbidden, "Forbidden"), fmt.Sprintf("the Host header is %q, not this machine's", r.Host)
	case headerBytes(r) > maxHeaderBytes:
		return refuse(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large"),
			fmt.Sprintf("request line and headers have %d bytes; API Gateway takes %d", headerBytes(r), maxHeaderBytes)
	case api.DisableExecuteAPIEndpoint:
		return refuse(http.StatusForbidden, "Forbidden"), "the default endpoint is disabled, and the local cloud has no other"
	}
	return answer{}, ""
}

// authorizedAnswer is the function's, if the caller may have it.
func (s *Service) authorizedAnswer(x *exchange, body []byte) (answer, string) {
	var refused *denial
	if x.authorization, refused = s.authorize(x.Request, x.match, body); refused != nil {
		x.denied = refused.why
		return refused.answer, refused.why
	}
	payload, err := json.Marshal(newEvent(x, body))
	if err != nil {
		return refuse(http.StatusInternalServerError, "Internal Server Error"), err.Error()
	}
	if len(payload) > maxPayloadBytes {
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			fmt.Sprintf("the event has %d bytes; a function takes %d", len(payload), maxPayloadBytes)
	}
	a, why := s.call(x, payload)
	if why == "" {
		x.api.CORS.ignore(a)
	}
	x.invocation.failure = why
	return a, why
}

// call invokes the function and makes an HTTP answer of what comes of it.
//
// A client that went away ends nothing, as on AWS: that is not reported as a
// failure. Nor does the integration's time-out stop the function; an Invoker
// only stops to wait for it.
func (s *Service) call(x *exchange, payload []byte) (answer, string) {
	timeout := time.Duration(x.integration.TimeoutMillis) * time.Millisecond
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.Context()), timeout)
	defer cancel()
	start := time.Now()
	out, err := s.invoker.Invoke(ctx, cloud.Invocation{
		Caller:   cloud.Caller{Service: "apigateway.amazonaws.com", SourceARN: s.sourceARN(x.Method, x.match)},
		Function: x.integration.function(), Payload: payload, TraceHeader: x.Header.Get(traceHeader),
	})
	x.invocation = invocation{requestID: out.RequestID, status: invocationStatus(err), latency: time.Since(start)}
	if errors.Is(err, context.DeadlineExceeded) {
		return refuse(http.StatusServiceUnavailable, "Service Unavailable"),
			fmt.Sprintf("the function did not answer within the integration's timeout of %d ms", x.integration.TimeoutMillis)
	}
	return settle(out, err)
}

// invocationStatus is the status that Lambda answers an invocation with.
func invocationStatus(err error) int {
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return e.HTTPStatus()
	}
	if err != nil {
		return 0
	}
	return http.StatusOK
}

// settle tells the answers apart that API Gateway has for an invocation. What
// may be better a moment later, a function out of time or of concurrency, is
// 503; any other failure is 500.
func settle(out cloud.Outcome, err error) (answer, string) {
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
	a, err := decodeReply(out.Payload)
	if err != nil {
		return refuse(internal, "Internal Server Error"), "the function answered nonsense: " + err.Error()
	}
	return a, ""
}

// sourceARN is what the function's policy compares with its SourceArn:
// api-id/stage/METHOD/path, the path as the route's key has it ("sums/{id}"),
// or api-id/stage/$default. The method is the request's, also for a route of
// ANY method; grants for such a route end in /*/* or /*/path anyway.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (s *Service) sourceARN(method string, m match) cloud.ARN {
	return s.place.ARN("execute-api", m.api.ID+"/"+m.stage.Name+"/"+m.key.sourcePath(method))
}

// A match is where a request goes.
type match struct {
	api   API
	stage Stage
	deployedRoute
	parameters map[string]string
}

// find looks for the stage and then the route of a request, or tells why there
// is none; m holds what it found. A named stage is the first part of the path and wins over $default.
func (d *deployment) find(r *http.Request) (m match, why string) {
	m.api = d.api
	path, ok := splitPath(r.URL)
	if !ok {
		return m, "the request names no path"
	}
	stage, named := d.stages[path[0]]
	if named && path[0] != defaultStage {
		if path = path[1:]; len(path) == 0 {
			path = []string{""}
		}
	} else if stage, ok = d.stages[defaultStage]; !ok {
		return m, "the API has no stage $default, and the path begins with no other stage"
	}
	m.stage = stage
	for _, route := range d.routes {
		if parameters, ok := route.key.match(r.Method, path); ok {
			m.deployedRoute, m.parameters = route, parameters
			return m, ""
		}
	}
	return m, "no route matches"
}

// splitPath splits a path at its slashes before it decodes the parts, so that
// an encoded slash stays within its part.
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

// headerBytes is the size of the request line and the headers on the wire.
func headerBytes(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\nHost: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(": \r\n") + len(v)
		}
	}
	return n
}

// newRequestID looks like API Gateway's: "JKJaXmPLvHcESHA=".
func newRequestID() string {
	var raw [11]byte
	_, _ = rand.Read(raw[:]) // never fails
	return base64.URLEncoding.EncodeToString(raw[:])
}
