package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/body"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

func TestURLEvents(t *testing.T) {
	for authType, context := range map[string]string{
		"NONE": `"accountId": "anonymous"`,
		"AWS_IAM": `"accountId": "000000000000", "authorizer": {"iam": {"accessKey": "ASIAWORKER", "accountId": "000000000000", "callerId": "AROA1:session",
			"cognitoIdentity": null, "principalOrgId": null, "userArn": "arn:aws:sts::000000000000:assumed-role/worker/session", "userId": "AROA1:session"}}`,
	} {
		t.Run(authType, func(t *testing.T) {
			var got runtimeapi.Event
			k := newKit(t)
			_, u := k.openURL(t, lambda.FunctionURL{AuthType: authType}, func(ev runtimeapi.Event) runtimeapi.Response {
				got = ev
				return runtimeapi.Response{Payload: []byte(`{"statusCode":201,"headers":{"X-A":"1"},"cookies":["c=1"],"body":"aGk=","isBase64Encoded":true}`)}
			})
			const content = `{"name":"<é>"}`
			r := request(t, "PUT", u.Address()+"a%20b%2Fc?x=1&x=2&y=%C3%A9", content)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Cookie", "c=1; d=2")
			r.Header.Set("X-Amzn-Trace-Id", "Root=1-6745-9")
			status, header, body := send(t, sign(t, r, content, "lambda", workerKeys))
			if status != 201 || body != "hi" || header.Get("X-A") != "1" || header.Get("Set-Cookie") != "c=1" {
				t.Errorf("status %d, header %v, body %s", status, header, body)
			}
			want := fmt.Sprintf(`{
				"version": "2.0", "routeKey": "$default", "rawPath": "/a%%20b%%2Fc", "rawQueryString": "x=1&x=2&y=%%C3%%A9", "cookies": ["c=1", "d=2"],
				"headers": {"accept-encoding": "identity", "content-length": "15", "content-type": "application/json", "host": %[1]q, "user-agent": "test/1",
					"x-amzn-trace-id": "Root=1-6745-9", "x-forwarded-for": "127.0.0.1", "x-forwarded-port": "443", "x-forwarded-proto": "https"},
				"queryStringParameters": {"x": "1,2", "y": "é"},
				"requestContext": {%[2]s, "apiId": %[3]q, "domainName": %[1]q, "domainPrefix": %[3]q,
					"http": {"method": "PUT", "path": "/a%%20b%%2Fc", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test/1"},
					"requestId": %[4]q, "routeKey": "$default", "stage": "$default", "time": "TIME", "timeEpoch": 0},
				"body": "{\"name\":\"<é>\"}", "isBase64Encoded": false}`, fmt.Sprintf("127.0.0.1:%d", u.Port), context, u.ID, header.Get("X-Amzn-Requestid"))
			var golden map[string]any
			if err := json.Unmarshal([]byte(want), &golden); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(golden, event(t, got.Payload)); diff != "" {
				t.Errorf("event (-want +got)\n%s", diff)
			}
			if got.RequestID != header.Get("X-Amzn-Requestid") || got.FunctionARN != addARN || !strings.HasPrefix(got.TraceID, "Root=1-6745-9;") {
				t.Errorf("invocation %s of %s, trace %s", got.RequestID, got.FunctionARN, got.TraceID)
			}
			var typed events.LambdaFunctionURLRequest
			if err := json.Unmarshal(got.Payload, &typed); err != nil || typed.RequestContext.DomainPrefix != u.ID {
				t.Errorf("as events.LambdaFunctionURLRequest: %v, %+v", err, typed)
			}
		})
	}
}

// A request needs two permissions, each with a condition key of its own.
func TestURLAuthorization(t *testing.T) {
	for _, authType := range []string{"NONE", "AWS_IAM"} {
		k := newKit(t)
		s, u := k.openURL(t, lambda.FunctionURL{AuthType: authType}, responding(`{}`))
		p := lambda.Permission{StatementID: "p", Principal: "*", Action: "lambda:InvokeFunctionUrl", FunctionURLAuthType: authType}
		if err := s.AddPermission("add", p); err != nil {
			t.Fatal(err)
		}
		policy, err := s.Policy("add")
		if err != nil {
			t.Fatal(err)
		}
		var caller cloud.Caller
		if authType == "AWS_IAM" {
			caller = worker.Caller
		}
		want := []cloud.Request{
			{Caller: caller, Action: "lambda:InvokeFunctionUrl", Resource: addARN, ResourcePolicy: policy, Public: true, Context: map[string][]string{"lambda:FunctionUrlAuthType": {authType}}},
			{Caller: caller, Action: "lambda:InvokeFunction", Resource: addARN, ResourcePolicy: policy, Public: true, Context: map[string][]string{"lambda:InvokedViaFunctionUrl": {"true"}}},
		}
		for denied := range 3 { // the action that is denied; the last one does not exist
			var got []cloud.Request
			k.authorize = func(r cloud.Request) error {
				if r.Caller.Service != "" || r.Action != want[0].Action && r.Action != want[1].Action {
					return nil
				}
				got = append(got, r)
				if len(got) == denied+1 {
					return cloud.Errorf(403, "AccessDeniedException", "secret")
				}
				return nil
			}
			status, header, body := send(t, sign(t, request(t, "GET", u.Address(), ""), "", "lambda", workerKeys))
			if denied < 2 && (status != 403 || body != forbidden || header.Get("X-Amzn-Errortype") != "AccessDeniedException") || denied == 2 && status != 200 {
				t.Errorf("%s, action %d denied: status %d, %s", authType, denied, status, body)
			}
			if diff := cmp.Diff(want[:min(denied+1, 2)], got); diff != "" {
				t.Errorf("%s: authorized (-want +got)\n%s", authType, diff)
			}
		}
	}
}

func TestURLSignatures(t *testing.T) {
	k := newKit(t)
	_, u := k.openURL(t, lambda.FunctionURL{AuthType: "AWS_IAM"}, responding(`{}`))
	unknown, wrong := workerKeys, workerKeys
	unknown.AccessKeyID, wrong.SecretAccessKey = "ASIAOTHER", "other"
	for name, test := range map[string]struct {
		service    string
		keys       aws.Credentials
		body, code string
	}{
		"none":            {"", workerKeys, forbidden, "AccessDeniedException"},
		"unknown":         {"lambda", unknown, `{"message":"The security token included in the request is invalid."}`, "UnrecognizedClientException"},
		"wrong":           {"lambda", wrong, `{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}`, "SignatureDoesNotMatch"},
		"another service": {"execute-api", workerKeys, `{"message":"Credential should be scoped to service lambda in us-east-1, not to execute-api in us-east-1"}`, "SignatureDoesNotMatch"},
	} {
		r := request(t, "GET", u.Address(), "")
		if test.service != "" {
			r = sign(t, r, "", test.service, test.keys)
		}
		if status, header, body := send(t, r); status != 403 || body != test.body || header.Get("X-Amzn-Errortype") != test.code {
			t.Errorf("%s: status %d, %s: %s", name, status, header.Get("X-Amzn-Errortype"), body)
		}
	}
}

func TestURLErrors(t *testing.T) {
	const tooLarge = `{"message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}`
	for name, test := range map[string]struct {
		reply   func(runtimeapi.Event) runtimeapi.Response
		reserve int // concurrency, -1 for none
		size    int // of the request
		status  int
		body    string
	}{
		"failed": {func(runtimeapi.Event) runtimeapi.Response {
			return runtimeapi.Response{Payload: []byte(`{"errorMessage":"secret"}`), Failed: true}
		}, -1, 0, 502, "Internal Server Error"},
		"invalid":                {responding(`{"statusCode":"200"}`), -1, 0, 502, "Internal Server Error"},
		"throttled":              {responding(`{}`), 0, 0, 429, `{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}`},
		"too large":              {responding(`{}`), -1, 6<<20 + 1, 413, tooLarge},
		"too large once encoded": {responding(`{}`), -1, 5 << 20, 413, tooLarge},
		"an object":              {responding(`{"sum":5}`), -1, 0, 200, `{"sum":5}`},
		"a string":               {responding(`"hello"`), -1, 4 << 20, 200, `hello`},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			s, u := k.openURL(t, lambda.FunctionURL{AuthType: "NONE"}, test.reply)
			if err := s.ReserveConcurrency("add", test.reserve); err != nil {
				t.Fatal(err)
			}
			status, header, body := send(t, request(t, "POST", u.Address(), strings.Repeat("x", test.size)))
			if status != test.status || body != test.body || header.Get("Content-Type") != "application/json" {
				t.Errorf("status %d, %v, %s", status, header, body)
			}
			if noted := len(k.warnings()) > 0; noted != (status >= 400) {
				t.Errorf("warnings %q", k.warnings())
			}
		})
	}
}

// A function admits ten requests in a second for each concurrent invocation that it has
// reserved.
func TestURLRate(t *testing.T) {
	s, u := newKit(t).openURL(t, lambda.FunctionURL{AuthType: "NONE"}, responding(`{}`))
	admitted := func() (n int) {
		for range 100 {
			status, _, body := send(t, request(t, "GET", u.Address(), ""))
			switch {
			case status == 200:
				n++
			case status != 429 || body != `{"Reason":"ReservedFunctionInvocationRateLimitExceeded","Type":"User","message":"Rate Exceeded."}`:
				t.Errorf("status %d, %s", status, body)
			}
		}
		return n
	}
	for _, reserved := range []int{1, 2} {
		if err := s.ReserveConcurrency("add", reserved); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		n, limit := admitted(), 10*reserved
		if most := limit + int(float64(limit)*time.Since(start).Seconds()); n < limit || n > most {
			t.Errorf("%d of 100 requests admitted, want %d to %d", n, limit, most)
		}
	}
	if err := s.ReserveConcurrency("add", -1); err != nil {
		t.Fatal(err)
	}
	if n := admitted(); n != 100 {
		t.Errorf("%d of 100 requests admitted without a reservation", n)
	}
}

// A URL counts the body of a request among those that are read until it no longer needs the
// body: here, until it has refused the request.
func TestURLHoldsTheBudgetForBodies(t *testing.T) {
	k := newKit(t)
	held := errors.New("no request was refused")
	k.options.Metrics = metricFunc(func(values []cloud.MetricValue) {
		if values[0].Name != "Throttles" {
			return
		}
		const all = 64 << 20 // bytes that are read at once
		r := &http.Request{ContentLength: all, Body: io.NopCloser(strings.NewReader(strings.Repeat("x", all)))}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var release func()
		if _, release, held = body.Read(r.WithContext(ctx), all); held == nil {
			release()
		}
	})
	s, u := k.openURL(t, lambda.FunctionURL{AuthType: "NONE"}, responding(`{}`))
	if err := s.ReserveConcurrency("add", 1); err != nil {
		t.Fatal(err)
	}
	for status := 0; status != 429; {
		status, _, _ = send(t, request(t, "POST", u.Address(), strings.Repeat("x", 2*body.Small)))
	}
	if !errors.Is(held, context.DeadlineExceeded) {
		t.Errorf("another request for all bytes: %v, want %v", held, context.DeadlineExceeded)
	}
}

// metricFunc is [cloud.Metrics] that passes on values.
type metricFunc func([]cloud.MetricValue)

func (f metricFunc) Report(_ string, _ time.Time, _ [][]cloud.Dimension, values []cloud.MetricValue) {
	f(values)
}

func TestURLCORS(t *testing.T) {
	const page, other = "https://page.example", "https://other.example"
	cors := &lambda.CORS{AllowOrigins: []string{page}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"}, AllowCredentials: true, MaxAgeSeconds: 60}
	own := map[string]string{"Allow-Origin": "*"} // of the function
	for name, test := range map[string]struct {
		cors           *lambda.CORS
		method, origin string
		status         int
		want           map[string]string
		invoked        bool
	}{
		"preflight":                 {cors, "OPTIONS", page, 200, map[string]string{"Allow-Origin": page, "Allow-Methods": "GET,PUT", "Allow-Headers": "x-a", "Allow-Credentials": "true", "Max-Age": "60"}, false},
		"preflight of another page": {cors, "OPTIONS", other, 403, nil, false},
		"request":                   {cors, "GET", page, 200, map[string]string{"Allow-Origin": page, "Expose-Headers": "x-b", "Allow-Credentials": "true"}, true},
		"of another page":           {cors, "GET", other, 403, nil, false},
		"of a program":              {cors, "GET", "", 200, nil, true},
		"preflight without":         {nil, "OPTIONS", "", 200, own, true},
		"of a program without":      {nil, "GET", "", 200, own, true},
		"of a page without":         {nil, "GET", page, 403, nil, false},
		"empty counts as none":      {&lambda.CORS{}, "GET", "", 200, own, true},
		"any page":                  {&lambda.CORS{AllowOrigins: []string{"*"}}, "GET", other, 200, map[string]string{"Allow-Origin": "*"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			invoked := false
			_, u := newKit(t).openURL(t, lambda.FunctionURL{AuthType: "NONE", CORS: test.cors}, func(runtimeapi.Event) runtimeapi.Response {
				invoked = true
				return runtimeapi.Response{Payload: []byte(`{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*"}}`)}
			})
			r := request(t, test.method, u.Address(), "")
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			if test.method == "OPTIONS" {
				r.Header.Set("Access-Control-Request-Method", "PUT")
			}
			status, header, _ := send(t, r)
			got := map[string]string{}
			for name := range header {
				if short, ok := strings.CutPrefix(name, "Access-Control-"); ok {
					got[short] = header.Get(name)
				}
			}
			if diff := cmp.Diff(test.want, got); status != test.status || invoked != test.invoked || len(got)+len(test.want) > 0 && diff != "" {
				t.Errorf("status %d, invoked %t, headers (-want +got)\n%s", status, invoked, diff)
			}
		})
	}
}

// A request to another host or from another page has no effect.
func TestURLIsForThisMachine(t *testing.T) {
	_, u := newKit(t).openURL(t, lambda.FunctionURL{AuthType: "NONE"}, responding(`{}`))
	for header, value := range map[string]string{"Host": "page.example", "Sec-Fetch-Site": "cross-site"} {
		r := request(t, "GET", u.Address(), "")
		r.Header.Set(header, value)
		r.Host = r.Header.Get("Host")
		if status, _, body := send(t, r); status != 403 || body != forbidden {
			t.Errorf("%s %s: status %d, %s", header, value, status, body)
		}
	}
}

// A URL keeps its ID and port over a restart, and moves if another program uses the port.
func TestURLsAreDurable(t *testing.T) {
	k := newKit(t)
	k.keepStore()
	s, u := k.openURL(t, lambda.FunctionURL{AuthType: "NONE"}, responding(`"one"`))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = k.open(t)
	if again, err := s.FunctionURL("add", ""); err != nil || !cmp.Equal(again, u) {
		t.Errorf("after a restart: %+v, %v, want %+v", again, err, u)
	}
	if status, _, body := send(t, request(t, "GET", u.Address(), "")); status != 200 || body != "one" {
		t.Errorf("after a restart: status %d, %s", status, body)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", u.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s = k.open(t)
	moved, err := s.FunctionURL("add", "")
	if err != nil || moved.Port == u.Port || moved.ID != u.ID {
		t.Errorf("with the port taken: %+v, %v", moved, err)
	}
	if status, _, body := send(t, request(t, "GET", moved.Address(), "")); status != 200 || body != "one" {
		t.Errorf("after the move: status %d, %s", status, body)
	}
	if warnings := k.warnings(); !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, "The URL has moved to "+moved.Address()) }) {
		t.Errorf("warnings %q", warnings)
	}
}

// A URL invokes the alias that it belongs to, and ends with it.
func TestURLsEndWithWhatTheyBelongTo(t *testing.T) {
	for name, end := range map[string]func(*lambda.Service) error{
		"URL":      func(s *lambda.Service) error { return s.DeleteFunctionURL("add", "live") },
		"alias":    func(s *lambda.Service) error { return s.DeleteAlias("add", "live") },
		"function": func(s *lambda.Service) error { return s.DeleteFunction("add") },
	} {
		t.Run(name, func(t *testing.T) {
			arn := ""
			s, plain := newKit(t).openURL(t, lambda.FunctionURL{AuthType: "NONE"}, func(ev runtimeapi.Event) runtimeapi.Response {
				arn = ev.FunctionARN
				return runtimeapi.Response{Payload: []byte(`{}`)}
			})
			if _, err := s.PublishVersion("add", "", ""); err != nil {
				t.Fatal(err)
			}
			if _, err := s.CreateAlias(lambda.Alias{Function: "add", Name: "live", Version: "1"}); err != nil {
				t.Fatal(err)
			}
			u, err := s.CreateFunctionURL(lambda.FunctionURL{Function: addARN, Qualifier: "live", AuthType: "NONE"})
			if err != nil || u.ID == plain.ID || u.Port == plain.Port || u.ARN != addARN+":live" {
				t.Fatalf("%+v, %v", u, err)
			}
			if status, _, _ := send(t, request(t, "GET", u.Address(), "")); status != 200 || arn != u.ARN {
				t.Errorf("status %d, invoked %s", status, arn)
			}
			http.DefaultClient.CloseIdleConnections()
			if err := end(s); err != nil {
				t.Fatal(err)
			}
			if _, err := s.FunctionURL("add", "live"); cloud.ErrorCode(err) != "ResourceNotFoundException" {
				t.Errorf("after the end: %v", err)
			}
			if _, err := http.Get(u.Address()); err == nil {
				t.Error("it is served after its end")
			}
			if res, err := http.Get(plain.Address()); (err == nil) == (name == "function") {
				t.Errorf("the URL of the function: %v, %v", res, err)
			}
		})
	}
}

func TestURLsAreRefused(t *testing.T) {
	s, _ := newKit(t).openURL(t, lambda.FunctionURL{AuthType: "NONE"}, responding(`{}`))
	many := slices.Repeat([]string{"a"}, 101)
	for name, test := range map[string]struct {
		url        lambda.FunctionURL
		code, text string
	}{
		"exists":      {lambda.FunctionURL{Function: "add", AuthType: "NONE"}, "ResourceConflictException", "Failed to create function url config for [functionArn = " + addARN + "]. Error message:  FunctionUrlConfig exists for this Lambda function"},
		"no function": {lambda.FunctionURL{Function: "none", AuthType: "NONE"}, "ResourceNotFoundException", "Function not found"},
		"no alias":    {lambda.FunctionURL{Function: "add", Qualifier: "live", AuthType: "NONE"}, "ResourceNotFoundException", "Cannot find alias arn: " + addARN + ":live"},
		"version":     {lambda.FunctionURL{Function: "add", Qualifier: "1", AuthType: "NONE"}, "ValidationException", "Value '1' at 'qualifier' failed to satisfy constraint"},
		"$LATEST":     {lambda.FunctionURL{Function: "add:$LATEST", AuthType: "NONE"}, "ValidationException", "Value '$LATEST' at 'qualifier'"},
		"type":        {lambda.FunctionURL{Function: "add", AuthType: "JWT"}, "ValidationException", "enum value set: [NONE, AWS_IAM]"},
		"stream":      {lambda.FunctionURL{Function: "add", AuthType: "NONE", InvokeMode: "RESPONSE_STREAM"}, "InvalidParameterValueException", "supports only InvokeMode BUFFERED, not RESPONSE_STREAM"},
		"method":      {lambda.FunctionURL{Function: "add", AuthType: "NONE", CORS: &lambda.CORS{AllowMethods: []string{"OPTIONS"}}}, "ValidationException", "'cors.allowMethods'"},
		"methods":     {lambda.FunctionURL{Function: "add", AuthType: "NONE", CORS: &lambda.CORS{AllowMethods: slices.Repeat([]string{"GET"}, 7)}}, "ValidationException", "less than or equal to 6"},
		"origins":     {lambda.FunctionURL{Function: "add", AuthType: "NONE", CORS: &lambda.CORS{AllowOrigins: many}}, "ValidationException", "less than or equal to 100"},
		"no origin":   {lambda.FunctionURL{Function: "add", AuthType: "NONE", CORS: &lambda.CORS{AllowOrigins: []string{""}}}, "ValidationException", "greater than or equal to 1"},
		"origin":      {lambda.FunctionURL{Function: "add", AuthType: "NONE", CORS: &lambda.CORS{AllowOrigins: []string{strings.Repeat("a", 254)}}}, "ValidationException", "less than or equal to 253"},
		"header":      {lambda.FunctionURL{Function: "add", AuthType: "NONE", CORS: &lambda.CORS{ExposeHeaders: []string{strings.Repeat("a", 1025)}}}, "ValidationException", "less than or equal to 1024"},
		"headers":     {lambda.FunctionURL{Function: "add", AuthType: "NONE", CORS: &lambda.CORS{AllowHeaders: many}}, "ValidationException", "'cors.allowHeaders'"},
		"age":         {lambda.FunctionURL{Function: "add", AuthType: "NONE", CORS: &lambda.CORS{MaxAgeSeconds: 86_401}}, "ValidationException", "less than or equal to 86400"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.CreateFunctionURL(test.url)
			if cloud.ErrorCode(err) != test.code || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want %s: %s", err, test.code, test.text)
			}
		})
	}
}
