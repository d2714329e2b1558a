// Package test proves the whole: the real Pulumi engine deploys the real
// program with the real function bundles to the local cloud.
package test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// TestStack is the life of a stack. Its steps follow each other: each needs
// what the ones before it left.
func TestStack(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	w := newWorkspace(t, copyProject(t))

	w.start()
	w.mustPulumi("stack init local")
	w.step("without the local cloud", func(w *workspace) {
		out, err := w.run(`eval "$(localcloud env)"; unset PULUMI_DEBUG_PROVIDERS; pulumi --non-interactive preview --stack local`)
		if err == nil || !strings.Contains(out, "make up") {
			w.t.Errorf("the program ran, or does not say what to do: %v\n%s", err, out)
		}
	})
	w.mustPulumi("up --yes --skip-preview --stack local")
	w.unchanged("after up")
	w.mustPulumi("refresh --yes --stack local")
	w.unchanged("after refresh")
	out := w.outputs()
	w.adds(ctx, out)

	w.step("exact", func(w *workspace) {
		// 2^200 and 2^200 + 1, by a means other than the code under test.
		const power, sum = "1606938044258990275541962092341162602522202993782792835301376", "1606938044258990275541962092341162602522202993782792835301377"
		body := fmt.Sprintf(`{"num1":%s,"num2":1}`, power)
		if got := w.post(out["apiUrl"]+"add", body); !strings.Contains(got, `"sum":`+sum) {
			w.t.Errorf("over HTTP: %s", got)
		}
		id := w.publish(ctx, out["numbersTopicArn"], body)
		w.logged(ctx, out["handleMessageFunction"], id, `"sum":`+sum)
	})

	w.step("bad input", func(w *workspace) { w.refusesBadInput(ctx, out) })
	w.step("aws cli", func(w *workspace) { w.awsCLI(ctx, out) })

	w.step("an environment killed", func(w *workspace) {
		pid := w.status().PID
		w.must(fmt.Sprintf("pkill -KILL -P %[1]d; while pgrep -P %[1]d; do :; done", pid))
		w.adds(ctx, out)
	})

	w.step("a restart", func(w *workspace) {
		before := w.status()
		w.must("localcloud stop")
		w.must(fmt.Sprintf("localcloud start --detach --port %d --provider-port %d", before.Config.Port, before.Config.ProviderPort))
		w.unchanged("after a restart")
		w.adds(ctx, out)
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
		w.adds(ctx, out)
	})

	w.step("new code", func(w *workspace) {
		w.replace("functions/handle-message/handler.go", `"sum", "messageId"`, `"the sum", "messageId"`)
		up := w.mustPulumi("up --yes --skip-preview --stack local")
		if !strings.Contains(up, "2 updated") { // the function and its alias
			w.t.Errorf("one function changed, but:\n%s", up)
		}
		id := w.publish(ctx, out["numbersTopicArn"], `{"num1":"3","num2":"4"}`)
		w.logged(ctx, out["handleMessageFunction"], id, `"msg":"the sum"`)
		w.unchanged("after new code")
	})

	w.step("code that does not compile", func(w *workspace) {
		w.replace("functions/handle-message/handler.go", `"the sum", "messageId"`, `"the sum, "messageId"`)
		got, err := w.pulumi("preview --stack local")
		if err == nil || !strings.Contains(got, "handle-message") || !strings.Contains(got, "handler.go:") {
			w.t.Errorf("the preview does not name the function and the line: %v\n%s", err, got)
		}
		w.replace("functions/handle-message/handler.go", `"the sum, "messageId"`, `"the sum", "messageId"`)
	})

	w.step("destroy", func(w *workspace) {
		w.mustPulumi("destroy --yes --skip-preview --stack local")
		if resp, err := http.Get(out["apiUrl"] + "add?num1=3&num2=4"); err == nil {
			resp.Body.Close()
			w.t.Errorf("the API still answers: %s", resp.Status)
		}
		if got := w.must("localcloud status"); strings.Contains(got, "function") || strings.Contains(got, "topic") {
			w.t.Errorf("destroy left:\n%s", got)
		}
	})
}

// adds checks that the deployed stack adds 3 and 4 over HTTP and over SNS.
func (w *workspace) adds(ctx context.Context, out map[string]string) {
	w.t.Helper()
	if got, want := w.post(out["apiUrl"]+"add", `{"num1":3,"num2":4}`), `{"num1":3,"num2":4,"sum":7}`; strings.TrimSpace(got) != want {
		w.t.Errorf("POST /add answered %s, want %s", got, want)
	}
	id := w.publish(ctx, out["numbersTopicArn"], `{"num1":"3","num2":"4"}`)
	w.logged(ctx, out["handleMessageFunction"], id, `"sum":7`)
}

// post sends JSON and returns the body of a 200.
func (w *workspace) post(url, body string) string {
	w.t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		w.t.Errorf("%s: %s %s", url, resp.Status, raw)
	}
	return string(raw)
}

// publish sends a message with the official SDK and returns its id.
func (w *workspace) publish(ctx context.Context, topic, message string) string {
	w.t.Helper()
	sent, err := sns.NewFromConfig(w.sdk()).Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: &message})
	if err != nil {
		w.t.Fatalf("publish: %v", err)
	}
	return *sent.MessageId
}

// replace edits one file of the workspace.
func (w *workspace) replace(name, old, new string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	raw, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(string(raw), old) {
		w.t.Fatalf("%s does not hold %s", name, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), old, new, 1)), 0o644); err != nil {
		w.t.Fatal(err)
	}
}
