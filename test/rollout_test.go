package test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"tally/localcloud/localcloudtest"
)

// rollouts is a deployed stack with the command that moves its functions.
type rollouts struct {
	deployed
	stack   *localcloudtest.Stack
	dir     string // of the program
	command string
}

// newRollouts deploys the stack with a strategy, and builds cmd/rollout.
func newRollouts(ctx context.Context, t *testing.T, strategy string) rollouts {
	t.Helper()
	r := rollouts{dir: copyProject(t), command: filepath.Join(t.TempDir(), "rollout")}
	build := exec.CommandContext(ctx, "go", "build", "-o", r.command, "./cmd/rollout")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build rollout: %v\n%s", err, out)
	}
	cloud := localcloudtest.Start(t)
	r.stack = cloud.Deploy(ctx, localcloudtest.Program{Dir: r.dir, Config: map[string]string{"tally:rollout": strategy}})
	r.deployed = deployed{t, cloud, outputs(ctx, t, r.stack)}
	return r
}

// start returns the command, which is interrupted when ctx ends.
func (r rollouts) start(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.command, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir, cmd.Env = r.dir, r.cloud.Environ()
	return cmd
}

// rollout runs the command and returns its output.
func (r rollouts) rollout(ctx context.Context, args ...string) (string, error) {
	out, err := r.start(ctx, args...).CombinedOutput()
	return string(out), err
}

// mustRollout runs the command and fails the test if it fails.
func (r rollouts) mustRollout(ctx context.Context, args ...string) {
	r.t.Helper()
	if out, err := r.rollout(ctx, args...); err != nil {
		r.t.Fatalf("rollout %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// set changes a setting, without a deployment.
func (r rollouts) set(ctx context.Context, key, value string) {
	r.t.Helper()
	if err := r.stack.SetConfig(ctx, key, auto.ConfigValue{Value: value}); err != nil {
		r.t.Fatal(err)
	}
}

// up deploys the stack.
func (r rollouts) up(ctx context.Context, options ...optup.Option) {
	r.t.Helper()
	if _, err := r.stack.Up(ctx, options...); err != nil {
		r.t.Fatal(err)
	}
}

// probeID is the ID of a message that the function handles like any other, so that it
// raises no alarm.
const (
	probeID = "00000000-0000-4000-8000-000000000000"
	probe   = `{"Records":[{"EventSource":"aws:sns","Sns":{"MessageId":"` + probeID + `","Message":"{\"num1\":3,\"num2\":4}"}}]}`
)

// live returns the routing of live of handle-message, and the version that an
// invocation of it runs: "version 2, with 10% for 3: ran 2".
func (r rollouts) live(ctx context.Context) string {
	r.t.Helper()
	client, function, name := lambda.NewFromConfig(r.cloud.AWSConfig()), r.out["handleMessageFunction"], "live"
	alias, err := client.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &name})
	if err != nil {
		r.t.Fatal(err)
	}
	out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Qualifier: &name, Payload: []byte(probe)})
	if err != nil {
		r.t.Fatal(err)
	}
	routing := "version " + *alias.FunctionVersion
	if alias.RoutingConfig != nil {
		for version, weight := range alias.RoutingConfig.AdditionalVersionWeights {
			routing += fmt.Sprintf(", with %g%% for %s", 100*weight, version)
		}
	}
	return routing + ": ran " + *out.ExecutedVersion
}

// expect fails the test unless live returns want.
func (r rollouts) expect(ctx context.Context, when, want string) {
	r.t.Helper()
	if got := r.live(ctx); got != want {
		r.t.Errorf("%s, live is %s, want %s", when, got, want)
	}
}

// TestDeploymentsKeepRollbacks tests what deployments do with live: with
// all-at-once, only a new version moves it; with canary, nothing does.
func TestDeploymentsKeepRollbacks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	r := newRollouts(ctx, t, "all-at-once")
	version := 1
	publish := func(options ...optup.Option) { // deploys a new version
		version++
		r.set(ctx, "tally:memory", fmt.Sprint(128+version))
		r.up(ctx, options...)
	}
	unmoved := func(when, want string) {
		r.expect(ctx, when, want)
		r.up(ctx, optup.Refresh())
		r.expect(ctx, when+" and up --refresh", want)
	}

	publish()
	r.expect(ctx, "all at once", "version 2: ran 2")
	r.mustRollout(ctx, "rollback")
	unmoved("after a rollback", "version 2, with 100% for 1: ran 1")
	if out, err := r.rollout(ctx); err == nil || !strings.Contains(out, "handle-message stays at version 1: version 2 was rolled back") {
		t.Errorf("rollout after a rollback: %v\n%s", err, out)
	}
	publish(optup.Refresh())
	r.expect(ctx, "after a correction with --refresh", "version 3, with 100% for 1: ran 1")
	r.mustRollout(ctx)
	r.expect(ctx, "after a correction and rollout", "version 3: ran 3")

	r.set(ctx, "tally:rollout", "canary-10-5m")
	publish()
	r.expect(ctx, "after a change to canary and a new version", "version 3: ran 3")
	r.mustRollout(ctx, "-strategy", "all-at-once")
	r.expect(ctx, "after a rollout", "version 4: ran 4")
	r.mustRollout(ctx, "rollback", "-to", "2", "handle-message")
	unmoved("after a rollback with canary", "version 2: ran 2")

	r.set(ctx, "tally:rollout", "all-at-once")
	r.up(ctx)
	r.expect(ctx, "after a change to all-at-once", "version 4: ran 4")
	r.mustRollout(ctx, "prune", "-keep", "1")
	if out, err := r.rollout(ctx, "status"); err != nil || !strings.Contains(out, "handle-message: version 4 of 4") {
		t.Errorf("status: %v\n%s", err, out)
	}
}
