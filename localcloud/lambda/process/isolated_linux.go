package process

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process/stage"
)

// taskRoot is where an isolated function finds its code, as on AWS.
const taskRoot = "/var/task"

// isolated is a bootstrap in namespaces of its own. Its parent is a stage, which
// is the init process of these namespaces.
type isolated struct {
	stage  *exec.Cmd
	report *os.File // what the stage reports
	lines  *bufio.Reader
	child  int // process ID of the bootstrap, or 0
}

// startIsolated starts the bootstrap with a view of the machine like that on AWS. It
// writes both outputs to out.
func startIsolated(spec lambda.Spec, env []string, out *os.File) (program, error) {
	separate := os.Geteuid() == 0
	p := layout(spec, separate)
	for _, variable := range env {
		p.Env(variable)
	}
	p.Exec(bootstrapIn(taskRoot), taskRoot, separate)
	return startStage(p, out)
}

// startStage starts a stage that carries out the plan, and waits until the program
// of the plan runs.
func startStage(p stage.Plan, out *os.File) (*isolated, error) {
	report, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer writer.Close()
	i := &isolated{
		stage: &exec.Cmd{
			Path: "/proc/self/exe", Args: []string{"localcloud-environment"},
			// Nothing of the local cloud's own environment. A stage is sequential.
			Env:   []string{stage.Variable + "=" + stage.Run, "GOMAXPROCS=1"},
			Stdin: bytes.NewReader(p.Bytes()), Stdout: out, Stderr: writer,
			SysProcAttr: namespaces(),
		},
		report: report,
		lines:  bufio.NewReader(report),
	}
	if err := i.stage.Start(); err != nil {
		report.Close()
		return nil, fmt.Errorf("create namespaces: %v", err) // not %w: the errno is not that of the program
	}
	writer.Close()
	if err := i.started(); err != nil {
		i.kill()
		_ = i.stage.Wait() // killed, or has failed for the same reason
		report.Close()
		return nil, err
	}
	i.child = onlyChild(i.stage.Process.Pid)
	return i, nil
}

// namespaces returns the attributes of a stage. The network is the machine's,
// because the Runtime API and the gateway listen on loopback. The kernel kills the
// stage when the local cloud ends, and with it everything in its namespaces.
func namespaces() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Setsid:     true, // no access to the terminal
		Pdeathsig:  syscall.SIGKILL,
	}
	if uid := os.Geteuid(); uid != 0 { // a user namespace gives the stage the privilege to mount
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return a
}

// started waits for the report that the program runs. The error is a
// syscall.Errno if the kernel refused to execute it.
func (i *isolated) started() error {
	kind, text := i.next()
	switch kind {
	case stage.Started:
		return nil
	case stage.NotExecuted:
		if errno, err := strconv.Atoi(text); err == nil {
			return syscall.Errno(errno)
		}
	}
	return errors.New(text)
}

// next returns the next report. If the stage ended without one, the text is what it
// wrote instead, such as a panic.
func (i *isolated) next() (kind, text string) {
	line, err := i.lines.ReadString('\n')
	kind, text, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	switch kind {
	case stage.Started, stage.Ended, stage.NotExecuted, stage.Failed:
		return kind, text
	}
	rest, _ := io.ReadAll(i.lines)
	return "", fmt.Sprintf("the process that prepares the environment ended: %s%s (%v)", line, rest, err)
}

func (i *isolated) wait() error {
	kind, text := i.next()
	err := i.stage.Wait()
	i.report.Close()
	switch kind {
	case stage.Ended:
		status, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return err
		}
		return ending(syscall.WaitStatus(status))
	case stage.Failed:
		return errors.New(text)
	}
	return err // the stage was killed, and the program with it
}

// ending describes how a process ended in the words of package os. It returns nil
// for exit status 0.
func ending(status syscall.WaitStatus) error {
	switch {
	case status.Signaled() && status.CoreDump():
		return fmt.Errorf("signal: %v (core dumped)", status.Signal())
	case status.Signaled():
		return fmt.Errorf("signal: %v", status.Signal())
	case status.ExitStatus() != 0:
		return fmt.Errorf("exit status %d", status.ExitStatus())
	}
	return nil
}

func (i *isolated) pid() int { return i.child }

// kill kills the init process of the namespaces, upon which the kernel kills all
// other processes in them.
func (i *isolated) kill() { _ = i.stage.Process.Kill() }

// onlyChild returns the process ID of a stage's program, or 0 if it has already
// ended.
func onlyChild(pid int) int {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	first, _, _ := strings.Cut(string(list), " ")
	child, _ := strconv.Atoi(first)
	return child
}
