package server

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/deployments"
	"tally/localcloud/iam"
	"tally/localcloud/lambda"
	"tally/localcloud/logs"
	"tally/localcloud/store"
)

func config(dir string) control.Config {
	return control.Config{Dir: dir, Region: "us-east-1", Stacks: []string{"local"}, IdleTimeout: time.Minute}
}

// serve starts a local cloud on free ports and stops it with the test.
func serve(t *testing.T, dir string) *Server {
	t.Helper()
	return serveWith(t, config(dir))
}

func serveWith(t *testing.T, c control.Config) *Server {
	t.Helper()
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-served, s.Close()); err != nil {
			t.Errorf("the local cloud stopped with %v", err)
		}
	})
	if err := control.WriteRunFile(s.Config()); err != nil {
		t.Fatal(err)
	}
	return s
}

// A local cloud that stops before it serves causes no error, which serve checks.
func TestStopImmediately(t *testing.T) {
	for range 5 {
		t.Run("", func(t *testing.T) { serve(t, t.TempDir()) })
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	if _, err := control.Find(t.Context(), dir); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("before the start: %v, want ErrNotRunning", err)
	}
	c := serve(t, dir).Config()
	status, err := control.Find(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := control.Find(interrupted, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v, want context.Canceled", err)
	}
	if status.PID != os.Getpid() || status.Config.Port != c.Port || c.Port == 0 || status.Config.ProviderPort == 0 {
		t.Errorf("status = %+v", status)
	}
}

// A web page must not be able to read the developer's logs.
func TestPagesAreRefused(t *testing.T) {
	c := serve(t, t.TempDir()).Config()
	for path, method := range map[string]string{
		control.FolderPath: http.MethodGet, control.StatusPath: http.MethodGet, control.LogsPath: http.MethodGet, control.ProgramsPath: http.MethodPut,
		control.FaultsPath: http.MethodPut, control.EmailsPath: http.MethodGet, control.RepairPath: http.MethodPost,
	} {
		for name, change := range map[string]func(*http.Request){
			"the Host of a site": func(r *http.Request) { r.Host = "example.com" },
			"an Origin":          func(r *http.Request) { r.Header.Set("Origin", "https://example.com") },
			"an image":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"localhost":          func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		} {
			r, err := http.NewRequestWithContext(t.Context(), method, c.Endpoint()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			change(r)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden || !strings.HasPrefix(string(text), "AccessDenied: ") {
				t.Errorf("%s with %s: %s %s, want 403", path, name, resp.Status, text)
			}
		}
	}
}

func TestOneLocalCloudForEachFolder(t *testing.T) {
	c := serve(t, t.TempDir()).Config()
	if _, err := Open(config(c.Dir)); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a second one with the same folder: %v, want ErrInUse", err)
	}
	taken := config(t.TempDir())
	taken.Port = c.Port
	if _, err := Open(taken); !errors.Is(err, ErrPortInUse) || !strings.Contains(err.Error(), "--port") {
		t.Errorf("a second one on the same port: %v, want ErrPortInUse that names --port", err)
	}
	if status, err := control.At(t.Context(), c.Port); err != nil || status.Config.Dir != c.Dir {
		t.Errorf("at port %d: %+v, %v", c.Port, status, err)
	}
	if _, err := control.At(t.Context(), c.ProviderPort); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("at the provider's port: %v, want ErrNotRunning", err)
	}
}

func TestRegister(t *testing.T) {
	c := serve(t, t.TempDir()).Config()
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: p\nruntime: go\n"), 0o644))
	check(t, control.Register(t.Context(), c, dir))
	if err := control.Register(t.Context(), c, "relative"); err == nil || !strings.Contains(err.Error(), "not an absolute path") {
		t.Errorf("a relative path: %v", err)
	}
	status, err := control.At(t.Context(), c.Port)
	check(t, err)
	if len(status.Programs) != 1 || status.Programs[0] != (deployments.Program{Project: "p", Dir: dir}) {
		t.Errorf("programs %+v", status.Programs)
	}
}

// TestFollowLogs reads what many environments write concurrently: every line
// arrives once and complete.
func TestFollowLogs(t *testing.T) {
	s := serve(t, t.TempDir())
	functions := []lambda.Function{s.deploy(t, "one-1a2b3c4"), s.deploy(t, "two-1a2b3c4")}

	const lines = 50
	for _, f := range functions {
		for i := range lines {
			go s.write(t, f.LogGroup, fmt.Sprintf("line %d of %s.", i, f.Name))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	read := bufio.NewScanner(s.lines(ctx, control.LogQuery{Follow: true}))

	missing := map[string]bool{}
	for _, f := range functions {
		for i := range lines {
			missing[fmt.Sprintf("%s line %d of %s.", f.Name, i, f.Name)] = true
		}
	}
	for len(missing) > 0 {
		if !read.Scan() {
			t.Fatalf("the stream ended (%v) with %d lines missing", read.Err(), len(missing))
		}
		_, line, _ := strings.Cut(read.Text(), " ") // the time
		if !missing[line] {
			t.Errorf("line %q arrived twice, or was never written", read.Text())
		}
		delete(missing, line)
	}
}

// TestFollowLogsInOrder checks that existing lines are ordered by time, whichever
// function wrote them, and that new ones follow.
func TestFollowLogsInOrder(t *testing.T) {
	s := serve(t, t.TempDir())
	one, two := s.deploy(t, "one-1a2b3c4"), s.deploy(t, "two-1a2b3c4")
	for i := range 6 {
		s.write(t, []lambda.Function{one, two}[i%2].LogGroup, fmt.Sprintf("line %d", i))
		time.Sleep(2 * time.Millisecond) // times have milliseconds
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	read := bufio.NewScanner(s.lines(ctx, control.LogQuery{Follow: true}))
	for i := range 7 {
		if i == 6 {
			s.write(t, one.LogGroup, "line 6")
		}
		if want := fmt.Sprintf("line %d", i); !read.Scan() || !strings.HasSuffix(read.Text(), want) {
			t.Fatalf("read %q (%v), want %s", read.Text(), read.Err(), want)
		}
	}
}

func TestLogsOfOneFunction(t *testing.T) {
	s := serve(t, t.TempDir())
	s.write(t, s.deploy(t, "one-1a2b3c4").LogGroup, "mine")
	s.write(t, s.deploy(t, "two-1a2b3c4").LogGroup, "not mine")
	for _, name := range []string{"one", "one-1a2b3c4"} {
		out, err := io.ReadAll(s.lines(t.Context(), control.LogQuery{Function: name}))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(out); !strings.HasSuffix(got, " one-1a2b3c4 mine\n") || strings.Contains(got, "two") {
			t.Errorf("logs %s: %q", name, got)
		}
	}
	_, err := io.ReadAll(s.lines(t.Context(), control.LogQuery{Function: "on"}))
	if err == nil || !strings.Contains(err.Error(), "one-1a2b3c4, two-1a2b3c4") {
		t.Errorf("logs of an unknown function: %v, want an error that names the existing ones", err)
	}
}

// TestTailOfLogs checks that a tail has the newest events of all functions.
func TestTailOfLogs(t *testing.T) {
	s := serve(t, t.TempDir())
	one, two := s.deploy(t, "one-1a2b3c4"), s.deploy(t, "two-1a2b3c4")
	for i := range 6 {
		s.write(t, []lambda.Function{one, one, two}[i%3].LogGroup, fmt.Sprintf("line %d", i))
		time.Sleep(2 * time.Millisecond) // times have milliseconds
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	read := bufio.NewScanner(s.lines(ctx, control.LogQuery{Tail: 3, Follow: true}))
	for i := 3; i < 7; i++ {
		if i == 6 {
			s.write(t, two.LogGroup, "line 6")
		}
		if want := fmt.Sprintf("line %d", i); !read.Scan() || !strings.HasSuffix(read.Text(), want) {
			t.Fatalf("read %q (%v), want %s", read.Text(), read.Err(), want)
		}
	}
}

// lines returns the selected log events as lines of text.
func (s *Server) lines(ctx context.Context, q control.LogQuery) io.Reader {
	r, w := io.Pipe()
	go func() {
		for e, err := range control.Logs(ctx, s.Config(), q) {
			if err != nil {
				w.CloseWithError(err)
				return
			}
			fmt.Fprintln(w, e)
		}
		w.Close()
	}()
	return r
}

// deploy creates a function that is never invoked.
func (s *Server) deploy(t *testing.T, name string) lambda.Function {
	t.Helper()
	role, err := s.services.IAM.CreateRole(iam.Role{Name: name, AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.services.Logs.CreateGroup(logs.Group{Name: "/aws/lambda/" + name}); err != nil {
		t.Fatal(err)
	}
	f, err := s.services.Lambda.CreateFunction(lambda.Config{
		Name: name, Role: s.services.IAM.RoleARN(role).String(), Handler: "bootstrap", Runtime: "provided.al2023",
		Architectures: []string{"arm64"}, MemoryMB: 128, TimeoutSeconds: 3, EphemeralMB: 512,
		LogGroup: "/aws/lambda/" + name, LogFormat: "Text", TracingMode: "PassThrough", ReservedConcurrency: -1,
	}, archive(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (s *Server) write(t *testing.T, group, line string) {
	event := cloud.LogEvent{Time: time.Now(), Message: line}
	caller := cloud.Caller{ARN: cloud.ARN{Partition: "aws", Service: "iam", Account: Account, Resource: "user/test"}, Administrator: true}
	if err := s.services.Logs.WriteLog(context.Background(), caller, group, "stream", []cloud.LogEvent{event}); err != nil {
		t.Error(err)
	}
}

// archive returns the smallest valid bundle.
func archive(t *testing.T) []byte { return archiveOf(t, nil) }

// archiveOf returns a bundle with that bootstrap.
func archiveOf(t *testing.T, bootstrap []byte) []byte {
	t.Helper()
	var raw bytes.Buffer
	z := zip.NewWriter(&raw)
	f, err := z.Create("bootstrap")
	check(t, err)
	_, err = f.Write(bootstrap)
	check(t, err)
	check(t, z.Close())
	return raw.Bytes()
}
