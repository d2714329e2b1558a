//go:build unix

package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process"
	"tally/localcloud/lambda/runtimeapi"
)

// linux reports whether memory is measured.
const linux = runtime.GOOS == "linux"

// environment is a started environment and its output.
type environment struct {
	lambda.Environment
	mu    sync.Mutex
	lines []string
}

func (e *environment) output(line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, line)
}

// take returns the lines since the last call of take.
func (e *environment) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	lines := e.lines
	e.lines = nil
	return lines
}

// both runs a test with isolated functions and with others.
func both(t *testing.T, test func(t *testing.T, r *process.Runner)) {
	t.Run("isolated", func(t *testing.T) { test(t, isolated(t)) })
	t.Run("plain", func(t *testing.T) { test(t, process.WithoutIsolation()) })
}

// isolated returns a Runner that isolates functions. It skips the test if this
// machine does not permit that.
func isolated(t testing.TB) *process.Runner {
	t.Helper()
	if err := process.Isolation(); err != nil {
		t.Skipf("functions cannot be isolated on this machine: %v", err)
	}
	return process.New()
}

func bundle(t testing.TB) string {
	dir := t.TempDir()
	link(t.Fatal, dir)
	return dir
}

func start(t testing.TB, r *process.Runner, spec lambda.Spec) *environment {
	t.Helper()
	e := &environment{}
	spec.Output = e.output
	if spec.Dir == "" {
		spec.Dir = bundle(t)
	}
	if spec.MemoryMB == 0 {
		spec.MemoryMB = 2048
	}
	env, err := r.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(env.Close)
	e.Environment = env
	return e
}

func event(t testing.TB, in request) runtimeapi.Event {
	t.Helper()
	payload, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return runtimeapi.Event{
		RequestID: "id", FunctionARN: "arn:f", Payload: payload, Deadline: time.Now().Add(time.Minute),
		TraceID: "Root=1", ClientContext: `{"custom":{"k":"v"}}`,
	}
}

// TestFunctionEnvironment checks that a function has exactly the environment
// variables that it was given and none of the local cloud's own, that its working
// directory is that of the bundle, and that it receives the event's context.
func TestFunctionEnvironment(t *testing.T) { both(t, testFunctionEnvironment) }

func testFunctionEnvironment(t *testing.T, r *process.Runner) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "the developer's")
	t.Setenv("HOME", "/home/developer")
	t.Setenv("_LAMBDA_SERVER_PORT", "1")
	given := []string{"AWS_REGION=us-east-1", "TABLE=sums"}
	dir := bundle(t)
	e := start(t, r, lambda.Spec{Dir: dir, Env: given})
	response, err := e.Invoke(t.Context(), event(t, request{Describe: true}))
	if err != nil {
		t.Fatal(err)
	}
	var got description
	if err := json.Unmarshal(response.Payload, &got); err != nil {
		t.Fatal(err)
	}
	environ := slices.DeleteFunc(got.Environ, func(v string) bool { return strings.HasPrefix(v, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:") })
	// The runtime sets the trace header itself.
	if diff := cmp.Diff(append(given, "_X_AMZN_TRACE_ID=Root=1"), environ); diff != "" {
		t.Errorf("environment: -want +got\n%s", diff)
	}
	root := r.TaskRoot(dir)
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	if got.Directory != root {
		t.Errorf("working directory %s, want %s", got.Directory, root)
	}
	if got.RequestID != "id" || got.FunctionARN != "arn:f" || got.Client["k"] != "v" || got.Left <= 50*time.Second || got.Left > time.Minute {
		t.Errorf("context %+v", got)
	}
}

// TestEndings checks for every way in which an invocation can end what the caller
// receives, and whether the environment can be used again.
func TestEndings(t *testing.T) { both(t, testEndings) }

func testEndings(t *testing.T, r *process.Runner) {
	for name, tc := range map[string]struct {
		in      request
		payload string // a prefix
		failed  bool
		err     string
		lines   []string
		alive   bool
	}{
		"success": {in: request{Print: []string{"a", "b", "c"}, Raw: "d"}, payload: "3", lines: []string{"a", "b", "c", "d"}, alive: true},
		"error": {in: request{Error: "no luck"}, payload: `{"errorMessage":"no luck","errorType":"errorString"`, failed: true, alive: true,
			lines: []string{`{"errorMessage":"no luck","errorType":"errorString"}`}},
		"panic":     {in: request{Panic: "help"}, payload: `{"errorMessage":"help","errorType":"string"`, failed: true},
		"exit":      {in: request{Print: []string{"bye"}, Exit: 1}, err: "Runtime.ExitError: Runtime exited with error: exit status 1", lines: []string{"bye"}},
		"killed":    {in: request{Raw: "bye", Signal: 9}, err: "Runtime.ExitError: Runtime exited with error: signal: killed", lines: []string{"bye"}},
		"memory":    {in: request{MiB: 200, Sleep: time.Minute}, err: "Runtime.ExitError: Runtime exited with error: signal: killed"},
		"spike":     {in: request{MiB: 200}, err: "Runtime.ExitError: Runtime exited with error: signal: killed"},
		"too large": {in: request{Big: runtimeapi.MaxPayload}, payload: `{"errorMessage":"Response payload size exceeded`, failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.in.MiB > 0 && !linux { // memory limits are not enforced
				tc.in.Sleep, tc.err, tc.payload, tc.alive = 0, "", "0", true
			}
			spec := lambda.Spec{}
			if tc.in.MiB > 0 {
				spec.MemoryMB = tc.in.MiB
			}
			e := start(t, r, spec)
			response, err := e.Invoke(t.Context(), event(t, tc.in))
			lines := e.take()
			if message(err) != tc.err {
				t.Fatalf("error %v, want %s (%d MiB)", err, tc.err, e.MaxMemoryMB())
			}
			if !strings.HasPrefix(string(response.Payload), tc.payload) || response.Failed != tc.failed {
				t.Errorf("response %s, failed %t", response.Payload, response.Failed)
			}
			if tc.lines != nil && !slices.Equal(lines, tc.lines) {
				t.Errorf("lines %q, want %q", lines, tc.lines)
			}
			if e.Alive() != tc.alive {
				t.Errorf("alive: %t, want %t", e.Alive(), tc.alive)
			}
			if !tc.alive {
				return
			}
			if response, err := e.Invoke(t.Context(), event(t, request{})); err != nil || string(response.Payload) != "0" {
				t.Errorf("the next invocation: %s, %v", response.Payload, err)
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestStartFails(t *testing.T) { both(t, testStartFails) }

func testStartFails(t *testing.T, r *process.Runner) {
	dir := func(change func(bootstrap string) error) string {
		d := t.TempDir()
		if err := change(filepath.Join(d, "bootstrap")); err != nil {
			t.Fatal(err)
		}
		return d
	}
	write := func(content string, mode os.FileMode) string {
		return dir(func(bootstrap string) error { return os.WriteFile(bootstrap, []byte(content), mode) })
	}
	const missing = "Runtime.InvalidEntrypoint: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
	for name, tc := range map[string]struct {
		dir, init, want string
		lines           []string
	}{
		"missing":        {dir: t.TempDir(), want: missing},
		"folder":         {dir: dir(func(bootstrap string) error { return os.Mkdir(bootstrap, 0o755) }), want: missing},
		"not executable": {dir: write("#!/bin/sh\n", 0o644), want: "Runtime.InvalidEntrypoint: fork/exec /var/task/bootstrap: permission denied"},
		"not a program":  {dir: write("hello", 0o755), want: "Runtime.InvalidEntrypoint: fork/exec /var/task/bootstrap: exec format error"},
		"no shell":       {dir: write("#!/no/shell\n", 0o755), want: "Runtime.InvalidEntrypoint: fork/exec /var/task/bootstrap: no such file or directory"},
		"exit":           {init: "exit", want: "Runtime.ExitError: Runtime exited with error: exit status 3", lines: []string{"cannot start"}},
		"no reason":      {dir: write("#!/bin/sh\necho done\n", 0o755), want: "Runtime.ExitError: Runtime exited without providing a reason", lines: []string{"done"}},
		"hang":           {init: "hang", want: context.DeadlineExceeded.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			e := environment{}
			spec := lambda.Spec{Dir: tc.dir, Env: []string{"INIT=" + tc.init}, Output: e.output, MemoryMB: 128}
			if spec.Dir == "" {
				spec.Dir = bundle(t)
			}
			ctx, cancel := t.Context(), context.CancelFunc(func() {})
			if tc.init == "hang" {
				ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
			}
			defer cancel()
			if _, err := r.Start(ctx, spec); message(err) != tc.want {
				t.Errorf("error %v, want %s", err, tc.want)
			}
			if lines := e.take(); !slices.Equal(lines, tc.lines) {
				t.Errorf("lines %q, want %q", lines, tc.lines)
			}
		})
	}
}

// TestDrain checks that all output of a function has arrived when its invocation
// ends, however long it is.
func TestDrain(t *testing.T) { both(t, testDrain) }

func testDrain(t *testing.T, r *process.Runner) {
	e := start(t, r, lambda.Spec{})
	for round := range 200 {
		n := round * 7 % 1500 // up to twice what a pipe holds
		if _, err := e.Invoke(t.Context(), event(t, request{Fill: n, Raw: "end"})); err != nil {
			t.Fatal(err)
		}
		lines := e.take()
		if len(lines) != n+1 || lines[n] != "end" || n > 0 && lines[n-1] != fmt.Sprintf("%0100d", n-1) {
			t.Fatalf("round %d: %d lines, want %d", round, len(lines), n+1)
		}
	}
}

// TestTimeout checks that the end of ctx ends the function and every process that
// it started, and that its output up to then is not lost.
func TestTimeout(t *testing.T) { both(t, testTimeout) }

func testTimeout(t *testing.T, r *process.Runner) {
	listener := listen(t)
	e := start(t, r, lambda.Spec{})
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("out of time")
	done := make(chan error)
	go func() {
		_, err := e.Invoke(ctx, event(t, request{Print: []string{"begin"}, Spawn: listener.Addr().String()}))
		if err == nil {
			_, err = e.Invoke(ctx, event(t, request{Print: []string{"again"}, Dial: listener.Addr().String(), Sleep: time.Minute}))
		}
		done <- err
	}()
	child := accept(t, listener)
	cancel(over)
	if err := <-done; err != over {
		t.Errorf("error %v, want %v", err, over)
	}
	e.Close()
	if e.Alive() {
		t.Error("alive after Close")
	}
	expectEnd(t, child)
	if lines := e.take(); len(lines) == 0 || lines[0] != "begin" {
		t.Errorf("lines %q", lines)
	}
	e.Close()
}

// TestLocalCloudIsKilled checks that functions end when the local cloud receives
// SIGKILL.
func TestLocalCloudIsKilled(t *testing.T) {
	t.Run("isolated", func(t *testing.T) { isolated(t); testLocalCloudIsKilled(t, "isolated") })
	t.Run("plain", func(t *testing.T) { testLocalCloudIsKilled(t, "plain") })
}

func testLocalCloudIsKilled(t *testing.T, mode string) {
	listener := listen(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "local-cloud", mode, listener.Addr().String())
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	function := accept(t, listener)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	expectEnd(t, function)
	_ = cmd.Wait() // killed
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

func accept(t *testing.T, listener net.Listener) net.Conn {
	t.Helper()
	if err := listener.(*net.TCPListener).SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// expectEnd waits until the process at the other end of conn has ended, which is
// when the kernel closes its connections.
func expectEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the process is still running")
	}
}

func TestMaxMemory(t *testing.T) { both(t, testMaxMemory) }

func testMaxMemory(t *testing.T, r *process.Runner) {
	e := start(t, r, lambda.Spec{})
	var peak [2]int
	for i, take := range []int{0, 200} {
		if _, err := e.Invoke(t.Context(), event(t, request{MiB: take})); err != nil {
			t.Fatal(err)
		}
		peak[i] = e.MaxMemoryMB()
	}
	if linux && (peak[0] == 0 || peak[1] < peak[0]+190) || !linux && peak != [2]int{} {
		t.Errorf("peak memory %d MiB, and %d MiB after allocating another 200", peak[0], peak[1])
	}
}

// BenchmarkWarmInvoke runs events in one environment. It also reports the time that the
// processors spend on each in this process, which other processes influence less.
func BenchmarkWarmInvoke(b *testing.B) {
	e := start(b, process.New(), lambda.Spec{})
	ev := event(b, request{})
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		if _, err := e.Invoke(b.Context(), ev); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// processorTime returns the time that this process has used the processors.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkColdStart measures the time from the start of an environment to its first
// request for an event.
func BenchmarkColdStart(b *testing.B) {
	run := func(r *process.Runner) func(*testing.B) {
		return func(b *testing.B) {
			spec := lambda.Spec{Dir: bundle(b), MemoryMB: 2048, Output: func(string) {}}
			for b.Loop() {
				e, err := r.Start(b.Context(), spec)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				e.Close()
				b.StartTimer()
			}
		}
	}
	b.Run("isolated", func(b *testing.B) { run(isolated(b))(b) })
	b.Run("plain", run(process.WithoutIsolation()))
}
