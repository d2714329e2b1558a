package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/body"
	"tally/localcloud/internal/endpoint"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/sigv4"
)

// The actions that a request to a URL needs, and the condition keys of each.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
const (
	invokeURLAction = "lambda:InvokeFunctionUrl"
	invokeAction    = "lambda:InvokeFunction"
	authTypeKey     = "lambda:FunctionUrlAuthType"
	viaURLKey       = "lambda:InvokedViaFunctionUrl"
)

// A urlServer serves the URL with that ID.
type urlServer struct {
	*endpoint.Server
	service      *Service
	function, id string

	mu       sync.Mutex
	reserved int // the reserved concurrency to which bucket belongs
	bucket   *endpoint.Bucket
}

// requestsPerSecond is how many requests a URL admits in a second for each concurrent
// invocation that its function has reserved.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-throttling
const requestsPerSecond = 10

// throttle returns an error if there have been too many requests for the reserved
// concurrency of the function. Without any left, the function cannot be invoked anyway.
func (srv *urlServer) throttle(reserved int) error {
	if reserved <= 0 {
		return nil
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if limit := requestsPerSecond * reserved; srv.reserved != reserved {
		srv.reserved, srv.bucket = reserved, endpoint.NewBucket(limit, float64(limit))
	}
	if !srv.bucket.Take() {
		return errThrottled("ReservedFunctionInvocationRateLimitExceeded")
	}
	return nil
}

// A urlRequest is one request to a URL.
type urlRequest struct {
	*http.Request
	url   FunctionURL
	row   record
	id    string // of the request, and of the invocation
	start time.Time
}

// target returns the function or alias that the request invokes.
func (x *urlRequest) target() Reference {
	return Reference{Name: x.url.Function, Qualifier: x.url.Qualifier, ARN: x.url.ARN}
}

// ServeHTTP serves one request to the URL.
func (srv *urlServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := srv.service
	row, _ := s.functions.Get(srv.function)
	u, ok := find(row.URLs, func(u FunctionURL) bool { return u.ID == srv.id })
	if !ok { // deleted in the meantime
		forbidden().Write(w)
		return
	}
	x := &urlRequest{Request: r, url: u, row: row, id: uuid.NewString(), start: time.Now()}
	cors := endpoint.NewCORSHeaders(u.CORS)
	res, reason := srv.answer(x, cors)
	if reason != "" {
		s.note(cloud.Warning, row.Name, "%s %s returned %d: %s", r.Method, endpoint.URL(u.Port)+r.URL.Path, res.Status, reason)
	}
	cors.Add(r, res)
	res.Header.Set("X-Amzn-Requestid", x.id)
	res.Write(w)
	_ = http.NewResponseController(w).Flush() // the client need not wait for what follows
	s.measureURL(x, res.Status)
}

// answer returns the response to a request, and the reason if it is Lambda's and the
// journal does not have it yet.
func (srv *urlServer) answer(x *urlRequest, cors *endpoint.CORSHeaders) (res endpoint.Response, reason string) {
	s := srv.service
	if page := cloud.CheckPage(x.Request, cors.Allows); page != nil {
		return forbidden(), page.Error()
	}
	if cors != nil && x.Method == http.MethodOptions && x.Header.Get("Origin") != "" && x.Header.Get("Access-Control-Request-Method") != "" {
		return endpoint.Response{Status: http.StatusOK, Header: http.Header{}}, ""
	}
	payload, err := srv.admit(x)
	if err != nil {
		return refusedURL(err), err.Error()
	}
	res, reason = s.invokeURL(x, payload)
	if reason == "" {
		cors.Strip(res)
	}
	return res, reason
}

// admit returns the event for a request that may invoke the function now. Until the event
// has the body in its own encoding, other large bodies wait.
func (srv *urlServer) admit(x *urlRequest) ([]byte, error) {
	s := srv.service
	caller, received, release, err := s.admitURL(x)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := srv.throttle(x.row.ReservedConcurrency); err != nil {
		s.measureRefusal(x.target(), err)
		return nil, err
	}
	payload, err := json.Marshal(newURLEvent(x, caller, received, s.options.Place.Account))
	if err == nil && len(payload) > maxSyncPayload {
		err = errURLTooLarge
	}
	return payload, err
}

// admitURL reads the body of a request and authorizes its caller, whose credentials it
// returns if the URL requires them. The caller calls release as [body.Read] requires.
func (s *Service) admitURL(x *urlRequest) (caller cloud.Credentials, received []byte, release func(), err error) {
	var signature sigv4.Signature
	signed := x.url.AuthType == authIAM
	if signed { // what can be known without the body
		if signature, err = s.urlSignature(x.Request); err == nil {
			_, err = s.verifier.Credentials(signature)
		}
		if err != nil {
			return caller, nil, nil, err
		}
	}
	received, release, err = body.Read(x.Request, maxSyncPayload)
	if errors.Is(err, body.ErrTooLarge) {
		err = errURLTooLarge
	}
	if err != nil {
		return caller, nil, nil, err
	}
	if signed {
		caller, err = s.verifier.Verify(x.Request, received, signature)
	}
	if err == nil {
		err = s.authorizeURL(x, caller.Caller)
	}
	if err != nil {
		release()
	}
	return caller, received, release, err
}

// urlSignature returns the signature of a request, which it does not verify.
func (s *Service) urlSignature(r *http.Request) (sigv4.Signature, error) {
	signature, err := sigv4.Parse(r)
	if err == nil && (signature.Service != "lambda" || signature.Region != s.options.Place.Region) {
		err = sigv4.Mismatch("Credential should be scoped to service lambda in %s, not to %s in %s",
			s.options.Place.Region, signature.Service, signature.Region)
	}
	return signature, err
}

// authorizeURL checks that the caller, who may be anonymous, may use the URL and invoke
// the function through it.
func (s *Service) authorizeURL(x *urlRequest, caller cloud.Caller) error {
	ctx := cloud.WithConditionKeys(x.Context(), endpoint.ConditionKeys(x.Request))
	request := cloud.Request{Caller: caller, Resource: x.url.ARN, ResourcePolicy: x.row.documents[x.url.Qualifier], Public: true}
	for _, needed := range []struct{ action, key, value string }{
		{invokeURLAction, authTypeKey, x.url.AuthType},
		{invokeAction, viaURLKey, "true"},
	} {
		request.Action, request.Context = needed.action, map[string][]string{needed.key: {needed.value}}
		if err := s.options.Authorizer.Authorize(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

// newURLEvent returns the event for a request. Unlike in the events of HTTP APIs, paths are
// encoded. The account is that of the caller; callers without a signature have none.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
// https://github.com/middleapi/standard-server/pull/93
func newURLEvent(x *urlRequest, caller cloud.Credentials, received []byte, account string) endpoint.Event {
	e := endpoint.NewEvent(x.Request, received, x.start)
	e.RouteKey, e.RawPath = "$default", x.URL.EscapedPath()
	c := &e.RequestContext
	c.AccountID, c.APIID, c.DomainPrefix = "anonymous", x.url.ID, x.url.ID
	if !caller.Caller.Anonymous() {
		c.AccountID, c.Authorizer = account, endpoint.NewIAMAuthorization(account, caller)
	}
	c.HTTP.Path, c.RequestID, c.RouteKey, c.Stage = e.RawPath, x.id, "$default", "$default"
	return e
}

// invokeURL invokes the function and returns the response for its outcome, and the reason
// if that is not the function's. As on AWS, it waits for the function even if the client
// disconnects.
func (s *Service) invokeURL(x *urlRequest, payload []byte) (endpoint.Response, string) {
	to := x.target()
	out, err := s.respond(context.WithoutCancel(x.Context()), to, runtimeapi.Event{
		RequestID: x.id, FunctionARN: to.ARN, Payload: payload, TraceID: nextTrace(x.Header.Get(endpoint.TraceHeader), to.Name), Source: x.url.Address(),
	}, "its URL", false)
	switch {
	case err != nil:
		return refusedURL(err), "" // respond has noted the reason
	case out.FunctionError != "":
		return badGateway(), "the function failed: " + string(out.Payload)
	}
	res, err := endpoint.DecodeResponse(out.Payload, "application/json")
	if err != nil {
		return badGateway(), "the function returned an invalid response: " + err.Error()
	}
	return res, ""
}

var errURLTooLarge = cloud.Errorf(http.StatusRequestEntityTooLarge, "RequestTooLargeException",
	"Request must be smaller than %d bytes for the InvokeFunction operation", maxSyncPayload)

// refusedURL returns Lambda's response to a request that it refuses. A caller without
// permission does not learn the reason. AWS documents that a URL responds with 429 when it
// throttles, and no bodies: those here are the errors of Invoke.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-throttling
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
func refusedURL(err error) endpoint.Response {
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok { // the client has disconnected or sent malformed chunks
		return urlError(http.StatusBadRequest, "BadRequestException", map[string]any{"message": "Bad Request"})
	}
	if e.Code == "AccessDeniedException" || e.Code == "MissingAuthenticationToken" {
		return forbidden()
	}
	message := map[string]any{"message": e.Message}
	maps.Copy(message, e.Fields)
	return urlError(e.HTTPStatus(), e.Code, message)
}

// forbidden is worded as on AWS.
//
// https://github.com/awsdocs/aws-lambda-developer-guide/issues/494
func forbidden() endpoint.Response {
	return urlError(http.StatusForbidden, "AccessDeniedException", map[string]any{
		"Message": "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"})
}

func urlError(status int, code string, message map[string]any) endpoint.Response {
	raw, _ := json.Marshal(message) // strings always encode
	return endpoint.Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {code}}, Body: raw}
}

// badGateway is the response if the function fails, runs into its timeout or returns an
// invalid response. AWS does not document its body.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
func badGateway() endpoint.Response {
	return endpoint.Response{Status: http.StatusBadGateway, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte("Internal Server Error")}
}

// measureURL reports the metrics of a request.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
func (s *Service) measureURL(x *urlRequest, status int) {
	now := time.Now()
	values := []cloud.MetricValue{
		cloud.Counted("UrlRequestCount", 1), cloud.Counted("Url4xxCount", 0), cloud.Counted("Url5xxCount", 0), cloud.Took("UrlRequestLatency", now.Sub(x.start)),
	}
	if class := status / 100; class == 4 || class == 5 {
		values[class-3] = cloud.Counted(fmt.Sprintf("Url%dxxCount", class), 1)
	}
	s.options.Metrics.Report(namespace, now, dimensions(x.target(), "")[1:], values)
}
