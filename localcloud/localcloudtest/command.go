package localcloudtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// command is the pulumi CLI with a fixed environment. The Automation API's own
// command always inherits the environment of the process, and with it the
// developer's credentials.
type command struct {
	auto.PulumiCommand
	path string
	env  []string
}

func newCommand(env []string) (command, error) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return command{}, fmt.Errorf("localcloudtest needs the pulumi CLI on PATH, see https://www.pulumi.com/docs/iac/download-install/: %w", err)
	}
	// The oldest supported version depends on the SDK of the program, and pulumi
	// checks it itself.
	cli, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{SkipVersionCheck: true})
	return command{cli, path, env}, err
}

// Run runs the CLI without a terminal. It returns standard output, standard
// error and the exit code, which is -2 if the CLI did not run.
func (c command) Run(ctx context.Context, dir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, stdin
	cmd.Env = append(append(c.env[:len(c.env):len(c.env)], env...), "PULUMI_AUTOMATION_API=true")
	cmd.Stdout, cmd.Stderr = io.MultiWriter(append(stdout, &out)...), io.MultiWriter(append(stderr, &errs)...)
	// An interrupt lets Pulumi finish cleanly, and leave its state intact.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	code := -2
	if cmd.ProcessState != nil {
		code = cmd.ProcessState.ExitCode()
	}
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		err = fmt.Errorf("run %s: %w", c.path, err)
	}
	return out.String(), errs.String(), code, err
}
