//go:build unix

package process_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process"
)

// account stands in for the services around Lambda: it allows everything and
// collects the logs.
type account struct {
	mu  sync.Mutex
	log []string
}

func (*account) Authorize(context.Context, cloud.Request) error { return nil }
func (*account) Revoke(string)                                  {}
func (*account) Append(cloud.Entry)                             {}

func (*account) AssumeRole(context.Context, cloud.Caller, cloud.ARN, string) (cloud.Credentials, error) {
	return cloud.Credentials{AccessKeyID: "ASIA"}, nil
}

func (a *account) WriteLog(_ context.Context, _ cloud.Caller, _, _ string, events []cloud.LogEvent) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range events {
		a.log = append(a.log, e.Message)
	}
	return nil
}

func open(t *testing.T, a *account) *lambda.Service {
	t.Helper()
	s, err := lambda.New(lambda.Options{
		Place: cloud.Place{Region: "us-east-1", Account: "000000000000"}, Dir: t.TempDir(), Runner: process.New(),
		Roles: a, Authorizer: a, Logs: a, Journal: a, Endpoint: func() string { return "http://127.0.0.1:4566" },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// script returns a bundle whose bootstrap is a shell script that runs this
// binary, which is also in the bundle.
func script(t *testing.T) []byte {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t, map[string][]byte{"bootstrap": []byte("#!/bin/sh\nexec $LAMBDA_TASK_ROOT/program\n"), "program": program})
}

// zipped returns a bundle with the given executable files.
func zipped(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	for name, content := range files {
		header := &zip.FileHeader{Name: name}
		header.SetMode(0o755)
		file, err := archive.CreateHeader(header)
		if err == nil {
			_, err = file.Write(content)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Error(err)
	}
	return buffer.Bytes()
}

func config(name string) lambda.Config {
	return lambda.Config{
		Name: name, Role: "arn:aws:iam::000000000000:role/worker", Handler: "bootstrap", Runtime: "provided.al2023",
		TimeoutSeconds: 1, MemoryMB: 2048, ReservedConcurrency: -1,
	}
}

// TestLog checks the log of a function from its start to its end by timeout.
func TestLog(t *testing.T) {
	a := &account{}
	s := open(t, a)
	if _, err := s.CreateFunction(config("add"), script(t)); err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{`{"Print":["one","two"],"Raw":"three"}`, `{"Print":["four"],"Sleep":60000000000}`} {
		if _, err := s.Invoke(t.Context(), cloud.Invocation{Function: "add", Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	want := regexp.MustCompile(`^INIT_START Runtime Version: provided:al2023\t.*
START RequestId: [0-9a-f-]{36} Version: \$LATEST
one
two
three
END RequestId: [0-9a-f-]{36}
REPORT RequestId: .*\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 2048 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms\t
START RequestId: .*
four
\S+ [0-9a-f-]{36} Task timed out after 1\.00 seconds
END RequestId: .*
REPORT RequestId: .*\tDuration: 1000\.00 ms\tBilled Duration: 1000 ms\tMemory Size: 2048 MB\tMax Memory Used: \d+ MB\tStatus: timeout\t
$`)
	if log := strings.Join(a.log, ""); !want.MatchString(log) {
		t.Errorf("log:\n%s", log)
	}
}

// TestDeployWhileRunning writes functions to disk while others start, and checks
// that each can be executed. The bootstrap is a binary that exits at once, not a
// script.
func TestDeployWhileRunning(t *testing.T) {
	path, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, &account{})
	var group errgroup.Group
	for i := range 6 {
		c := config(fmt.Sprintf("f%d", i))
		c.TimeoutSeconds = 60
		group.Go(func() error {
			for round := range 10 {
				deploy := s.UpdateFunction
				if round == 0 {
					deploy = s.CreateFunction
				}
				code := zipped(t, map[string][]byte{"bootstrap": append(slices.Clone(program), byte(i), byte(round))})
				if _, err := deploy(c, code); err != nil {
					return err
				}
				out, err := s.Invoke(t.Context(), cloud.Invocation{Function: c.Name})
				if err != nil {
					return err
				}
				if !strings.Contains(string(out.Payload), "Runtime exited without providing a reason") {
					return fmt.Errorf("%s: %s", c.Name, out.Payload)
				}
			}
			return s.DeleteFunction(c.Name)
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
