package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tally/internal/project"
)

// workspace is a copy of the project, or another Pulumi program's folder, with
// a local cloud of its own on free ports.
type workspace struct {
	t   *testing.T
	dir string
	bin string // the folder of localcloud
}

// step runs a subtest in the same workspace.
func (w *workspace) step(name string, run func(w *workspace)) {
	w.t.Run(name, func(t *testing.T) {
		inner := *w
		inner.t = t
		run(&inner)
	})
}

// newWorkspace makes one over folder dir and registers its end: no local cloud
// outlives its test.
func newWorkspace(t *testing.T, dir string) *workspace {
	t.Helper()
	w := &workspace{t: t, dir: dir, bin: t.TempDir()}
	build := exec.Command("go", "build", "-o", w.bin, "./cmd/localcloud")
	build.Dir = "../localcloud"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build localcloud: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, ".localcloud", "localcloud.log"))
			t.Logf("the local cloud's log:\n%s", log)
		}
		w.run("localcloud stop")
	})
	return w
}

// copyProject copies this project into a folder of the test's.
func copyProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := project.Copy(t.Context(), "..", dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a shell script in the workspace, where localcloud and pulumi are on
// PATH, and returns what it printed.
func (w *workspace) run(script string) (string, error) {
	var both bytes.Buffer
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = w.dir
	cmd.Env = w.environment()
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	return both.String(), err
}

// environment is the test's own without anything that could lead to a real
// account, and with keys that must never reach a function.
func (w *workspace) environment() []string {
	pinned, err := filepath.Abs("../bin/pulumi")
	if err != nil {
		w.t.Fatal(err)
	}
	return append(project.Environ(w.bin, pinned),
		"AWS_ACCESS_KEY_ID="+developerKey, "AWS_SECRET_ACCESS_KEY="+developerKey, "_LAMBDA_SERVER_PORT=1")
}

// developerKey stands for the developer's real credentials.
const developerKey = "the-developers-own-key"

// must runs a script that has to succeed.
func (w *workspace) must(script string) string {
	w.t.Helper()
	out, err := w.run(script)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// start starts a detached local cloud on free ports.
func (w *workspace) start(flags ...string) {
	w.t.Helper()
	w.must("localcloud start --detach --port 0 --provider-port 0 --api-port 0 " + strings.Join(flags, " "))
}

// pulumi runs the CLI as a person does after eval "$(localcloud env)".
func (w *workspace) pulumi(args string) (string, error) {
	return w.run(`eval "$(localcloud env)"; pulumi --non-interactive ` + args)
}

// mustPulumi runs a pulumi command that has to succeed.
func (w *workspace) mustPulumi(args string) string {
	w.t.Helper()
	out, err := w.pulumi(args)
	if err != nil {
		w.t.Fatalf("pulumi %s: %v\n%s", args, err, out)
	}
	return out
}

// unchanged fails the test unless a preview shows no change.
func (w *workspace) unchanged(when string) {
	w.t.Helper()
	if out, err := w.pulumi("preview --stack local --diff --expect-no-changes"); err != nil {
		w.t.Errorf("preview %s: %v\n%s", when, err, out)
	}
}

// outputs are the stack's.
func (w *workspace) outputs() map[string]string {
	w.t.Helper()
	var out map[string]string
	raw := w.mustPulumi("stack output --stack local --json")
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		w.t.Fatalf("outputs: %v\n%s", err, raw)
	}
	return out
}

// status is the local cloud's.
func (w *workspace) status() (s struct {
	PID    int
	Config struct{ Port, ProviderPort int }
}) {
	w.t.Helper()
	raw := w.must("localcloud status --json")
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		w.t.Fatalf("status: %v\n%s", err, raw)
	}
	return s
}

// sdk is the configuration of an AWS SDK client of the local cloud.
func (w *workspace) sdk() aws.Config {
	w.t.Helper()
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(fmt.Sprintf("http://127.0.0.1:%d", w.status().Config.Port)),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// logged waits until the function's log has a line with every one of the
// words, and returns it.
func (w *workspace) logged(ctx context.Context, function string, words ...string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(w.bin, "localcloud"), "logs", "--follow", function)
	cmd.Dir, cmd.Stderr = w.dir, &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	line, err := firstLine(out, words)
	cancel()
	_ = cmd.Wait() // killed: only what it said before matters
	if err != nil {
		w.t.Fatalf("%s logged no line with %q: %v\n%s", function, words, err, &errs)
	}
	return line
}
