//go:build unix && !linux

package process

import (
	"os"
	"os/exec"
	"syscall"

	"tally/localcloud/lambda"
)

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

func (p plain) root() int { return p.Process.Pid }

// attributes returns the attributes that put the process in a group of its own.
// If the local cloud is killed, an idle runtime exits by itself, because its
// Runtime API no longer responds.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// peakMemory returns false: memory is measured, and limits are enforced, only on
// Linux.
func peakMemory(int) (int64, bool) { return 0, false }

// resident reads 0.
type resident struct{}

func openResident(int) resident { return resident{} }

func (resident) close()       {}
func (resident) bytes() int64 { return 0 }

// treeMemory returns 0.
func treeMemory(int, int64) int64 { return 0 }

// hide does nothing: other processes of the user can read the environment of this one.
func hide() {}
