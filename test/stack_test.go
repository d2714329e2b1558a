package test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStack tests the life cycle of a stack through the command line. Each step
// starts from the state that the previous step left.
func TestStack(t *testing.T) {
	w := newWorkspace(t, copyProject(t))
	t.Parallel() // the time counts from when it runs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()

	w.start()
	w.mustPulumi("stack init local")
	w.step("without the local cloud", func(w *workspace) {
		out, err := w.run(`eval "$(localcloud env)"; unset PULUMI_DEBUG_PROVIDERS; pulumi --non-interactive preview --stack local`)
		if err == nil || !strings.Contains(out, "make up") {
			w.t.Errorf("the program ran, or its error does not mention make up: %v\n%s", err, out)
		}
	})
	w.mustPulumi("up --yes --skip-preview --stack local")
	w.unchanged("after up")
	w.mustPulumi("refresh --yes --stack local")
	w.unchanged("after refresh")
	d := w.deployed()
	d.adds(ctx)

	d.step("exact", func(d deployed) {
		// 2^200 and 2^200 + 1, computed without the code under test.
		const power, sum = "1606938044258990275541962092341162602522202993782792835301376", "1606938044258990275541962092341162602522202993782792835301377"
		body := fmt.Sprintf(`{"num1":%s,"num2":1}`, power)
		if got := d.post(body); !strings.Contains(got, `"sum":`+sum) {
			d.t.Errorf("over HTTP: %s", got)
		}
		id := d.publish(ctx, body)
		d.cloud.WaitForLog(ctx, "handle-message", id, `"sum":`+sum)
	})

	d.step("bad input", func(d deployed) { d.refusesBadInput(ctx) })
	d.step("aws cli", func(d deployed) { d.awsCLI(ctx) })
	w.step("another program", func(w *workspace) { w.anotherProgram(ctx) })

	w.step("a killed execution environment", func(w *workspace) {
		pid := w.status().PID
		w.must(fmt.Sprintf("pkill -KILL -P %[1]d; while pgrep -P %[1]d; do :; done", pid))
		w.deployed().adds(ctx)
	})

	w.step("a restart", func(w *workspace) {
		before := w.status()
		w.must("localcloud stop")
		w.must(fmt.Sprintf("localcloud start --detach --port %d --provider-port %d", before.Config.Port, before.Config.ProviderPort))
		w.unchanged("after a restart")
		w.deployed().adds(ctx)
	})

	w.step("a crash", func(w *workspace) {
		before := w.status()
		if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
			w.t.Fatal(err)
		}
		w.must(fmt.Sprintf("localcloud start --detach --port %d --provider-port %d", before.Config.Port, before.Config.ProviderPort))
		w.unchanged("after a crash")
		w.mustPulumi("refresh --yes --stack local")
		w.unchanged("after a crash and a refresh")
		w.deployed().adds(ctx)
	})

	w.step("new code", func(w *workspace) {
		replace(w.t, w.dir, "functions/handle-message/handler.go", `"sum", "messageId"`, `"the sum", "messageId"`)
		up := w.mustPulumi("up --yes --skip-preview --stack local")
		if !strings.Contains(up, "2 updated") { // the function and its alias
			w.t.Errorf("one function changed, want 2 updated resources:\n%s", up)
		}
		d := w.deployed()
		id := d.publish(ctx, `{"num1":"3","num2":"4"}`)
		d.cloud.WaitForLog(ctx, "handle-message", id, `"message":"the sum"`)
		w.unchanged("after new code")
	})

	w.step("code that does not compile", func(w *workspace) {
		replace(w.t, w.dir, "functions/handle-message/handler.go", `"the sum", "messageId"`, `"the sum, "messageId"`)
		got, err := w.pulumi("preview --stack local")
		if err == nil || !strings.Contains(got, "handle-message") || !strings.Contains(got, "handler.go:") {
			w.t.Errorf("the preview does not name the function and the line: %v\n%s", err, got)
		}
		replace(w.t, w.dir, "functions/handle-message/handler.go", `"the sum, "messageId"`, `"the sum", "messageId"`)
	})

	w.step("destroy", func(w *workspace) {
		w.mustPulumi("destroy --yes --skip-preview --stack local")
		if resp, err := http.Get(d.out["apiUrl"] + "add?num1=3&num2=4"); err == nil {
			resp.Body.Close()
			w.t.Errorf("the API still responds: %s", resp.Status)
		}
		if got := w.must("localcloud status"); strings.Contains(got, "function") || strings.Contains(got, "topic") {
			w.t.Errorf("destroy left resources:\n%s", got)
		}
	})
}
