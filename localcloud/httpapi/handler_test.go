package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res := must(http.Get(url))(t)
	defer res.Body.Close()
	return res.StatusCode, string(must(io.ReadAll(res.Body))(t))
}

// capture returns an invoker that stores the last invocation and returns `{}`.
func capture(last *cloud.Invocation) invoker {
	return func(_ context.Context, in cloud.Invocation) (cloud.Outcome, error) {
		*last = in
		return cloud.Outcome{Payload: []byte(`{}`)}, nil
	}
}

func TestEvent(t *testing.T) {
	var in cloud.Invocation
	s, _ := open(t, nil, capture(&in), 0)
	api, _ := build(t, s, "dev", "PUT /sums/{id}")
	stage := must(s.Stage(api.ID, "dev"))(t)
	stage.Variables = map[string]string{"table": "sums"}
	must(s.UpdateStage(stage))(t)

	body := `{"num1":2,"name":"<é>"}`
	req := must(http.NewRequest("PUT", api.Endpoint()+"/dev/sums/a%20b%2Fc?x=1&y=%C3%A9&x=2&flag", strings.NewReader(body)))(t)
	req.Header = http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"test/1"}, "Accept-Encoding": {"identity"},
		"X-Many": {"a", "b"}, "Te": {"trailers"}, "Cookie": {"c=1; d=2;", "e=3"}, "X-Amzn-Trace-Id": {"Root=1-6745-9"},
	}
	res := must(http.DefaultClient.Do(req))(t)
	_ = res.Body.Close()

	host := fmt.Sprintf("127.0.0.1:%d", api.Port)
	want := fmt.Sprintf(`{
		"version": "2.0", "routeKey": "PUT /sums/{id}", "rawPath": "/dev/sums/a b/c",
		"rawQueryString": "x=1&y=%%C3%%A9&x=2&flag",
		"cookies": ["c=1", "d=2", "e=3"],
		"headers": {"accept-encoding": "identity", "content-length": "24", "content-type": "application/json; charset=utf-8",
			"host": %[1]q, "user-agent": "test/1", "x-amzn-trace-id": "Root=1-6745-9", "x-many": "a,b",
			"x-forwarded-for": "127.0.0.1", "x-forwarded-port": "443", "x-forwarded-proto": "https"},
		"queryStringParameters": {"x": "1,2", "y": "é", "flag": ""},
		"requestContext": {"accountId": "000000000000", "apiId": %[2]q, "domainName": %[1]q, "domainPrefix": %[2]q,
			"http": {"method": "PUT", "path": "/dev/sums/a b/c", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test/1"},
			"requestId": %[3]q, "routeKey": "PUT /sums/{id}", "stage": "dev", "time": "TIME", "timeEpoch": 0},
		"pathParameters": {"id": "a b/c"}, "stageVariables": {"table": "sums"},
		"body": %[4]q, "isBase64Encoded": false}`, host, api.ID, res.Header.Get("Apigw-Requestid"), body)
	if diff := cmp.Diff(decoded(t, []byte(want)), withoutTime(t, in.Payload)); diff != "" {
		t.Errorf("event (-want +got)\n%s", diff)
	}

	wantCaller := cloud.Caller{Service: "apigateway.amazonaws.com",
		SourceARN: here.ARN("execute-api", api.ID+"/dev/PUT/sums/{id}")}
	if in.Caller != wantCaller || in.Function != functionARN || in.TraceHeader != "Root=1-6745-9" {
		t.Errorf("invocation of %s by %+v, trace %s", in.Function, in.Caller, in.TraceHeader)
	}
	if id := res.Header.Get("Apigw-Requestid"); len(id) != 16 {
		t.Errorf("request id %q, want 16 characters", id)
	}

	var typed events.APIGatewayV2HTTPRequest
	decoder := json.NewDecoder(bytes.NewReader(in.Payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&typed); err != nil || typed.PathParameters["id"] != "a b/c" {
		t.Errorf("as events.APIGatewayV2HTTPRequest: %v, %+v", err, typed)
	}
}

// What a request does not have is absent from its event.
func TestSmallestEvent(t *testing.T) {
	var in cloud.Invocation
	s, _ := open(t, nil, capture(&in), 0)
	api, _ := build(t, s, "$default", "$default")
	get(t, api.Endpoint())
	e := withoutTime(t, in.Payload)
	for _, absent := range []string{"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"} {
		if v, ok := e[absent]; ok {
			t.Errorf("%s: %v, want it absent", absent, v)
		}
	}
	if e["rawPath"] != "/" || e["rawQueryString"] != "" || in.Caller.SourceARN.Resource != api.ID+"/$default/$default" {
		t.Errorf("event %v from %s", e, in.Caller.SourceARN)
	}
	if v, ok := e["requestContext"].(map[string]any)["authorizer"]; ok {
		t.Errorf("authorizer: %v, want it absent", v)
	}
	if trace := e["headers"].(map[string]any)["x-amzn-trace-id"].(string); trace != in.TraceHeader ||
		!regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$`).MatchString(trace) {
		t.Errorf("trace id %q", trace)
	}
}

func decoded(t *testing.T, raw []byte) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return v
}

// withoutTime checks the times in an event and replaces them with fixed values.
func withoutTime(t *testing.T, payload []byte) map[string]any {
	t.Helper()
	e := decoded(t, payload)
	c := e["requestContext"].(map[string]any)
	at := must(time.Parse("02/Jan/2006:15:04:05 -0700", c["time"].(string)))(t)
	if age := time.Since(at); age < -time.Second || age > time.Minute || int64(c["timeEpoch"].(float64))/1000 != at.Unix() {
		t.Errorf("time %v, epoch %v", c["time"], c["timeEpoch"])
	}
	c["time"], c["timeEpoch"] = "TIME", 0.0
	return e
}

func TestBodyEncoding(t *testing.T) {
	for _, c := range []struct {
		contentType, contentEncoding, body string
		base64                             bool
	}{
		{"text/csv", "", "a,b", false},
		{"text/plain", "", "é", false},
		{"application/json;charset=utf-8", "", "{}", false},
		{"Application/XML", "", "<a/>", false},
		{"application/javascript", "", "1", false},
		{"application/json", "gzip", "{}", true},
		{"text/plain", "", "\xff\xfe>?", true},
		{"", "", "plain", true},
		{"application/x-www-form-urlencoded", "", "a=b", true},
		{"application/octet-stream", "", "hello", true},
		{"application/vnd.api+json", "", "{}", true},
		{"application/octet-stream", "", "", false},
	} {
		h := http.Header{"Content-Type": {c.contentType}}
		if c.contentEncoding != "" {
			h.Set("Content-Encoding", c.contentEncoding)
		}
		r := httptest.NewRequest("POST", "/", nil)
		r.Header = h
		e := newEvent(&exchange{Request: r}, []byte(c.body))
		want := c.body
		if c.base64 {
			want = base64.StdEncoding.EncodeToString([]byte(c.body))
		}
		if e.IsBase64Encoded != c.base64 || e.Body != want {
			t.Errorf("%q %q %q: base64 %v, body %q, want %q", c.contentType, c.contentEncoding, c.body, e.IsBase64Encoded, e.Body, want)
		}
	}
}

func TestEventTime(t *testing.T) {
	x := &exchange{Request: httptest.NewRequest("GET", "/", nil), start: time.Date(2020, 3, 12, 12, 3, 58, 390e6, time.FixedZone("", -7*60*60))}
	if c := newEvent(x, nil).RequestContext; c.Time != "12/Mar/2020:19:03:58 +0000" || c.TimeEpoch != 1584039838390 {
		t.Errorf("time %s, epoch %d", c.Time, c.TimeEpoch)
	}
}

// The largest event that a function accepts reaches it.
func TestLargestEvent(t *testing.T) {
	var in cloud.Invocation
	s, _ := open(t, nil, capture(&in), 0)
	api, _ := build(t, s, "$default", "POST /")
	post := func(size int) int {
		res := must(http.Post(api.Endpoint(), "text/plain", strings.NewReader(strings.Repeat("x", size))))(t)
		_ = res.Body.Close()
		return res.StatusCode
	}
	const near = maxPayloadBytes - 10_000
	if status := post(near); status != 200 {
		t.Fatalf("status %d", status)
	}
	largest := near + maxPayloadBytes - len(in.Payload)
	if status := post(largest); status != 200 || len(in.Payload) != maxPayloadBytes {
		t.Errorf("status %d, an event of %d bytes", status, len(in.Payload))
	}
	if status := post(largest + 1); status != 413 {
		t.Errorf("one byte more: status %d", status)
	}
}

func TestResponses(t *testing.T) {
	const (
		internal    = `{"message":"Internal Server Error"}`
		unavailable = `{"message":"Service Unavailable"}`
	)
	for name, c := range map[string]struct {
		out     cloud.Outcome
		err     error
		status  int
		body    string
		warning string
	}{
		"success":      {cloud.Outcome{Payload: []byte(`{"statusCode":201,"body":"made"}`)}, nil, 201, "made", ""},
		"unformatted":  {cloud.Outcome{Payload: []byte(`{"sum":5}`)}, nil, 200, `{"sum":5}`, ""},
		"error":        {cloud.Outcome{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"no"}`)}, nil, 500, internal, `{"errorMessage":"no"}`},
		"timeout":      {cloud.Outcome{FunctionError: "Unhandled", Payload: []byte(`{"errorType":"Sandbox.Timedout"}`)}, nil, 500, internal, "Sandbox.Timedout"},
		"invalid":      {cloud.Outcome{Payload: []byte(`{"statusCode":"OK"}`)}, nil, 500, internal, "an invalid response: statusCode"},
		"refused":      {cloud.Outcome{}, cloud.Errorf(403, "AccessDeniedException", "no permission"), 500, internal, "AccessDeniedException: no permission"},
		"missing":      {cloud.Outcome{}, cloud.Errorf(404, "ResourceNotFoundException", "Function not found"), 500, internal, "Function not found"},
		"throttled":    {cloud.Outcome{}, cloud.Errorf(429, "TooManyRequestsException", "Rate Exceeded."), 503, unavailable, "Rate Exceeded."},
		"other errors": {cloud.Outcome{}, io.ErrUnexpectedEOF, 500, internal, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			s, j := open(t, nil, func(context.Context, cloud.Invocation) (cloud.Outcome, error) { return c.out, c.err }, 0)
			api, _ := build(t, s, "$default", "ANY /")
			res := must(http.Get(api.Endpoint()))(t)
			defer res.Body.Close()
			body := string(must(io.ReadAll(res.Body))(t))
			if res.StatusCode != c.status || body != c.body || res.ContentLength != int64(len(c.body)) {
				t.Errorf("%d %s (%d bytes), want %d %s", res.StatusCode, body, res.ContentLength, c.status, c.body)
			}
			if c.warning == "" && (len(j.entries) != 1 || !strings.HasPrefix(j.entries[0].Message, fmt.Sprintf("GET / returned %d (", c.status)) || !strings.Contains(j.entries[0].Message, "trace 1-")) || c.warning != "" && !j.warned("GET / returned", c.warning) {
				t.Errorf("journal %v, want %q", j.entries, c.warning)
			}

			head := must(http.Head(api.Endpoint()))(t)
			_ = head.Body.Close()
			if head.StatusCode != c.status || head.ContentLength != int64(len(c.body)) {
				t.Errorf("HEAD: %d, %d bytes", head.StatusCode, head.ContentLength)
			}
		})
	}
}

func TestRefusedBeforeTheFunction(t *testing.T) {
	s, j := open(t, nil, func(context.Context, cloud.Invocation) (cloud.Outcome, error) {
		t.Error("the function was invoked")
		return cloud.Outcome{}, nil
	}, 0)
	api, _ := build(t, s, "dev", "POST /add")
	do := func(path string, change func(*http.Request)) *http.Request {
		r := must(http.NewRequest("POST", api.Endpoint()+path, strings.NewReader("x")))(t)
		change(r)
		return r
	}
	zero := func(size int64) func(*http.Request) {
		return func(r *http.Request) { r.Body = io.NopCloser(io.LimitReader(zeros{}, size)) }
	}
	const (
		notFound  = `404 {"message":"Not Found"}`
		forbidden = `403 {"message":"Forbidden"}`
		header    = `431 {"message":"Request Header Fields Too Large"}`
		tooLarge  = `413 {"message":"Request Entity Too Large"}`
	)
	for name, c := range map[string]struct {
		req          *http.Request
		want, reason string
	}{
		"no route":     {do("/dev/sub", func(*http.Request) {}), notFound, "no route matches"},
		"method":       {do("/dev/add", func(r *http.Request) { r.Method = "PUT" }), notFound, "no route matches"},
		"no stage":     {do("/add", func(*http.Request) {}), notFound, "no stage $default"},
		"only stage":   {do("/dev", func(*http.Request) {}), notFound, "no route matches"},
		"host":         {do("/dev/add", func(r *http.Request) { r.Host = "rebound.example:80" }), forbidden, `not "rebound.example:80"`},
		"header":       {do("/dev/add", func(r *http.Request) { r.Header.Set("X", strings.Repeat("x", maxHeaderBytes)) }), header, "the limit of API Gateway is 10240"},
		"body":         {do("/dev/add", zero(maxBodyBytes+1)), tooLarge, "more than 10485760 bytes"},
		"largest body": {do("/dev/add", zero(maxBodyBytes)), tooLarge, "the limit of a function is 6291456"},
		"base64 body":  {do("/dev/add", zero(maxPayloadBytes*3/4)), tooLarge, "the limit of a function is 6291456"},
	} {
		j.clear()
		c.req.ContentLength = -1
		res, err := http.DefaultTransport.RoundTrip(c.req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprint(res.StatusCode, " ", string(must(io.ReadAll(res.Body))(t))); got != c.want || res.Header.Get("Apigw-Requestid") == "" {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		_ = res.Body.Close()
		if !j.warned(c.reason) {
			t.Errorf("%s: the journal has no warning with %q: %v", name, c.reason, j.entries)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestIntegrationTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Service{place: here, invoker: invoker(func(ctx context.Context, _ cloud.Invocation) (cloud.Outcome, error) {
			<-ctx.Done()
			return cloud.Outcome{}, ctx.Err()
		})}
		ctx, clientGone := context.WithCancel(t.Context())
		clientGone() // this must not end the invocation
		r := httptest.NewRequestWithContext(ctx, "POST", "/add", nil)
		start := time.Now()
		res, reason := s.call(&exchange{Request: r, match: match{deployedRoute: deployedRoute{timeout: 29 * time.Second}}}, nil)
		if res.Status != 503 || time.Since(start) != 29*time.Second || !strings.Contains(reason, "29000 ms") {
			t.Errorf("status %d after %v: %s", res.Status, time.Since(start), reason)
		}
	})
}

// A client may send requests that no library would send.
func TestRawRequests(t *testing.T) {
	s, j := open(t, nil, capture(new(cloud.Invocation)), 0)
	api, _ := build(t, s, "$default", "$default")
	// sized returns a request whose request line and headers have that many bytes.
	sized := func(size int) string {
		head := "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: \r\n"
		return strings.Replace(head, "X: ", "X: "+strings.Repeat("x", size-len(head)), 1) + "\r\n"
	}
	for request, want := range map[string]int{
		"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n":                                      200,
		"GET / HTTP/1.1\r\nHost: LOCALHOST:80\r\n\r\n":                                   200,
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n":                                       200,
		"GET / HTTP/1.0\r\n\r\n":                                                         403,
		"GET / HTTP/1.1\r\nHost: 127.0.0.1.example\r\n\r\n":                              403,
		"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n":                                  404,
		"GET //x/../y HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n":                               200,
		"GET /%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n":                                   400,
		"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n": 400,
		sized(maxHeaderBytes):                                                            200,
		sized(maxHeaderBytes + 1):                                                        431,
	} {
		conn := must(net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", api.Port)))(t)
		_, _ = io.WriteString(conn, request)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != want {
			t.Errorf("%.100q: %v, %v, want %d", request, res, err, want)
		}
		_ = conn.Close()
	}
	if !j.warned("POST / returned 400", "invalid") {
		t.Errorf("the journal has no warning about the malformed chunk: %v", j.entries)
	}
}
