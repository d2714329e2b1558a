package test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os/exec"
	"testing"
	"time"
)

// TestDebug sets a breakpoint through delve's API, hits it with a request, stays there for
// longer than the function's timeout, and continues. Afterwards, the function runs as before.
func TestDebug(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	port := freePort(t)
	d := startDev(ctx, t, fmt.Sprintf("-debug add-numbers -dlv %s -port %d", buildDelve(ctx, t), port), "tally:timeout 1")
	d.expect(fmt.Sprintf(`add-numbers +runs under delve, whose port is 127.0.0.1:%d`, port))
	d.api = d.outputs()["apiUrl"]
	client, err := jsonrpc.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	debugger := delve{t, client}
	debugger.command("halt")
	var created struct{ Breakpoint breakpoint }
	debugger.call("CreateBreakpoint", map[string]any{"Breakpoint": map[string]any{"functionName": "main.handler.handle", "line": -1}}, &created)
	stopped := make(chan delveState)
	go func() { stopped <- debugger.command("continue") }()
	status := make(chan int)
	go func() {
		code, _ := d.add("3")
		status <- code
	}()
	at := <-stopped
	if at.CurrentThread == nil || at.CurrentThread.File != "tally/functions/add-numbers/handler.go" || at.CurrentThread.Line != created.Breakpoint.Line {
		t.Fatalf("stopped at %+v, not at the breakpoint %+v", at.CurrentThread, created.Breakpoint)
	}
	var path struct{ Variable struct{ Value string } }
	debugger.call("Eval", map[string]any{"Scope": map[string]any{"GoroutineID": -1}, "Expr": "r.RawPath"}, &path)
	if path.Variable.Value != "/add" {
		t.Errorf("r.RawPath is %q", path.Variable.Value)
	}
	select {
	case code := <-status:
		t.Errorf("the response %d arrived at the breakpoint", code)
	case <-time.After(3 * time.Second): // longer than the function's timeout
	}
	debugger.call("ClearBreakpoint", map[string]any{"Id": created.Breakpoint.ID}, new(any))
	client.Go("RPCServer.Command", map[string]any{"name": "continue"}, new(any), nil) // it returns when the debugger ends
	if code := <-status; code != http.StatusOK {
		t.Errorf("the response after the breakpoint is %d", code)
	}

	d.press("q")
	if err := d.wait(); err != nil {
		t.Errorf("dev: %v", err)
	}
	if code, _ := d.add("3"); code != http.StatusOK {
		t.Errorf("afterwards: %d", code)
	}
	if conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second); err == nil {
		conn.Close()
		t.Error("afterwards, the debugger still listens")
	}
	d.unchanged("after q")
}

// delve is a client of delve's API.
//
// https://github.com/go-delve/delve/blob/master/Documentation/api/json-rpc/README.md
type delve struct {
	t      *testing.T
	client *rpc.Client
}

// delveState is the state in which the debugged program has stopped.
type delveState struct {
	CurrentThread *struct {
		File string
		Line int
	} `json:"currentThread"`
}

type breakpoint struct {
	ID   int `json:"id"`
	Line int `json:"line"`
}

func (d delve) call(method string, in, out any) {
	if err := d.client.Call("RPCServer."+method, in, out); err != nil {
		d.t.Errorf("%s: %v", method, err)
	}
}

// command returns when the program has stopped again.
func (d delve) command(name string) delveState {
	var out struct{ State delveState }
	d.call("Command", map[string]any{"name": name}, &out)
	return out.State
}

// buildDelve builds the pinned delve and returns its path.
func buildDelve(ctx context.Context, t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/dlv"
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", path, "github.com/go-delve/delve/cmd/dlv")
	build.Dir = "../tools/delve"
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build delve: %v\n%s", err, out)
	}
	return path
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
