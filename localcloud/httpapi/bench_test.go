package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tally/localcloud/cloud"
)

// discard is a cloud.LogWriter that discards all events.
type discard struct{}

func (discard) WriteLog(context.Context, cloud.Caller, string, string, []cloud.LogEvent) error {
	return nil
}

// BenchmarkServeHTTP serves a signed request to the last of twenty routes. The
// stage has an access log.
func BenchmarkServeHTTP(b *testing.B) {
	s, err := New(Options{Place: here, Journal: &journal{}, Logs: discard{},
		Invoker: invoker(func(context.Context, cloud.Invocation) (cloud.Outcome, error) {
			return cloud.Outcome{Payload: []byte(`{"statusCode":200,"body":"5"}`)}, nil
		}),
		Credentials: func(string) (cloud.Credentials, error) { return worker, nil },
		Authorizer:  authorizer(func(context.Context, cloud.Request) error { return nil }),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	api, err := s.CreateAPI(API{Name: "a", ProtocolType: "HTTP", CORS: &CORS{AllowOrigins: []string{"https://www.example.com"}, ExposeHeaders: []string{"date", "etag"}}})
	check(err)
	in, err := s.CreateIntegration(Integration{APIID: api.ID, Type: "AWS_PROXY", PayloadFormatVersion: "2.0",
		URI: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + functionARN + "/invocations"})
	check(err)
	for i := range 20 {
		_, err = s.CreateRoute(Route{APIID: api.ID, Key: fmt.Sprintf("POST /sums%02d/{id}", i), Target: "integrations/" + in.ID, AuthorizationType: "AWS_IAM"})
		check(err)
	}
	_, err = s.CreateStage(Stage{APIID: api.ID, Name: "$default", AutoDeploy: true, DefaultRouteSettings: &RouteSettings{BurstLimit: 1e9, RateLimit: 1e9},
		AccessLog: &AccessLog{logDestination, `{"id":"$context.requestId","ip":"$context.identity.sourceIp","at":"$context.requestTime","method":"$context.httpMethod",` +
			`"route":"$context.routeKey","status":"$context.status","length":"$context.responseLength","error":"$context.error.message",` +
			`"user":"$context.identity.userArn","latency":"$context.integrationLatency"}`}})
	check(err)

	const body = `{"num1":2,"num2":3}`
	signed, err := http.NewRequest("POST", api.Endpoint()+"/sums19/1", nil)
	check(err)
	signed.Header.Set("Origin", "https://www.example.com")
	sum := sha256.Sum256([]byte(body))
	keys := aws.Credentials{AccessKeyID: worker.AccessKeyID, SecretAccessKey: worker.SecretAccessKey, SessionToken: worker.SessionToken}
	check(v4.NewSigner().SignHTTP(b.Context(), keys, signed, hex.EncodeToString(sum[:]), "execute-api", here.Region, time.Now()))
	signed.RemoteAddr = "127.0.0.1:50000"

	server := s.servers[api.ID]
	b.ReportAllocs()
	for b.Loop() {
		r := signed.Clone(b.Context())
		r.Body = io.NopCloser(strings.NewReader(body))
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}
