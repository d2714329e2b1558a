package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/server"
	"tally/localcloud/store"
)

// startCommand has pointers to the flags whose absence means: as before, see settings.
type startCommand struct {
	Detach       bool           `short:"d" help:"Run in the background, and return when it is ready."`
	Region       *string        `help:"AWS region to emulate (us-east-1, or that of the last start)." placeholder:"REGION"`
	ProviderPort *int           `help:"Port of the Pulumi provider (4565, or that of the last start; 0: any free one)." placeholder:"PORT"`
	APIPort      *int           `name:"api-port" help:"Lowest port of HTTP APIs and URLs of functions (4567, or that of the last start; 0: any free ones)." placeholder:"PORT"`
	Stack        []string       `help:"Stacks that the provider accepts, as globs (local,local-*)." placeholder:"GLOB"`
	TimeScale    *float64       `help:"Divide AWS's waits of a minute or more by this (60; 1: wait as AWS does)." placeholder:"FACTOR"`
	IdleTimeout  *time.Duration `help:"How long to keep an unused execution environment (10m)." placeholder:"DURATION"`
	LogLimit     *int           `help:"Size on disk in MiB up to which log events are kept, then the oldest are deleted (256)." placeholder:"MIB"`
	Ready        bool           `hidden:"" help:"Write to file descriptor 3 when it is ready."`
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
	config, err := c.settings(p)
	if err != nil {
		return err
	}
	srv, err := server.Open(config)
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w; see: localcloud status", err)
	}
	if errors.Is(err, server.ErrPortInUse) {
		if running, e := control.At(ctx, config.Port); e == nil {
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
	if c.TimeScale != nil && *c.TimeScale < 1 {
		return fmt.Errorf("--time-scale is %v; it must be 1 or more", *c.TimeScale)
	}
	if c.IdleTimeout != nil && *c.IdleTimeout <= 0 {
		return fmt.Errorf("--idle-timeout is %v; it must be more than 0s", *c.IdleTimeout)
	}
	if c.LogLimit != nil && *c.LogLimit < minLogLimit {
		return fmt.Errorf("--log-limit is %d; it must be %d MiB or more", *c.LogLimit, minLogLimit)
	}
	for _, glob := range c.Stack {
		if _, err := filepath.Match(glob, ""); err != nil {
			return fmt.Errorf("--stack %q: %w", glob, err)
		}
	}
	return nil
}

// serve runs the server until ctx ends, with its journal on standard output.
func (c *startCommand) serve(ctx context.Context, p place, srv *server.Server, std streams) error {
	config := srv.Config()
	if err := srv.Register(p.project); err != nil {
		return err
	}
	if err := errors.Join(control.Remember(config), control.WriteRunFile(config)); err != nil {
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
