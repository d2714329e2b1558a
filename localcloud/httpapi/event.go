package httpapi

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// event is the event for a function in payload format 2.0.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	StageVariables        map[string]string `json:"stageVariables,omitempty"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string         `json:"accountId"`
	APIID        string         `json:"apiId"`
	Authorizer   *authorization `json:"authorizer,omitempty"`
	DomainName   string         `json:"domainName"`
	DomainPrefix string         `json:"domainPrefix"`
	HTTP         httpContext    `json:"http"`
	RequestID    string         `json:"requestId"`
	RouteKey     string         `json:"routeKey"`
	Stage        string         `json:"stage"`
	Time         string         `json:"time"`
	TimeEpoch    int64          `json:"timeEpoch"` // milliseconds
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// newEvent returns the event for a request. Unlike in the events of REST APIs, paths
// are decoded. They begin with the stage, unless that is $default.
func newEvent(x *exchange, body []byte) event {
	at := x.start.UTC()
	e := event{
		Version: "2.0", RouteKey: x.key.text,
		RawPath: x.URL.Path, RawQueryString: x.URL.RawQuery,
		Cookies: cookies(x.Header), Headers: headers(x.Request, x.sourceIP()),
		QueryStringParameters: query(x.URL.RawQuery),
		PathParameters:        x.parameters, StageVariables: x.stage.Variables,
		RequestContext: requestContext{
			AccountID: x.place.Account, APIID: x.api.ID, Authorizer: x.authorization,
			DomainName: x.Host, DomainPrefix: x.api.ID,
			HTTP: httpContext{Method: x.Method, Path: x.URL.Path, Protocol: x.Proto,
				SourceIP: x.sourceIP(), UserAgent: x.UserAgent()},
			RequestID: x.id, RouteKey: x.key.text, Stage: x.stage.Name,
			Time: at.Format(requestTime), TimeEpoch: at.UnixMilli(),
		},
		Body: string(body),
	}
	if len(body) > 0 && !isText(x.Header, body) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

func (x *exchange) sourceIP() string {
	ip, _, _ := net.SplitHostPort(x.RemoteAddr)
	return ip
}

const traceHeader = "X-Amzn-Trace-Id"

// headers returns the headers of a request, with names in lower case and repeated
// values joined with commas. It omits hop-by-hop headers and adds those that AWS adds,
// which serves HTTP APIs over TLS only.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-ciphers.html
func headers(r *http.Request, sourceIP string) map[string]string {
	if r.Header.Get(traceHeader) == "" {
		r.Header.Set(traceHeader, newTraceID())
	}
	r.Header.Add("X-Forwarded-For", sourceIP)
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

func newTraceID() string {
	var raw [12]byte
	_, _ = rand.Read(raw[:]) // never fails
	return fmt.Sprintf("Root=1-%08x-%x", time.Now().Unix(), raw)
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
