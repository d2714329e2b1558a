package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/cmd/localcloud/variables"
	"tally/localcloud/control"
	"tally/localcloud/server"
	"tally/localcloud/store"
)

type startCommand struct {
	Detach       bool          `short:"d" help:"Run in the background, and return when it is ready."`
	Region       string        `default:"us-east-1" help:"AWS region to emulate (${default})."`
	ProviderPort int           `default:"4565" help:"Port of the Pulumi provider (${default}; 0: any free one)."`
	APIPort      int           `name:"api-port" default:"4567" help:"Lowest port of HTTP APIs and URLs of functions (${default}; 0: any free ones)."`
	Stack        []string      `default:"local,local-*" help:"Stacks that the provider accepts, as globs (${default})." placeholder:"GLOB"`
	TimeScale    float64       `default:"60" help:"Divide AWS's waits of a minute or more by this (${default}; 1: wait as AWS does)."`
	IdleTimeout  time.Duration `default:"10m" help:"How long to keep an unused execution environment (${default})."`
	LogLimit     int           `default:"256" placeholder:"MIB" help:"Size on disk in MiB up to which log events are kept, then the oldest are deleted (${default})."`
	Ready        bool          `hidden:"" help:"Write to file descriptor 3 when it is ready."`
}

// minLogLimit is the minimum of --log-limit: the state needs some room of its own.
const minLogLimit = 16

// A detached child writes readyMessage to the descriptor readyFD once it listens.
const (
	readyFD      = 3
	readyMessage = "ready\n"
)

func (c *startCommand) Run(ctx context.Context, p place, std streams) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Detach {
		return c.detach(ctx, p, std)
	}
	if err := leaveEnvironment(); err != nil {
		return err
	}
	if c.Ready {
		// Functions may start before the message is written. They must not inherit the
		// descriptor.
		syscall.CloseOnExec(readyFD)
	}
	srv, err := server.Open(c.config(p))
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w; see: localcloud status", err)
	}
	if errors.Is(err, server.ErrPortInUse) {
		if running, e := control.At(ctx, p.port); e == nil {
			return fmt.Errorf("%s; to deploy this program to it, run: %s; to start another one, choose other ports with --port and --provider-port",
				describe(running), useIt)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(c.serve(ctx, p, srv, std), srv.Close())
}

// useIt is the shell command that makes Pulumi use a running local cloud.
const useIt = `eval "$(localcloud env)"`

func describe(s control.Status) string {
	return fmt.Sprintf("a local cloud already runs at %s: process %d, state in %s", s.Config.Endpoint(), s.PID, s.Config.Dir)
}

func (c *startCommand) check() error {
	if c.TimeScale < 1 {
		return fmt.Errorf("--time-scale is %v; it must be 1 or more", c.TimeScale)
	}
	if c.IdleTimeout <= 0 {
		return fmt.Errorf("--idle-timeout is %v; it must be more than 0s", c.IdleTimeout)
	}
	if c.LogLimit < minLogLimit {
		return fmt.Errorf("--log-limit is %d; it must be %d MiB or more", c.LogLimit, minLogLimit)
	}
	for _, glob := range c.Stack {
		if _, err := filepath.Match(glob, ""); err != nil {
			return fmt.Errorf("--stack %q: %w", glob, err)
		}
	}
	return nil
}

func (c *startCommand) config(p place) control.Config {
	return control.Config{
		Dir:          p.state,
		Region:       c.Region,
		Port:         p.port,
		ProviderPort: c.ProviderPort,
		APIPort:      c.APIPort,
		Stacks:       c.Stack,
		TimeScale:    c.TimeScale,
		IdleTimeout:  c.IdleTimeout,
		LogLimitMiB:  c.LogLimit,
	}
}

// serve runs the server until ctx ends, with its journal on standard output.
func (c *startCommand) serve(ctx context.Context, p place, srv *server.Server, std streams) error {
	config := srv.Config()
	if err := srv.Register(p.project); err != nil {
		return err
	}
	if err := control.WriteRunFile(config); err != nil {
		return err
	}
	defer control.RemoveRunFile(config) //nolint:errcheck // a stale one is recognized
	fmt.Fprintf(std.out, "localcloud is ready: AWS at %s, Pulumi provider aws:%d, region %s, state in %s\n",
		config.Endpoint(), config.ProviderPort, config.Region, config.Dir)
	if c.Ready {
		if err := signalReady(); err != nil {
			return err
		}
	}
	out := std.out
	if c.Ready {
		out = ownLog(filepath.Join(config.Dir, control.LogFile))
	}
	go printJournal(ctx, srv, out)
	return srv.Serve(ctx)
}

func printJournal(ctx context.Context, srv *server.Server, w io.Writer) {
	for e := range srv.Journal().Subscribe(ctx) {
		mark := " "
		if e.Level == cloud.Warning {
			mark = "!"
		}
		fmt.Fprintf(w, "%s %s %s %s: %s\n", e.Time.Local().Format("15:04:05.000"), mark, e.Service, e.Resource, e.Message)
	}
}

func signalReady() error {
	pipe := os.NewFile(readyFD, "ready")
	defer pipe.Close()
	_, err := io.WriteString(pipe, readyMessage)
	return err
}

// detach makes sure that a local cloud runs in the background: that of this
// project, which it replaces if it is another build of this command, or one that
// another project started on the same port.
func (c *startCommand) detach(ctx context.Context, p place, std streams) error {
	status, err := control.Find(ctx, p.state)
	if errors.Is(err, control.ErrNotRunning) {
		other, err := control.At(ctx, p.port)
		switch {
		case errors.Is(err, control.ErrNotRunning):
			return c.spawn(ctx, p, std)
		case err != nil:
			return err
		}
		return c.join(ctx, p, other, std)
	}
	if err != nil {
		return err
	}
	program, err := control.ProgramDigest()()
	if err != nil {
		return err
	}
	if status.Program == program {
		if err := c.checkSame(status); err != nil {
			return err
		}
		fmt.Fprintln(std.out, describe(status))
		return control.Register(ctx, status.Config, p.project)
	}
	fmt.Fprintf(std.out, "localcloud has changed: replacing process %d\n", status.PID)
	if err := control.Stop(ctx, status); err != nil {
		return err
	}
	return c.spawn(ctx, p, std)
}

// join registers the program with the local cloud of another project. It returns
// an error if this command would have started it with another configuration.
func (c *startCommand) join(ctx context.Context, p place, running control.Status, std streams) error {
	if !p.anyState {
		return fmt.Errorf("%s; choose other ports with --port and --provider-port", describe(running))
	}
	if err := c.checkSame(running); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s; to deploy this program to it, run: %s\n", describe(running), useIt)
	return control.Register(ctx, running.Config, p.project)
}

// checkSame returns an error if the running local cloud behaves differently from
// one that this command would start.
func (c *startCommand) checkSame(running control.Status) error {
	var differences []string
	differ := func(flag string, is, wanted any) {
		if !reflect.DeepEqual(is, wanted) {
			differences = append(differences, fmt.Sprintf("%s is %v instead of %v", flag, is, wanted))
		}
	}
	differ("--region", running.Config.Region, c.Region)
	differ("--stack", running.Config.Stacks, c.Stack)
	differ("--time-scale", running.Config.TimeScale, c.TimeScale)
	differ("--idle-timeout", running.Config.IdleTimeout, c.IdleTimeout)
	differ("--log-limit", running.Config.LogLimitMiB, c.LogLimit)
	if len(differences) == 0 {
		return nil
	}
	return fmt.Errorf("%s, and %s; choose other ports with --port and --provider-port, or stop it with: localcloud stop --state %s",
		describe(running), strings.Join(differences, ", "), running.Config.Dir)
}

// spawn starts this program again without --detach and waits until it is ready.
func (c *startCommand) spawn(ctx context.Context, p place, std streams) error {
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
	child := exec.Command(self, c.args(p)...)
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

// args returns the child's arguments: the same configuration, without --detach.
func (c *startCommand) args(p place) []string {
	return []string{"start", "--ready",
		"--project", p.project,
		"--state", p.state,
		"--region", c.Region,
		fmt.Sprintf("--port=%d", p.port),
		fmt.Sprintf("--provider-port=%d", c.ProviderPort),
		fmt.Sprintf("--api-port=%d", c.APIPort),
		"--stack", strings.Join(c.Stack, ","),
		fmt.Sprintf("--time-scale=%v", c.TimeScale),
		fmt.Sprintf("--idle-timeout=%v", c.IdleTimeout),
		fmt.Sprintf("--log-limit=%d", c.LogLimit),
	}
}

// lastLines returns the end of what the last start wrote to a log file, for an error
// message.
func lastLines(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	return lastLinesOf(f)
}

func lastLinesOf(r io.Reader) string {
	var lines []string
	for buffered := bufio.NewReader(r); ; {
		line, err := buffered.ReadString('\n') // a Scanner ends at a long line
		if line == "" && err != nil {
			return strings.Join(lines, "\n")
		}
		if strings.HasPrefix(line, startMark) {
			lines = nil
			continue
		}
		lines = append(lines[max(0, len(lines)-9):], "  "+strings.TrimRight(line, "\r\n"))
	}
}
