package test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tally/internal/project"
	"tally/localcloud/localcloudtest"
)

// workspace is the folder of a Pulumi program with a local cloud on free ports,
// used through the command line.
type workspace struct {
	t   *testing.T
	dir string
	bin string   // the folder of the localcloud binary
	env []string // additional environment variables
}

// step runs a subtest in the same workspace.
func (w *workspace) step(name string, run func(w *workspace)) {
	w.t.Run(name, func(t *testing.T) {
		inner := *w
		inner.t = t
		run(&inner)
	})
}

// newWorkspace builds localcloud for the program in folder dir. The local cloud
// is stopped when the test ends.
func newWorkspace(t *testing.T, dir string) *workspace {
	t.Helper()
	w := &workspace{t: t, dir: dir, bin: t.TempDir()}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", w.bin, "./cmd/localcloud")
	build.Dir = "../localcloud"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build localcloud: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, ".localcloud", "localcloud.log"))
			t.Logf("the local cloud's log:\n%s", log)
		}
		w.run("localcloud stop --state .localcloud")
	})
	return w
}

// copyProject copies this project into a temporary folder.
func copyProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := project.Copy(t.Context(), "..", dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a shell script in the workspace, with localcloud and pulumi on PATH,
// and returns its output.
func (w *workspace) run(script string) (string, error) {
	var both bytes.Buffer
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = w.dir
	cmd.Env = w.environment()
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	return both.String(), err
}

// environment returns the test's environment without any variable that could
// select a real account, with credentials that must never reach a function, and
// with a default port that is not that of the developer's local cloud.
func (w *workspace) environment() []string {
	env := append(project.Environ(w.bin), developersKeys...)
	return append(append(env, "LOCALCLOUD_PORT=1"), w.env...) // nothing listens there
}

const developersKey = "the-developers-own-key"

// developersKeys stand for the developer's real credentials and environment
// variables, none of which may reach a function.
var developersKeys = []string{"AWS_ACCESS_KEY_ID=" + developersKey, "AWS_SECRET_ACCESS_KEY=" + developersKey, "_LAMBDA_SERVER_PORT=1"}

// must runs a script and fails the test if the script fails.
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

// pulumi runs a pulumi command after eval "$(localcloud env)".
func (w *workspace) pulumi(args string) (string, error) {
	return w.run(`eval "$(localcloud env)"; pulumi --non-interactive ` + args)
}

// mustPulumi runs a pulumi command and fails the test if the command fails.
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

// outputs returns the outputs of the stack named local that are strings.
func (w *workspace) outputs() map[string]string {
	w.t.Helper()
	var all map[string]any
	raw := w.mustPulumi("stack output --stack local --json")
	if err := json.Unmarshal([]byte(raw), &all); err != nil {
		w.t.Fatalf("outputs: %v\n%s", err, raw)
	}
	return onlyStrings(all)
}

// status returns the status of the local cloud.
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

// deployed returns the deployed stack, for steps that use it with the AWS SDK
// and over HTTP.
func (w *workspace) deployed() deployed {
	w.t.Helper()
	return deployed{w.t, localcloudtest.Connect(w.t, w.status().Config.Port), w.outputs()}
}
