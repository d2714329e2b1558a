package gateway

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
	"tally/localcloud/dynamodb"
	"tally/localcloud/iam"
	"tally/localcloud/internal/seal"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/kms"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/logs"
	"tally/localcloud/scheduler"
	"tally/localcloud/secretsmanager"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
	"tally/localcloud/ssm"
	"tally/localcloud/xray"
)

var here = cloud.Place{Region: "us-east-1", Account: "000000000000"}

// A kit is a gateway in front of real services. Only the runner of functions is a
// fake: it echoes the event, or fails if the event is "fail".
type kit struct {
	Services
	url     string
	handled func(runtimeapi.Event) // called with each event; nil for none

	credentials cloud.Credentials // those of the execution environment started last

	mu      sync.Mutex
	entries []cloud.Entry
}

func (k *kit) Append(e cloud.Entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, e)
}

func newKit(t testing.TB) *kit {
	t.Helper()
	k := &kit{}
	k.IAM = must(iam.New(here, nil))(t)
	k.IAM.SetDeveloperSecret(developer.SecretAccessKey)
	k.CloudWatch = must(cloudwatch.New(cloudwatch.Options{Place: here, Journal: k}))(t)
	k.Logs = must(logs.New(here, nil, k.IAM))(t)
	k.SQS = must(sqs.New(here, nil, k.IAM, func() string { return k.url }))(t)
	k.KMS = must(kms.New(here, nil, k.IAM))(t)
	k.DynamoDB = must(dynamodb.New(dynamodb.Options{Place: here, Authorizer: k.IAM, Keys: k.KMS, Metrics: k.CloudWatch, Journal: k}))(t)
	k.SQS.EncryptWith(k.KMS)
	box := must(seal.New(""))(t)
	k.SSM = must(ssm.New(here, nil, k.KMS, box))(t)
	k.XRay = must(xray.New(xray.Options{Authorizer: k.IAM, Policies: k.IAM, Journal: k}))(t)
	k.Lambda = must(lambda.New(lambda.Options{
		Place: here, Dir: t.TempDir(), Roles: k.IAM, Authorizer: k.IAM, Keys: k.KMS, Logs: k.Logs, Traces: k.XRay, Journal: k, Metrics: k.CloudWatch,
		Runner: runner{k}, Endpoint: func() string { return "" }, Queues: k.SQS, Credentials: k.IAM.Credentials,
	}))(t)
	k.Secrets = must(secretsmanager.New(secretsmanager.Options{Place: here, Authorizer: k.IAM, Keys: k.KMS, Functions: k.Lambda, Journal: k, Box: box}))(t)
	k.SNS = must(sns.New(sns.Options{
		Place: here, Authorizer: k.IAM, Keys: k.KMS, Journal: k,
		Targets:  map[string]sns.Target{"lambda": sns.LambdaTarget(k.Lambda), "sqs": sns.SQSTarget(k.SQS)},
		Traces:   k.XRay,
		Endpoint: func() string { return k.url },
	}))(t)
	k.Scheduler = must(scheduler.New(scheduler.Options{
		Place: here, Roles: k.IAM, Keys: k.KMS, Journal: k, Metrics: k.CloudWatch, Endpoint: func() string { return k.url },
		Targets: timetable.Targets{Invoker: k.Lambda, Sender: k.SQS, Publish: func(ctx context.Context, caller cloud.Caller, arn string, m cloud.QueueMessage) error {
			return k.SNS.Forward(ctx, caller, arn, sns.Message{Body: m.Body})
		}},
	}))(t)
	k.Lambda.Start()
	k.SNS.Start()
	k.Scheduler.Start()
	k.Secrets.Start()
	server := httptest.NewServer(New(here, k.Services, k))
	k.url = server.URL
	t.Cleanup(func() {
		server.Close()
		_, _, _, _, _ = k.Secrets.Close(), k.Scheduler.Close(), k.SNS.Close(), k.Lambda.Close(), k.Logs.Close()
	})
	return k
}

// runner is a lambda.Runner and the Environment that it starts.
type runner struct{ kit *kit }

func (r runner) TaskRoot(dir string) string { return dir }

func (r runner) Start(_ context.Context, spec lambda.Spec) (lambda.Environment, error) {
	for _, variable := range spec.Env {
		switch name, value, _ := strings.Cut(variable, "="); name {
		case "AWS_ACCESS_KEY_ID":
			r.kit.credentials.AccessKeyID = value
		case "AWS_SECRET_ACCESS_KEY":
			r.kit.credentials.SecretAccessKey = value
		case "AWS_SESSION_TOKEN":
			r.kit.credentials.SessionToken = value
		}
	}
	return r, nil
}

func (r runner) Invoke(_ context.Context, event runtimeapi.Event) (runtimeapi.Response, error) {
	if r.kit.handled != nil {
		r.kit.handled(event)
	}
	if string(event.Payload) == `"fail"` {
		return runtimeapi.Response{Payload: []byte(`{"errorMessage":"as requested","errorType":"errorString"}`), Failed: true}, nil
	}
	return runtimeapi.Response{Payload: event.Payload}, nil
}

func (runner) Alive() bool      { return true }
func (runner) MaxMemoryMB() int { return 1 }
func (runner) Close()           {}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const roleARN = "arn:aws:iam::000000000000:role/worker"

// role creates the role "worker" with an identity policy, and returns credentials
// of a session.
func (k *kit) role(t testing.TB, policy string) cloud.Credentials {
	t.Helper()
	must(k.IAM.CreateRole(iam.Role{Name: "worker", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}))(t)
	if err := k.IAM.PutRolePolicy("worker", "all", policy); err != nil {
		t.Fatal(err)
	}
	return must(k.IAM.AssumeRole(t.Context(), cloud.Caller{Service: "lambda.amazonaws.com"}, here.GlobalARN("iam", "role/worker"), "session"))(t)
}

const (
	nothing    = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`
	everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

// function creates a function with the role "worker".
func (k *kit) function(t testing.TB, c lambda.Config) lambda.Function {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap"}
	h.SetMode(0o755)
	_ = must(archive.CreateHeader(h))(t)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	c.Role, c.Runtime, c.Handler, c.ReservedConcurrency = roleARN, "provided.al2023", "bootstrap", -1
	return must(k.Lambda.CreateFunction(c, b.Bytes()))(t)
}

var developer = cloud.Credentials{AccessKeyID: iam.DeveloperKey, SecretAccessKey: "the secret of the state folder"}

// config returns the configuration of an SDK client with those credentials.
func (k *kit) config(c cloud.Credentials) aws.Config {
	return aws.Config{
		Region: here.Region, BaseEndpoint: &k.url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	}
}

// A request is an HTTP request that a test sends without an SDK.
type request struct {
	method, path, service, body string
	header                      map[string]string
	at                          time.Time
	keys                        cloud.Credentials
}

// build makes the request, signed unless its service is "".
func (r request) build(t testing.TB, url string) *http.Request {
	t.Helper()
	req := must(http.NewRequest(r.method, url+r.path, bytes.NewReader([]byte(r.body))))(t)
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if r.service == "" {
		return req
	}
	if r.at.IsZero() {
		r.at = time.Now()
	}
	keys := cmp.Or(r.keys, developer)
	sum := sha256.Sum256([]byte(r.body))
	err := v4.NewSigner().SignHTTP(t.Context(),
		aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken},
		req, hex.EncodeToString(sum[:]), r.service, here.Region, r.at)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// send returns the status, the headers and the body of the response.
func send(t testing.TB, req *http.Request) (int, http.Header, string) {
	t.Helper()
	res := must(http.DefaultTransport.RoundTrip(req))(t)
	defer res.Body.Close()
	return res.StatusCode, res.Header, string(must(io.ReadAll(res.Body))(t))
}

const formType = "application/x-www-form-urlencoded"
