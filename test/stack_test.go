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

	if out, err := w.run("cd infra && pulumi version && PULUMI_BACKEND_URL=file://$PWD/.. PULUMI_CONFIG_PASSPHRASE= pulumi --non-interactive preview --stack local"); err == nil {
		t.Fatalf("a preview without a local cloud succeeded:\n%s", out)
	}

	w.start()
	w.mustPulumi("stack init local")
	w.mustPulumi("up --yes --skip-preview --stack local")
	w.unchanged("after up")
	w.mustPulumi("refresh --yes --stack local")
	w.unchanged("after refresh")
	out := w.outputs()
	w.adds(ctx, out)

	t.Run("exact", func(t *testing.T) {
		// 2^200 and 2^200 + 1, by a means other than the code under test.
		const power, sum = "1606938044258990275541962092341162602522202993782792835301376", "1606938044258990275541962092341162602522202993782792835301377"
		body := fmt.Sprintf(`{"num1":%s,"num2":1}`, power)
		if got := w.post(t, out["apiUrl"]+"add", body); !strings.Contains(got, `"sum":`+sum) {
			t.Errorf("over HTTP: %s", got)
		}
		id := w.publish(ctx, out["numbersTopicArn"], body)
		w.logged(ctx, "handle-message", id, `"sum":`+sum)
	})

	t.Run("aws cli", func(t *testing.T) { w.awsCLI(ctx, t, out) })

	t.Run("an environment killed", func(t *testing.T) {
		w.must(fmt.Sprintf("pkill -KILL -P %d", w.status().PID))
		w.adds(ctx, out)
	})

	t.Run("a restart", func(t *testing.T) {
		before := w.status()
		w.must("localcloud stop")
		w.must(fmt.Sprintf("localcloud start --detach --port %d --provider-port %d", before.Config.Port, before.Config.ProviderPort))
		w.unchanged("after a restart")
		w.adds(ctx, out)
	})

	t.Run("a crash", func(t *testing.T) {
		before := w.status()
		if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		w.must(fmt.Sprintf("localcloud start --detach --port %d --provider-port %d", before.Config.Port, before.Config.ProviderPort))
		w.unchanged("after a crash")
		w.mustPulumi("refresh --yes --stack local")
		w.unchanged("after a crash and a refresh")
		w.adds(ctx, out)
	})

	t.Run("new code", func(t *testing.T) {
		w.replace("functions/handle-message/handler.go", `"sum"`, `"the sum"`)
		up := w.mustPulumi("up --yes --skip-preview --stack local")
		if !strings.Contains(up, "1 updated") {
			t.Errorf("one function changed, but:\n%s", up)
		}
		id := w.publish(ctx, out["numbersTopicArn"], `{"num1":"3","num2":"4"}`)
		w.logged(ctx, "handle-message", id, `"msg":"the sum"`)
		w.unchanged("after new code")
	})

	t.Run("code that does not compile", func(t *testing.T) {
		w.replace("functions/handle-message/handler.go", `"the sum"`, `"the sum`)
		got, err := w.pulumi("preview --stack local")
		if err == nil || !strings.Contains(got, "handle-message") || !strings.Contains(got, "handler.go:") {
			t.Errorf("the preview does not name the function and the line: %v\n%s", err, got)
		}
		w.replace("functions/handle-message/handler.go", `"the sum`, `"sum"`)
	})

	t.Run("destroy", func(t *testing.T) {
		w.mustPulumi("destroy --yes --skip-preview --stack local")
		if resp, err := http.Get(out["apiUrl"] + "add?num1=3&num2=4"); err == nil {
			resp.Body.Close()
			t.Errorf("the API still answers: %s", resp.Status)
		}
		if got := w.must("localcloud status"); strings.Contains(got, "function") || strings.Contains(got, "topic") {
			t.Errorf("destroy left:\n%s", got)
		}
	})
}

// adds checks that the deployed stack adds 3 and 4 over HTTP and over SNS.
func (w *workspace) adds(ctx context.Context, out map[string]string) {
	w.t.Helper()
	if got, want := w.post(w.t, out["apiUrl"]+"add", `{"num1":3,"num2":4}`), `{"num1":3,"num2":4,"sum":7}`; strings.TrimSpace(got) != want {
		w.t.Errorf("POST /add answered %s, want %s", got, want)
	}
	id := w.publish(ctx, out["numbersTopicArn"], `{"num1":"3","num2":"4"}`)
	w.logged(ctx, "handle-message", id, `"sum":7`)
}

// post sends JSON and returns the body of a 200.
func (w *workspace) post(t *testing.T, url, body string) string {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s %s", url, resp.Status, raw)
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
