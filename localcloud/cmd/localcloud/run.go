package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"tally/localcloud/control"
)

type runCommand struct {
	Command []string `arg:"" passthrough:"" help:"The command and its arguments, such as: pulumi up"`
}

// exitStatus is the status with which this process ends, without a message.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Run runs the command with the variables of localcloud env. It ends with its status, or
// with 128 and the number of the signal that killed it, as in a shell.
func (c *runCommand) Run(ctx context.Context, p place, std streams) error {
	if c.Command[0] == "--" {
		c.Command = c.Command[1:]
	}
	if len(c.Command) == 0 {
		return errors.New("no command: run, for example, localcloud run -- pulumi up")
	}
	variables, err := target(ctx, p, std.err)
	if err != nil {
		return err
	}
	if err := use(variables); err != nil {
		return err
	}
	child := exec.Command(c.Command[0], c.Command[1:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, std.out, std.err
	return wait(child, std)
}

// use sets these variables of this process, unsets those that conflict with them, and puts
// the Pulumi CLI beside this program on PATH.
func use(variables []control.Variable) error {
	var errs []error
	for _, name := range conflicting {
		errs = append(errs, os.Unsetenv(name))
	}
	for _, v := range variables {
		errs = append(errs, os.Setenv(v.Name, v.Value))
	}
	if path, ok := toolchain(); ok {
		errs = append(errs, os.Setenv("PATH", path+string(os.PathListSeparator)+os.Getenv("PATH")))
	}
	return errors.Join(errs...)
}

// wait runs the command. The terminal sends its signals to both processes; of those, only the
// command decides when to end. SIGTERM is passed on.
func wait(child *exec.Cmd, std streams) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return err
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM {
				_ = child.Process.Signal(s) // it may have ended
			}
		}
	}()
	err := child.Wait()
	failed, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	status, ok := failed.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return exitStatus(failed.ExitCode())
	}
	if filepath.Base(child.Path) == "pulumi" {
		fmt.Fprintf(std.err, "localcloud: pulumi was ended by a signal (%s), perhaps during a deployment. Run it again: the next `localcloud run` or `localcloud env` "+
			"releases its lock and deletes what Pulumi does not know. Elsewhere, release the lock with: pulumi cancel\n", status.Signal())
	}
	return exitStatus(128 + int(status.Signal()))
}
