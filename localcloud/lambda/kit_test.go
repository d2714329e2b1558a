package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/store"
)

var place = cloud.Place{Region: "us-east-1", Account: "000000000000"}

const (
	roleARN = "arn:aws:iam::000000000000:role/worker"
	addARN  = "arn:aws:lambda:us-east-1:000000000000:function:add"
)

var developer = cloud.Caller{ARN: place.GlobalARN("iam", "user/developer"), Administrator: true}

// kit holds the fakes around a Service. Tests may replace its functions.
type kit struct {
	options lambda.Options
	handle  func(ctx context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) // copied into each fake environment when it starts
	start   func(ctx context.Context, spec lambda.Spec) error

	authorize func(cloud.Request) error
	assume    func(cloud.ARN) error
	writeLog  func(cloud.Caller) error

	mu       sync.Mutex
	started  []*fakeEnvironment
	specs    []lambda.Spec
	sessions map[string]bool // access keys in use
	log      []string
	entries  []cloud.Entry
}

func newKit(t testing.TB) *kit {
	k := &kit{sessions: map[string]bool{}}
	k.options = lambda.Options{
		Place: place, Dir: t.TempDir(), Roles: k, Authorizer: k, Logs: k, Journal: k, Runner: k,
		Endpoint: func() string { return "http://127.0.0.1:4566" },
	}
	k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
		return runtimeapi.Response{Payload: []byte(`"ok"`)}, nil
	}
	k.start = func(context.Context, lambda.Spec) error { return nil }
	k.authorize = func(cloud.Request) error { return nil }
	k.assume = func(cloud.ARN) error { return nil }
	k.writeLog = func(cloud.Caller) error { return nil }
	return k
}

// open returns a started service, which is closed when the test ends.
func (k *kit) open(t *testing.T) *lambda.Service {
	t.Helper()
	s, err := lambda.New(k.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.Start()
	return s
}

// keepStore lets all services that the kit opens from now on share a store.
func (k *kit) keepStore() { k.options.Store = store.InMemory() }

func (k *kit) Authorize(_ context.Context, r cloud.Request) error { return k.authorize(r) }

func (k *kit) AssumeRole(_ context.Context, service cloud.Caller, role cloud.ARN, session string) (cloud.Credentials, error) {
	if service != (cloud.Caller{Service: "lambda.amazonaws.com", SourceARN: place.ARN("lambda", "function:"+session)}) {
		return cloud.Credentials{}, fmt.Errorf("caller %+v", service)
	}
	if err := k.assume(role); err != nil {
		return cloud.Credentials{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key := fmt.Sprintf("ASIA%d", len(k.sessions))
	k.sessions[key] = true
	caller := cloud.Caller{ARN: place.GlobalARN("sts", "assumed-role/worker/"+session), Role: "worker"}
	return cloud.Credentials{AccessKeyID: key, SecretAccessKey: "secret", SessionToken: "token", Caller: caller}, nil
}

func (k *kit) Revoke(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sessions[key] = false
}

func (k *kit) WriteLog(_ context.Context, caller cloud.Caller, group, stream string, events []cloud.LogEvent) error {
	if err := k.writeLog(caller); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range events {
		line, ended := strings.CutSuffix(e.Message, "\n")
		if !ended {
			line += " (without the newline at the end of AWS's events)"
		}
		k.log = append(k.log, line)
	}
	return nil
}

func (k *kit) Append(e cloud.Entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, e)
}

// warnings returns the messages of the warnings in the journal.
func (k *kit) warnings() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var messages []string
	for _, e := range k.entries {
		if e.Level == cloud.Warning {
			messages = append(messages, e.Message)
		}
	}
	return messages
}

// TaskRoot implements lambda.Runner.
func (*kit) TaskRoot(string) string { return "/var/task" }

// Start implements lambda.Runner.
func (k *kit) Start(ctx context.Context, spec lambda.Spec) (lambda.Environment, error) {
	k.mu.Lock()
	k.specs = append(k.specs, spec)
	k.mu.Unlock()
	if err := k.start(ctx, spec); err != nil {
		return nil, err
	}
	e := &fakeEnvironment{spec: spec, handle: k.handle}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.started = append(k.started, e)
	return e, nil
}

// alive returns the indexes of the running environments, in the order in which
// they started.
func (k *kit) alive() []int {
	k.mu.Lock()
	defer k.mu.Unlock()
	var alive []int
	for i, e := range k.started {
		if e.Alive() {
			alive = append(alive, i)
		}
	}
	return alive
}

type fakeEnvironment struct {
	spec   lambda.Spec
	handle func(context.Context, runtimeapi.Event) (runtimeapi.Response, error)

	mu     sync.Mutex
	ran    []string // request IDs
	closed bool
}

func (e *fakeEnvironment) Invoke(ctx context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
	e.mu.Lock()
	e.ran = append(e.ran, ev.RequestID)
	e.mu.Unlock()
	return e.handle(ctx, ev)
}

func (e *fakeEnvironment) Alive() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.closed
}

func (e *fakeEnvironment) MaxMemoryMB() int { return 36 }

func (e *fakeEnvironment) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}

// bundle returns a zip that contains a bootstrap with the given content.
func bundle(t testing.TB, content string) []byte {
	t.Helper()
	return zipped(t, &zip.FileHeader{Name: "bootstrap"}, content)
}

// zipped returns a zip that contains one file.
func zipped(t testing.TB, header *zip.FileHeader, content string) []byte {
	t.Helper()
	if header.Mode() == 0 {
		header.SetMode(0o755)
	}
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	file, err := archive.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func config(name string) lambda.Config {
	return lambda.Config{Name: name, Role: roleARN, Runtime: "provided.al2023", Handler: "bootstrap", ReservedConcurrency: -1}
}

// create creates a function, after applying the changes to its configuration.
func create(t *testing.T, s *lambda.Service, name string, change ...func(*lambda.Config)) lambda.Function {
	t.Helper()
	c := config(name)
	for _, apply := range change {
		apply(&c)
	}
	f, err := s.CreateFunction(c, bundle(t, "first"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func invoke(t *testing.T, s *lambda.Service, name string) cloud.Outcome {
	t.Helper()
	out, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: name})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// invokeInBackground starts an invocation and returns once it blocks. It must be
// called in a synctest bubble.
func invokeInBackground(t *testing.T, s *lambda.Service, name string) {
	go s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: name})
	synctest.Wait()
}

// expectError checks the code of an error and the beginning of its message.
func expectError(t *testing.T, err error, code, text string) {
	t.Helper()
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok || e.Code != code || !strings.HasPrefix(e.Message, text) {
		t.Errorf("error %v, want %s: %s…", err, code, text)
	}
}

// sleep returns a handler that responds after d.
func sleep(d time.Duration) func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
	return func(ctx context.Context, _ runtimeapi.Event) (runtimeapi.Response, error) {
		select {
		case <-time.After(d):
			return runtimeapi.Response{Payload: []byte("null")}, nil
		case <-ctx.Done():
			return runtimeapi.Response{}, context.Cause(ctx)
		}
	}
}
