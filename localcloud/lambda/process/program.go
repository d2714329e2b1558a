//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"

	"tally/localcloud/lambda"
)

// program is the started bootstrap of an environment.
type program interface {
	// wait waits for it to end, and for all processes that it started if they
	// cannot outlive it. The error describes how it ended; nil is exit status 0.
	wait() error
	// kill kills it, together with the processes that it started.
	kill()
	// pid returns its process ID, or 0 if it is not known.
	pid() int
}

// plain is a bootstrap that runs like any other process of the developer.
type plain struct{ *exec.Cmd }

// startPlain starts the bootstrap in its folder. It writes both outputs to out.
func startPlain(spec lambda.Spec, env []string, out *os.File) (program, error) {
	bootstrap := bootstrapIn(spec.Dir)
	cmd := &exec.Cmd{
		Path: bootstrap, Args: []string{bootstrap}, Dir: spec.Dir, Env: env,
		Stdout: out, Stderr: out, SysProcAttr: attributes(),
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return plain{cmd}, nil
}

func (p plain) wait() error {
	defer p.kill() // what it left running
	return p.Wait()
}

func (p plain) pid() int { return p.Process.Pid }

// kill kills the process group. It ignores the error for a group that no longer
// exists.
func (p plain) kill() { _ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL) }
