package process_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tally/localcloud/internal/peer"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process"
	"tally/localcloud/lambda/runtimeapi"
)

// TestEscape checks that a process ends with its environment even if it has left the
// session of its function and its parent has ended.
func TestEscape(t *testing.T) { both(t, testEscape) }

func testEscape(t *testing.T, r *process.Runner) {
	listener := listen(t)
	_, port, _ := strings.Cut(listener.Addr().String(), ":")
	e := start(t, r, lambda.Spec{})
	if _, err := e.Invoke(t.Context(), event(t, request{Spawn: listener.Addr().String(), Leave: true})); err != nil {
		t.Fatal(err)
	}
	child := accept(t, listener)
	// The shell ends, and the kernel gives its child another parent.
	e.shell(t, "setsid bash -c 'exec 3<>/dev/tcp/127.0.0.1/"+port+"; read x <&3' > /dev/null 2>&1 &")
	orphan := accept(t, listener)
	e.Close()
	expectEnd(t, child)
	expectEnd(t, orphan)
}

// TestExitEndsOrphans checks the same for a function that exits by itself.
func TestExitEndsOrphans(t *testing.T) {
	both(t, func(t *testing.T, r *process.Runner) {
		listener := listen(t)
		e := start(t, r, lambda.Spec{})
		if _, err := e.Invoke(t.Context(), event(t, request{Spawn: listener.Addr().String(), Leave: true})); err != nil {
			t.Fatal(err)
		}
		child := accept(t, listener)
		if _, err := e.Invoke(t.Context(), event(t, request{Exit: 1})); err == nil {
			t.Error("the function has not ended")
		}
		expectEnd(t, child)
	})
}

// TestMemoryOfChildren checks that the memory of all processes of an environment counts
// toward its limit, even if they have left the session of the function.
func TestMemoryOfChildren(t *testing.T) { both(t, testMemoryOfChildren) }

// raceDetector is whether the tests run with the race detector.
var raceDetector bool

func testMemoryOfChildren(t *testing.T, r *process.Runner) {
	if raceDetector {
		t.Skip("the race detector multiplies the memory of processes; tools/test.sh also runs this test without it")
	}
	listener := listen(t)
	e := start(t, r, lambda.Spec{MemoryMB: 400})
	in := request{MiB: 150, Spawn: listener.Addr().String(), SpawnMiB: "150", Leave: true}
	if _, err := e.Invoke(t.Context(), event(t, in)); err != nil {
		t.Fatalf("start a second process of 150 MiB: %v (%d MiB)", err, e.MaxMemoryMB())
	}
	child := accept(t, listener) // it has allocated its memory
	if _, err := e.Invoke(t.Context(), event(t, request{Sleep: 500 * time.Millisecond})); err != nil || e.MaxMemoryMB() < 300 {
		t.Fatalf("two processes of 150 MiB used %d MiB: %v", e.MaxMemoryMB(), err)
	}
	in.Sleep = time.Minute
	if _, err := e.Invoke(t.Context(), event(t, in)); message(err) != "Runtime.ExitError: Runtime exited with error: signal: killed" {
		t.Errorf("three processes of 150 MiB: %v (%d MiB)", err, e.MaxMemoryMB())
	}
	expectEnd(t, child)
}

// TestOthersCannotCallTheRuntimeAPI checks that only the processes of an environment can
// use its Runtime API, and no web page at all.
func TestOthersCannotCallTheRuntimeAPI(t *testing.T) { both(t, testOthersCannotCall) }

func testOthersCannotCall(t *testing.T, r *process.Runner) {
	if err := peer.Available(); err != nil {
		t.Skip(err)
	}
	one, two := start(t, r, lambda.Spec{}), start(t, r, lambda.Spec{})
	const curl = `exec 3<>/dev/tcp/${%s/:/\/}; printf 'POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n%s\r\n' >&3; head -n 1 <&3`
	call := func(e *environment, api, header string) string {
		script := fmt.Sprintf(curl, "API", header)
		return e.shell(t, "API="+api+" bash -c '"+strings.ReplaceAll(script, "'", `'\''`)+"'")
	}
	own := "$AWS_LAMBDA_RUNTIME_API"
	if got := call(one, own, ""); !strings.Contains(got, "400 Bad Request") { // the request ID is invalid
		t.Errorf("its own child: %s", got)
	}
	if got := call(one, own, `Sec-Fetch-Site: cross-site\r\n`); !strings.Contains(got, "403 Forbidden") {
		t.Errorf("a web page: %s", got)
	}
	if got := call(one, own, `Origin: null\r\n`); !strings.Contains(got, "403 Forbidden") {
		t.Errorf("a web page: %s", got)
	}
	other := two.shell(t, "echo $AWS_LAMBDA_RUNTIME_API")
	if got := call(one, other, ""); !strings.Contains(got, "403 Forbidden") {
		t.Errorf("another function: %s", got)
	}
	client := http.Client{Timeout: 5 * time.Second} // the request for the next event would wait
	res, err := client.Get("http://" + other + "/2018-06-01/runtime/invocation/next")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusForbidden || !strings.Contains(string(body), "not from a process of this execution environment") {
		t.Errorf("this process: %s %s", res.Status, body)
	}
}

// TestParentIsClosed checks that a function that runs as the developer cannot read the
// environment and the memory of the local cloud, its parent.
func TestParentIsClosed(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"plain", "isolated"} {
		t.Run(mode, func(t *testing.T) {
			// Not root, who may read everything.
			program := self
			cmd := exec.Command(program, "read-parent", mode)
			if os.Geteuid() == 0 {
				dir, err := os.MkdirTemp("", "parent")
				if err != nil {
					t.Fatal(err)
				}
				defer os.RemoveAll(dir)
				if err := os.Chown(dir, 59993, 59993); err != nil {
					t.Fatal(err)
				}
				cmd.Path = filepath.Join(dir, "test")
				copyFile(t, self, cmd.Path)
				cmd.Dir = dir
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 59993, Gid: 59993}}
			}
			cmd.Env = []string{"SECRET=the-developers-own", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + cmd.Dir}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if strings.Contains(string(out), "no isolation") {
				t.Skip(string(out))
			}
			want := map[string]string{"plain": "Permission denied", "isolated": "No such file or directory"}[mode]
			if strings.Count(string(out), want) != 2 || strings.Contains(string(out), "the-developers-own") {
				t.Errorf("the function printed %s, want %q for its parent's environment and memory", out, want)
			}
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func init() { readParent = printParent }

func printParent(mode string) {
	r := process.WithoutIsolation()
	if mode == "isolated" {
		if err := process.Isolation(); err != nil {
			fmt.Println("no isolation:", err)
			return
		}
		r = process.New()
	}
	dir, err := os.MkdirTemp("", "bundle")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	link(log.Fatal, dir)
	env, err := r.Start(context.Background(), lambda.Spec{Dir: dir, MemoryMB: 2048, Env: []string{"PATH=" + os.Getenv("PATH")}, Output: func(string) {}})
	if err != nil {
		log.Fatal(err)
	}
	defer env.Close()
	shell := fmt.Sprintf("cat /proc/%[1]d/environ /proc/%[1]d/mem | tr '\\0' '\\n'", os.Getpid())
	payload, err := json.Marshal(request{Shell: shell})
	if err != nil {
		log.Fatal(err)
	}
	res, err := env.Invoke(context.Background(), runtimeapi.Event{RequestID: "id", Payload: payload, Deadline: time.Now().Add(time.Hour)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(res.Payload))
}
