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
	"strings"
	"syscall"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/server"
	"tally/localcloud/store"
)

type startCommand struct {
	Detach       bool          `short:"d" help:"Run in the background; return when it is ready."`
	Region       string        `default:"us-east-1" help:"The region it plays (${default})."`
	Port         int           `default:"4566" help:"Port of AWS's protocols (${default}; 0: any free)."`
	ProviderPort int           `default:"4565" help:"Port of the Pulumi provider (${default}; 0: any free)."`
	APIPort      int           `name:"api-port" default:"4567" help:"First port tried for HTTP APIs (${default}; 0: any free)."`
	Stack        []string      `default:"local,local-*" help:"Stacks the provider accepts, as globs (${default})." placeholder:"GLOB"`
	TimeScale    float64       `default:"60" help:"Divide AWS's waits of a minute or more by this (${default}; 1: wait as AWS does)."`
	IdleTimeout  time.Duration `default:"10m" help:"Keep an unused execution environment this long (${default})."`
	Ready        bool          `hidden:"" help:"Say on file descriptor 3 that it is ready."`
}

// A detached child says readyMessage on the descriptor readyFD when it listens.
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
	if c.Ready {
		// Functions may start before it is said, and must not inherit it.
		syscall.CloseOnExec(readyFD)
	}
	srv, err := server.Open(c.config(p))
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w; see: localcloud status", err)
	}
	if err != nil {
		return err
	}
	return errors.Join(c.serve(ctx, srv, std), srv.Close())
}

func (c *startCommand) check() error {
	if c.TimeScale < 1 {
		return fmt.Errorf("--time-scale is %v; it must be 1 or more", c.TimeScale)
	}
	if c.IdleTimeout <= 0 {
		return fmt.Errorf("--idle-timeout is %v; it must be more than 0s", c.IdleTimeout)
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
		Project:      p.project,
		Region:       c.Region,
		Port:         c.Port,
		ProviderPort: c.ProviderPort,
		APIPort:      c.APIPort,
		Stacks:       c.Stack,
		TimeScale:    c.TimeScale,
		IdleTimeout:  c.IdleTimeout,
	}
}

// serve runs the server until ctx ends, with its journal on standard output.
func (c *startCommand) serve(ctx context.Context, srv *server.Server, std streams) error {
	config := srv.Config()
	if err := control.WriteRunFile(config); err != nil {
		return err
	}
	defer control.RemoveRunFile(config) //nolint:errcheck // a stale one is recognised
	fmt.Fprintf(std.out, "localcloud is ready: AWS at %s, Pulumi provider aws:%d, region %s, state in %s\n",
		config.Endpoint(), config.ProviderPort, config.Region, config.Dir)
	if c.Ready {
		if err := sayReady(); err != nil {
			return err
		}
	}
	go printJournal(ctx, srv, std.out)
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

func sayReady() error {
	pipe := os.NewFile(readyFD, "ready")
	defer pipe.Close()
	_, err := io.WriteString(pipe, readyMessage)
	return err
}

// detach makes sure that this very program runs in the background: an older
// build of it is replaced, the same one is left alone.
func (c *startCommand) detach(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	switch {
	case errors.Is(err, control.ErrNotRunning):
		return c.spawn(ctx, p, std)
	case err != nil:
		return err
	}
	program, err := control.ProgramDigest()
	if err != nil {
		return err
	}
	if status.Program == program {
		fmt.Fprintf(std.out, "localcloud runs already: process %d, AWS at %s\n", status.PID, status.Config.Endpoint())
		return nil
	}
	fmt.Fprintf(std.out, "localcloud has changed: process %d is replaced\n", status.PID)
	if err := control.Stop(ctx, p.state); err != nil {
		return err
	}
	return c.spawn(ctx, p, std)
}

// spawn starts this program again without --detach and waits for its word.
func (c *startCommand) spawn(ctx context.Context, p place, std streams) error {
	if err := os.MkdirAll(p.state, 0o700); err != nil {
		return err
	}
	logPath := filepath.Join(p.state, "localcloud.log")
	log, err := os.Create(logPath)
	if err != nil {
		return err
	}
	defer log.Close()
	ready, word, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(self, c.args(p)...)
	child.Dir = p.project
	child.Stdout, child.Stderr = log, log
	child.ExtraFiles = []*os.File{word}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // the terminal's signals are not for it
	err = child.Start()
	word.Close()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { child.Process.Kill() }) //nolint:errcheck // it may have ended
	defer stop()
	if said, _ := io.ReadAll(ready); string(said) != readyMessage {
		return fmt.Errorf("it did not start:\n%s", lastLines(logPath))
	}
	fmt.Fprintf(std.out, "localcloud runs in the background: process %d, log in %s\n", child.Process.Pid, logPath)
	return child.Process.Release()
}

// args are the flags that make the child what this command was told to start.
func (c *startCommand) args(p place) []string {
	return []string{"start", "--ready",
		"--project", p.project,
		"--state", p.state,
		"--region", c.Region,
		fmt.Sprintf("--port=%d", c.Port),
		fmt.Sprintf("--provider-port=%d", c.ProviderPort),
		fmt.Sprintf("--api-port=%d", c.APIPort),
		"--stack", strings.Join(c.Stack, ","),
		fmt.Sprintf("--time-scale=%v", c.TimeScale),
		fmt.Sprintf("--idle-timeout=%v", c.IdleTimeout),
	}
}

// lastLines is the end of a log file, for an error message.
func lastLines(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	var lines []string
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		lines = append(lines, "  "+scanner.Text())
	}
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
