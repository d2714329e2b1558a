package endpoint

import (
	"cmp"
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// Event is the event for a function in payload format 2.0.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type Event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        RequestContext    `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	StageVariables        map[string]string `json:"stageVariables,omitempty"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

// RequestContext describes a request and its caller.
type RequestContext struct {
	AccountID    string         `json:"accountId"`
	APIID        string         `json:"apiId"`
	Authorizer   *Authorization `json:"authorizer,omitempty"`
	DomainName   string         `json:"domainName"`
	DomainPrefix string         `json:"domainPrefix"`
	HTTP         HTTPContext    `json:"http"`
	RequestID    string         `json:"requestId"`
	RouteKey     string         `json:"routeKey"`
	Stage        string         `json:"stage"`
	Time         string         `json:"time"`
	TimeEpoch    int64          `json:"timeEpoch"` // milliseconds
}

// HTTPContext describes the HTTP request.
type HTTPContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// Authorization is the caller, in the form of requestContext.authorizer in an event.
type Authorization struct {
	JWT *JWTAuthorization `json:"jwt,omitempty"`
	IAM *IAMAuthorization `json:"iam,omitempty"`
}

// JWTAuthorization is the caller that a token identifies.
type JWTAuthorization struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"` // of the token; null if the route requires none
}

// IAMAuthorization is the caller that a signature identifies.
type IAMAuthorization struct {
	AccessKey       string  `json:"accessKey"`
	AccountID       string  `json:"accountId"`
	CallerID        string  `json:"callerId"`
	CognitoIdentity *string `json:"cognitoIdentity"` // always null
	PrincipalOrgID  *string `json:"principalOrgId"`  // always null
	UserARN         string  `json:"userArn"`
	UserID          string  `json:"userId"`
}

// NewIAMAuthorization returns the caller with those credentials of an account.
func NewIAMAuthorization(account string, c cloud.Credentials) *Authorization {
	return &Authorization{IAM: &IAMAuthorization{
		AccessKey: c.AccessKeyID, AccountID: account, CallerID: c.Caller.UserID, UserARN: c.Caller.ARN.String(), UserID: c.Caller.UserID,
	}}
}

// NewEvent returns the event for a request that was received at a time, without what
// depends on the kind of the endpoint: the route, the stage, the IDs and the caller. Unlike
// in the events of REST APIs, paths are decoded.
func NewEvent(r *http.Request, body []byte, at time.Time) Event {
	at = at.UTC()
	e := Event{
		Version: "2.0", RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Cookies: cookies(r.Header), Headers: headers(r), QueryStringParameters: query(r.URL.RawQuery),
		RequestContext: RequestContext{
			DomainName: r.Host,
			HTTP:       HTTPContext{Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: SourceIP(r), UserAgent: r.UserAgent()},
			Time:       at.Format(RequestTime), TimeEpoch: at.UnixMilli(),
		},
		Body: string(body),
	}
	if len(body) > 0 && !isText(r.Header, body) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// RequestTime is the format of the time in an event, that of the Common Log Format:
// "12/Mar/2020:19:03:58 +0000".
const RequestTime = "02/Jan/2006:15:04:05 -0700"

// SourceIP returns the address of the client of a request.
func SourceIP(r *http.Request) string {
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	return ip
}

// ConditionKeys returns the condition keys for the client of a request. The keys for its
// User-Agent and Referer headers exist only if the request has the header.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func ConditionKeys(r *http.Request) map[string][]string {
	keys := map[string][]string{"aws:SourceIp": {SourceIP(r)}}
	for key, value := range map[string]string{"aws:UserAgent": r.UserAgent(), "aws:referer": r.Referer()} {
		if value != "" {
			keys[key] = []string{value}
		}
	}
	return keys
}

// TraceHeader is the header with the trace of a request.
const TraceHeader = "X-Amzn-Trace-Id"

// headers returns the headers of a request, with names in lower case and repeated
// values joined with commas. It omits hop-by-hop headers and adds those that AWS adds,
// which serves its endpoints over TLS only.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-ciphers.html
func headers(r *http.Request) map[string]string {
	if r.Header.Get(TraceHeader) == "" {
		r.Header.Set(TraceHeader, "Root="+cmp.Or(cloud.StepTrace(r.Context()), cloud.NewTraceID(time.Now())))
	}
	r.Header.Add("X-Forwarded-For", SourceIP(r))
	r.Header.Set("X-Forwarded-Port", "443")
	r.Header.Set("X-Forwarded-Proto", "https")
	h := map[string]string{"host": r.Host}
	if r.ContentLength > 0 {
		h["content-length"] = strconv.FormatInt(r.ContentLength, 10)
	}
	for name, values := range r.Header {
		if name != "Cookie" && !hopByHop(name) {
			h[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	return h
}

// hopByHop reports whether a header applies to one connection only.
func hopByHop(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// cookies returns the cookies of all Cookie headers, as "name=value".
func cookies(h http.Header) []string {
	var all []string
	for _, line := range h.Values("Cookie") {
		for c := range strings.SplitSeq(line, ";") {
			if c = strings.TrimSpace(c); c != "" {
				all = append(all, c)
			}
		}
	}
	return all
}

// query decodes the query string and joins the values of repeated parameters with
// commas.
func query(raw string) map[string]string {
	values, _ := url.ParseQuery(raw) // parameters that cannot be decoded are omitted
	if len(values) == 0 {
		return nil
	}
	joined := map[string]string{}
	for name, v := range values {
		joined[name] = strings.Join(v, ",")
	}
	return joined
}

// isText reports whether a body is passed as is. This applies to text and a few
// textual application types, in UTF-8 and without content encoding. Everything else,
// including a form, is encoded as base64.
func isText(h http.Header, body []byte) bool {
	if h.Get("Content-Encoding") != "" || !utf8.Valid(body) {
		return false
	}
	mediaType, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	switch mediaType {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(mediaType, "text/")
}
