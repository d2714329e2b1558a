package test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tally/localcloud/localcloudtest"
)

// TestNewFunction runs the commands of the README that add functions, one of each kind, in a
// copy of this project. It proves that the functions are deployed and are invoked at once,
// that the tests pass after make generate's first step, and that nothing remains once the
// functions are removed.
func TestNewFunction(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	dir := copyProject(t)
	cloud := localcloudtest.Start(t)
	stack := cloud.Deploy(ctx, localcloudtest.Program{Dir: dir})
	before := cloud.Status(ctx).Resources

	edited := []string{"infra/main.go", "docs/openapi.yaml"}
	original := map[string][]byte{}
	for _, name := range edited {
		original[name] = readFile(t, filepath.Join(dir, name))
	}
	for line := range strings.Lines(newFunctionCommands(t)) {
		runIn(ctx, t, dir, "sh", "-ec", line)
	}
	if out := runIn(ctx, t, dir, "gofmt", "-l", "functions", "infra"); out != "" {
		t.Errorf("not formatted: %s", out)
	}
	up(ctx, t, stack)
	d := deployed{t, cloud, outputs(ctx, t, stack)}

	d.step("a request", func(d deployed) {
		resp, err := http.Post(d.out["apiUrl"]+"greet", "application/json", strings.NewReader("{}"))
		if err != nil {
			d.t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || string(body) != `{"message":"Hello from greet."}` {
			d.t.Errorf("%s %s, %v", resp.Status, body, err)
		}
	})
	d.step("a topic", func(d deployed) {
		id := d.publish(ctx, `{"num1":1,"num2":2}`)
		d.cloud.WaitForLog(ctx, "audit", `"message processed"`, id)
	})
	d.step("a queue", func(d deployed) {
		url, good, bad := d.out["ordersQueueUrl"], `{"order":1}`, `order 2`
		client := sqs.NewFromConfig(d.cloud.AWSConfig())
		for text, logged := range map[string]string{good: `"message processed"`, bad: `"the message is not JSON"`} {
			sent, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text})
			if err != nil {
				d.t.Fatal(err)
			}
			d.cloud.WaitForLog(ctx, "pack", logged, *sent.MessageId)
		}
	})
	d.step("a schedule", func(d deployed) { d.cloud.WaitForLog(ctx, "report", `"message":"run"`) })

	// All but the graphs of make generate, which take minutes.
	runIn(ctx, t, dir, "go", "test", "./infra", "-update")
	runIn(ctx, t, dir, "go", "test", "./infra", "./functions/greet", "./functions/audit", "./functions/pack", "./functions/report")
	runIn(ctx, t, filepath.Join(dir, "test"), "go", "test", "-run", "TestOpenAPI", ".")

	for name, content := range original {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"greet", "audit", "pack", "report"} {
		if err := os.RemoveAll(filepath.Join(dir, "functions", name)); err != nil {
			t.Fatal(err)
		}
	}
	up(ctx, t, stack)
	if after := cloud.Status(ctx).Resources; len(after) != len(before) {
		t.Errorf("there are %d resources, not %d as before:\n%v", len(after), len(before), after)
	}
}

// newFunctionCommands returns the commands of the README's section about adding functions.
func newFunctionCommands(t *testing.T) string {
	t.Helper()
	_, section, _ := strings.Cut(string(readFile(t, "../README.md")), "\n## Adding a function\n")
	_, block, _ := strings.Cut(section, "```sh\n")
	commands, _, ok := strings.Cut(block, "```")
	if !ok || strings.Count(commands, "make new-function ") != 4 {
		t.Fatalf("the README's commands are %q", commands)
	}
	return commands
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// runIn runs a command in a folder and returns its output. It fails the test if the command
// fails.
func runIn(ctx context.Context, t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
