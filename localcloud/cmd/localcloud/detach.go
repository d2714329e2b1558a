package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"tally/localcloud/cmd/localcloud/variables"
	"tally/localcloud/control"
)

// detach makes sure that a local cloud runs in the background: that of this
// project, which it replaces if it is another build of this command, or one that
// another project started on the same port. It returns an error if a flag asks for
// something else than what runs.
func (c *startCommand) detach(ctx context.Context, p place, std streams) error {
	status, err := control.Find(ctx, p.state)
	if errors.Is(err, control.ErrNotRunning) {
		config, err := c.settings(p)
		if err != nil {
			return err
		}
		other, err := control.At(ctx, config.Port)
		switch {
		case errors.Is(err, control.ErrNotRunning):
			return c.spawn(ctx, p, config, std)
		case err != nil:
			return err
		}
		return c.join(ctx, p, other, std)
	}
	if err != nil {
		return err
	}
	if err := c.checkSame(p, status); err != nil {
		return err
	}
	program, err := control.ProgramDigest()()
	if err != nil {
		return err
	}
	if status.Program == program {
		fmt.Fprintln(std.out, describe(status))
		return control.Register(ctx, status.Config, p.project)
	}
	fmt.Fprintf(std.out, "localcloud has changed: replacing process %d\n", status.PID)
	if err := control.Stop(ctx, status); err != nil {
		return err
	}
	return c.spawn(ctx, p, c.override(status.Config, p), std)
}

// join registers the program with the local cloud of another project.
func (c *startCommand) join(ctx context.Context, p place, running control.Status, std streams) error {
	if !p.anyState {
		return fmt.Errorf("%s; choose other ports with --port and --provider-port", describe(running))
	}
	if err := c.checkSame(p, running); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s; to deploy this program to it, run: %s\n", describe(running), useIt)
	return control.Register(ctx, running.Config, p.project)
}

// spawn starts this program again without --detach and waits until it is ready.
func (c *startCommand) spawn(ctx context.Context, p place, config control.Config, std streams) error {
	if err := os.MkdirAll(p.state, 0o700); err != nil {
		return err
	}
	logPath := filepath.Join(p.state, control.LogFile)
	log, err := openLog(logPath)
	if err != nil {
		return err
	}
	defer log.Close()
	ready, signal, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(self, arguments(p, config)...)
	child.Dir, child.Env = p.project, variables.Serving(os.Environ())
	child.Stdout, child.Stderr = log, log
	child.ExtraFiles = []*os.File{signal}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // so that the terminal sends it no signals
	err = child.Start()
	signal.Close()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { child.Process.Kill() }) //nolint:errcheck // it may have ended
	defer stop()
	if message, _ := io.ReadAll(ready); string(message) != readyMessage {
		return fmt.Errorf("the local cloud did not start:\n%s", lastLines(logPath))
	}
	fmt.Fprintf(std.out, "localcloud runs in the background: process %d, log in %s\n", child.Process.Pid, logPath)
	return child.Process.Release()
}

// arguments returns the child's arguments: this configuration, without --detach.
func arguments(p place, c control.Config) []string {
	return []string{"start", "--ready",
		"--project", p.project,
		"--state", p.state,
		"--region", c.Region,
		fmt.Sprintf("--port=%d", c.Port),
		fmt.Sprintf("--provider-port=%d", c.ProviderPort),
		fmt.Sprintf("--api-port=%d", c.APIPort),
		"--stack", strings.Join(c.Stacks, ","),
		fmt.Sprintf("--time-scale=%v", c.TimeScale),
		fmt.Sprintf("--idle-timeout=%v", c.IdleTimeout),
		fmt.Sprintf("--log-limit=%d", c.LogLimitMiB),
	}
}
