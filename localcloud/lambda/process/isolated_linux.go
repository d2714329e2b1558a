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

// staged is a bootstrap whose parent is a stage. If it is isolated, the stage is the init
// process of its namespaces; otherwise, the stage becomes the parent of orphans, too.
type staged struct {
	stage    *exec.Cmd
	report   *os.File // what the stage reports
	lines    *bufio.Reader
	child    int      // process ID of the bootstrap, or 0
	lifeline *os.File // for a stage without namespaces: closing it ends all processes

	processors []int // assigned; none if it may use them all
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
	return startStage(p, spec.MemoryMB, out)
}

// startPlain starts the bootstrap in its folder, as a process like any other of the
// developer. It writes both outputs to out.
func startPlain(spec lambda.Spec, env []string, out *os.File) (program, error) {
	var p stage.Plan
	for _, variable := range env {
		p.Env(variable)
	}
	p.Exec(bootstrapIn(spec.Dir), spec.Dir, false)
	end, lifeline, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer end.Close()
	i := newStage(p, stage.Plain, spec.MemoryMB, out, &syscall.SysProcAttr{Setsid: true})
	i.stage.ExtraFiles, i.lifeline = []*os.File{end}, lifeline
	return i, i.start()
}

// startStage starts a stage that carries out the plan in new namespaces, and waits until
// the program of the plan runs.
func startStage(p stage.Plan, memoryMB int, out *os.File) (program, error) {
	i := newStage(p, stage.Run, memoryMB, out, namespaces())
	return i, i.start()
}

// newStage returns a stage to be started, with the processors for a function of that
// memory.
func newStage(p stage.Plan, mode string, memoryMB int, out *os.File, attributes *syscall.SysProcAttr) *staged {
	return &staged{processors: shared.assign(memoryMB), stage: &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{"localcloud-environment"},
		// Nothing of the local cloud's own environment. A stage is sequential.
		Env:   []string{stage.Variable + "=" + mode, "GOMAXPROCS=1"},
		Stdin: bytes.NewReader(p.Bytes()), Stdout: out, SysProcAttr: attributes,
	}}
}

// start starts the stage, and waits until its program runs.
func (i *staged) start() error {
	report, writer, err := os.Pipe()
	if err != nil {
		i.close()
		return err
	}
	defer writer.Close()
	i.stage.Stderr, i.report, i.lines = writer, report, bufio.NewReader(report)
	if err := i.startCommand(); err != nil {
		i.close()
		return fmt.Errorf("start a process: %v", err) // not %w: the errno is not that of the program
	}
	writer.Close()
	if err := i.started(); err != nil {
		i.kill()
		_ = i.stage.Wait() // killed, or has failed for the same reason
		i.close()
		return err
	}
	i.child = onlyChild(i.stage.Process.Pid)
	return nil
}

// startCommand starts the stage. If processors are assigned, the caller must have locked
// its goroutine to its thread. To map the users of its user namespace, the local cloud
// must be able to write to the files of its child in /proc.
func (i *staged) startCommand() error {
	if len(i.stage.SysProcAttr.UidMappings) > 0 {
		defer reveal()()
	}
	return on(i.processors, i.stage.Start)
}

// close closes the pipes, and gives the processors back.
func (i *staged) close() {
	shared.release(i.processors)
	i.report.Close()
	if i.lifeline != nil {
		i.lifeline.Close()
	}
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
func (i *staged) started() error {
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
func (i *staged) next() (kind, text string) {
	line, err := i.lines.ReadString('\n')
	kind, text, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	switch kind {
	case stage.Started, stage.Ended, stage.NotExecuted, stage.Failed:
		return kind, text
	}
	rest, _ := io.ReadAll(i.lines)
	return "", fmt.Sprintf("the process that prepares the environment ended: %s%s (%v)", line, rest, err)
}

func (i *staged) wait() error {
	kind, text := i.next()
	err := i.stage.Wait()
	i.close()
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

func (i *staged) pid() int { return i.child }

func (i *staged) root() int { return i.stage.Process.Pid }

// kill kills the init process of the namespaces, upon which the kernel kills all
// other processes in them. A stage without namespaces kills them itself.
func (i *staged) kill() {
	if i.lifeline != nil {
		i.lifeline.Close()
		return
	}
	_ = i.stage.Process.Kill()
}

// onlyChild returns the process ID of a stage's program, or 0 if it has already
// ended.
func onlyChild(pid int) int {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	first, _, _ := strings.Cut(string(list), " ")
	child, _ := strconv.Atoi(first)
	return child
}
