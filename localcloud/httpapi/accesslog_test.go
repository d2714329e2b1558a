package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/endpoint"
)

// logs is a cloud.LogWriter that collects every event, even if it fails.
type logs struct {
	mu    sync.Mutex
	err   error
	hold  chan struct{} // if not nil, writes wait until it is closed
	lines []string      // "group stream caller source message"
}

func (l *logs) WriteLog(_ context.Context, c cloud.Caller, group, stream string, events []cloud.LogEvent) error {
	if l.hold != nil {
		<-l.hold
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		l.lines = append(l.lines, strings.Join([]string{group, stream, c.Service, c.SourceARN.String(), e.Message}, " "))
	}
	return l.err
}

var logDestination = here.ARN("logs", "log-group:/aws/http/api").String()

func TestAccessLog(t *testing.T) {
	l := &logs{}
	s, _ := openWith(t, Options{Logs: l, Invoker: invoker(func(context.Context, cloud.Invocation) (cloud.Outcome, error) {
		return cloud.Outcome{Payload: []byte(`{"statusCode":201,"body":"12345"}`), RequestID: "lambda-1"}, nil
	})})
	api, _ := build(t, s, "$default", "POST /add/{n}")
	stage := must(s.Stage(api.ID, "$default"))(t)
	stage.AccessLog = &AccessLog{logDestination + ":*", `{"id":"$context.requestId","to":"$context.httpMethod $context.path","key":"$context.routeKey","ip":"$context.identity.sourceIp",` +
		`"agent":"$context.identity.userAgent","status":$context.status,"own":"$context.integration.status","lambdaStatus":"$context.integrationStatus","length":$context.responseLength,` +
		`"data":"$context.dataProcessed","error":"$context.error.message","type":"$context.error.responseType","lambda":"$context.awsEndpointRequestId","org":"$context.identity.principalOrgId"}` + "\n"}
	must(s.UpdateStage(stage))(t)

	var ids []string
	for _, path := range []string{"/add/%22x", "/nowhere"} {
		r := must(http.NewRequest("POST", api.Endpoint()+path, strings.NewReader("abc")))(t)
		r.Header.Set("User-Agent", `a"b`)
		res := must(http.DefaultClient.Do(r))(t)
		_ = must(io.Copy(io.Discard, res.Body))(t) // so that the next request uses the same connection and is logged after this one
		_ = res.Body.Close()
		ids = append(ids, res.Header.Get("Apigw-Requestid"))
	}
	_ = s.Close() // writes the pending events

	prefix := "/aws/http/api " + api.ID + "/$default delivery.logs.amazonaws.com arn:aws:logs:us-east-1:000000000000:delivery-source:" + api.ID + "/$default "
	var got []map[string]any
	for _, line := range l.lines {
		message, ok := strings.CutPrefix(line, prefix)
		if !ok {
			t.Errorf("%s\nwant it to start with\n%s", line, prefix)
		}
		got = append(got, decoded(t, []byte(message)))
	}
	want := []map[string]any{
		{"id": ids[0], "to": `POST /add/"x`, "key": "POST /add/{n}", "ip": "127.0.0.1", "agent": `a"b`, "status": 201.0, "own": "201", "lambdaStatus": "200", "length": 5.0,
			"data": "8", "error": "-", "type": "-", "lambda": "lambda-1", "org": "-"},
		{"id": ids[1], "to": "POST /nowhere", "key": "-", "ip": "127.0.0.1", "agent": `a"b`, "status": 404.0, "own": "-", "lambdaStatus": "-", "length": 23.0,
			"data": "23", "error": "Not Found", "type": "RESOURCE_NOT_FOUND", "lambda": "-", "org": "-"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The access log distinguishes a function that could not be invoked from a caller that
// was refused.
func TestAccessLogOfFailures(t *testing.T) {
	l := &logs{}
	s, _ := openWith(t, Options{Logs: l, Invoker: invoker(func(context.Context, cloud.Invocation) (cloud.Outcome, error) {
		return cloud.Outcome{}, cloud.Errorf(403, "AccessDeniedException", "no permission")
	})})
	api, in := build(t, s, "$default", "GET /fail")
	must(s.CreateRoute(Route{APIID: api.ID, Key: "GET /private", Target: "integrations/" + in.ID, AuthorizationType: "AWS_IAM"}))(t)
	stage := must(s.Stage(api.ID, "$default"))(t)
	stage.AccessLog = &AccessLog{logDestination, "$context.requestId $context.path $context.integrationStatus $context.integrationErrorMessage $context.authorizer.error"}
	must(s.UpdateStage(stage))(t)
	get(t, api.Endpoint()+"/fail")
	get(t, api.Endpoint()+"/private")
	_ = s.Close() // writes the pending events
	for _, want := range []string{" /fail 403 AccessDeniedException: no permission -", " /private - - MissingAuthenticationToken"} {
		if !slices.ContainsFunc(l.lines, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("no line with %q: %v", want, l.lines)
		}
	}
}

// A failure to write an access log is reported, and delays no response.
func TestAccessLogFails(t *testing.T) {
	l := &logs{hold: make(chan struct{}), err: errors.New("AccessDeniedException: no such group")}
	s, j := openWith(t, Options{Logs: l, Invoker: capture(new(cloud.Invocation))})
	api, _ := build(t, s, "$default", "$default")
	stage := must(s.Stage(api.ID, "$default"))(t)
	stage.AccessLog = &AccessLog{logDestination, "$context.requestId"}
	must(s.UpdateStage(stage))(t)
	if status, _ := get(t, api.Endpoint()); status != 200 {
		t.Errorf("status %d", status)
	}
	for range 2*maxWaiting + 1 { // one batch may already be in flight
		s.accessLogs.add(logStream{"g", "s"}, cloud.LogEvent{})
	}
	close(l.hold)
	_ = s.Close()
	if !j.warned("are lost: AccessDeniedException: no such group") || !j.warned("events of access logs are lost: more than 10000 were waiting") {
		t.Errorf("journal %v", j.entries)
	}
}

func TestAccessLogVariables(t *testing.T) {
	r := httptest.NewRequest("GET", "/a%0Ab", nil)
	r.Header.Set("User-Agent", `x "y"`)
	x := &exchange{Request: r, place: here, id: "id=", start: time.Unix(0, 0), response: refuse(429, "Too Many Requests"), denied: "no token",
		authorization: &endpoint.Authorization{JWT: &endpoint.JWTAuthorization{Claims: map[string]string{"sub": "anna"}}},
		invocation:    invocation{status: 200, latency: 1500 * time.Millisecond, failure: "the function failed"}}
	for format, want := range map[string]string{
		`$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId`: `192.0.2.1 - - [01/Jan/1970:00:00:00 +0000] "GET - HTTP/1.1" 429 31 id=`,
		"$context.requestId $context.path": `id= /a\nb`, // one request is one line
		"$context.extendedRequestId $context.authorizer.claims.sub $context.authorizer.claims.x": "id= anna -",
		"$context.requestId $context.identity.userAgent":                                         `id= x "y"`,
		`{"id":"$context.requestId","agent":"$context.identity.userAgent"}`:                      `{"id":"id=","agent":"x \"y\""}`,
		`{"id":"$context.requestId","m":$context.error.messageString}`:                           `{"id":"id=","m":"Too Many Requests"}`,
		"$context.requestId $context.error.responseType $context.authorizer.error":               "id= THROTTLED no token",
		"$context.requestId $context.integrationLatency $context.integrationErrorMessage":        "id= 1500 the function failed",
		"$context.requestId $context.integration.status $context.integrationStatus":              "id= - 200",
		"$context.requestId $context.integration.integrationStatus":                              "id= 200",
		"$context.requestId $context.requestTimeEpoch $context.accountId":                        "id= 0 000000000000",
		"$context.requestId $contextual $stageVariables.x":                                       "",
		"$context.requestId $context.identity.apiKey":                                            "",
		"$context.requestId $context.authorizer.claims $context.authorizer.principalId":          "id= - -",
		"$context.requestId $context.authorizer.property":                                        "id= -",
		"$context.requestId $context.authorizer":                                                 "",
		"$context.status":                                                                        "",
		"$context.requestId\n$context.requestId":                                                 "",
		"":                                                                                       "",
	} {
		f, err := parseFormat(format)
		if got := f.render(x); want != "" && got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v, want %q", format, got, err, want)
		}
	}
}

// Whatever a client sends, an event remains one JSON object with the members of
// the format.
func FuzzAccessLog(f *testing.F) {
	f.Add(`","admin":"yes`, "/a")
	f.Add("\\", "/\n")
	f.Fuzz(func(t *testing.T, agent, path string) {
		format, err := parseFormat(`{"id":"$context.requestId","agent":"$context.identity.userAgent","path":"$context.path"}`)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("User-Agent", agent)
		r.URL.Path = path
		line := format.render(&exchange{Request: r, id: "1"})
		var got map[string]string
		if err := json.Unmarshal([]byte(line), &got); err != nil || len(got) != 3 || regexp.MustCompile(`[\r\n]`).MatchString(line) {
			t.Errorf("agent %q, path %q: %s, %v", agent, path, line, err)
		}
	})
}

func FuzzParseFormat(f *testing.F) {
	f.Add("$context.requestId $context.status")
	f.Add(`{"a":"$context.authorizer.claims.sub","b":"$context.extendedRequestId"}`)
	f.Fuzz(func(t *testing.T, text string) {
		format, err := parseFormat(text)
		if err != nil {
			if cloud.ErrorCode(err) != "BadRequestException" {
				t.Error(err)
			}
			return
		}
		if line := format.render(&exchange{Request: httptest.NewRequest("GET", "/", nil), id: "the-id"}); !strings.Contains(line, "the-id") {
			t.Errorf("%q became %q", text, line)
		}
	})
}
