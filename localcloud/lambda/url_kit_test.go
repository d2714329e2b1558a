package lambda_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// worker is a session of a role.
var worker = cloud.Credentials{AccessKeyID: "ASIAWORKER", SecretAccessKey: "secret", SessionToken: "token", Caller: cloud.Caller{
	ARN: place.GlobalARN("sts", "assumed-role/worker/session"), UserID: "AROA1:session", Role: "worker"}}

const forbidden = `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`

// openURL returns the URL of the function add, whose environments respond as reply does.
func (k *kit) openURL(t *testing.T, u lambda.FunctionURL, reply func(runtimeapi.Event) runtimeapi.Response) (*lambda.Service, lambda.FunctionURL) {
	t.Helper()
	k.handle = func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) { return reply(ev), nil }
	k.options.Credentials = func(id string) (cloud.Credentials, error) {
		if id != worker.AccessKeyID {
			return cloud.Credentials{}, cloud.Errorf(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
		}
		return worker, nil
	}
	s := k.open(t)
	create(t, s, "add")
	u.Function = "add"
	u, err := s.CreateFunctionURL(u)
	if err != nil {
		t.Fatal(err)
	}
	return s, u
}

func responding(payload string) func(runtimeapi.Event) runtimeapi.Response {
	return func(runtimeapi.Event) runtimeapi.Response { return runtimeapi.Response{Payload: []byte(payload)} }
}

// send returns the status, the headers and the body of a response.
func send(t *testing.T, r *http.Request) (int, http.Header, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(raw)
}

func request(t *testing.T, method, url, content string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"User-Agent": {"test/1"}, "Accept-Encoding": {"identity"}}
	return r
}

// sign signs a request with these keys.
func sign(t *testing.T, r *http.Request, content, service string, keys aws.Credentials) *http.Request {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	if err := v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	return r
}

var workerKeys = aws.Credentials{AccessKeyID: worker.AccessKeyID, SecretAccessKey: worker.SecretAccessKey, SessionToken: worker.SessionToken}

// event returns an event with fixed times and without the headers of a signature.
func event(t *testing.T, payload []byte) map[string]any {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal(payload, &e); err != nil {
		t.Fatalf("%v in %s", err, payload)
	}
	c := e["requestContext"].(map[string]any)
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", c["time"].(string))
	if age := time.Since(at); err != nil || age < -time.Second || age > time.Minute || int64(c["timeEpoch"].(float64))/1000 != at.Unix() {
		t.Errorf("time %v, epoch %v", c["time"], c["timeEpoch"])
	}
	c["time"], c["timeEpoch"] = "TIME", 0.0
	for _, name := range []string{"authorization", "x-amz-date", "x-amz-security-token"} {
		delete(e["headers"].(map[string]any), name)
	}
	return e
}
