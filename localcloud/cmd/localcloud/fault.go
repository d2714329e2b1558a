package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/internal/fault"
)

type faultCommand struct {
	Set   faultSetCommand   `cmd:"" help:"Set faults, in place of those that are set. They remain set when the local cloud starts again."`
	Show  faultShowCommand  `cmd:"" help:"Show the faults that are set, and how many have happened."`
	Clear faultClearCommand `cmd:"" help:"End all faults."`
}

type faultSetCommand struct {
	Seed      uint64   `default:"1" help:"Number that selects what is hit: the same number hits the same messages again (${default})."`
	Duplicate float64  `placeholder:"RATE" help:"Fraction of the messages and asynchronous events to deliver twice: 0 to 1."`
	Delay     string   `placeholder:"RATE:DURATION" help:"Fraction of the deliveries of topics and the asynchronous events to hold back, and for how long: 0.2:2s. The time scale divides a minute or more."`
	Reorder   float64  `placeholder:"RATE" help:"Fraction of the messages and asynchronous events that later ones overtake."`
	Crash     []string `placeholder:"FUNCTION=RATE[:POINT]" help:"Fraction of the invocations of a function, or * for all, in which its environment ends before the function receives the event, during it or after the response: before, during or after; a different one each time if omitted."`
	Slow      []string `placeholder:"FUNCTION=RATE:DURATION" help:"Fraction of the invocations of a function, or * for all, that take longer, and by how much: handle-message=0.1:5s."`
	Throttle  []string `placeholder:"TABLE=RATE" help:"Fraction of the requests to a table, or * for all, that DynamoDB throttles."`
	Error     []string `placeholder:"TABLE=RATE" help:"Fraction of the requests to a table, or * for all, that fail because of an error of DynamoDB."`
}

func (c *faultSetCommand) Run(ctx context.Context, p place, std streams) error {
	faults, err := c.faults()
	if err != nil {
		return err
	}
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	if err := control.SetFaults(ctx, status.Config, faults); err != nil {
		return err
	}
	return showFaults(ctx, p, std.out)
}

// faults returns what the flags say, or all their errors.
func (c *faultSetCommand) faults() (control.Faults, error) {
	f := control.Faults{Seed: c.Seed, Duplicate: c.Duplicate, Reorder: c.Reorder}
	var errs []error
	if c.Delay != "" {
		var err error
		f.Delay, f.DelayFor, err = fault.ParseDelay(c.Delay)
		errs = append(errs, err)
	}
	for _, value := range c.Crash {
		crash, err := fault.ParseCrash(value)
		errs = append(errs, err)
		f.Crashes = append(f.Crashes, crash)
	}
	for _, value := range c.Slow {
		slow, err := fault.ParseSlow(value)
		errs = append(errs, err)
		f.Slow = append(f.Slow, slow)
	}
	for _, value := range c.Throttle {
		t, err := fault.ParseTable("--throttle", value)
		errs = append(errs, err)
		f.Throttles = append(f.Throttles, t)
	}
	for _, value := range c.Error {
		t, err := fault.ParseTable("--error", value)
		errs = append(errs, err)
		f.Errors = append(f.Errors, t)
	}
	if err := errors.Join(errs...); err != nil {
		return f, err
	}
	return f, f.Check()
}

type faultShowCommand struct{}

func (c *faultShowCommand) Run(ctx context.Context, p place, std streams) error {
	return showFaults(ctx, p, std.out)
}

type faultClearCommand struct{}

func (c *faultClearCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	if err := control.ClearFaults(ctx, status.Config); err != nil {
		return err
	}
	return showFaults(ctx, p, std.out)
}

func showFaults(ctx context.Context, p place, out io.Writer) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	if status.Faults == nil {
		_, err := fmt.Fprintln(out, "no faults are set")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printFaults(w, status.Faults)
	return w.Flush()
}

// printFaults prints the faults that are set, as rows of two columns.
func printFaults(w io.Writer, f *control.FaultStatus) {
	if f == nil {
		return
	}
	var counts []string
	for _, kind := range cloud.FaultKinds {
		if n := f.Injected[kind]; n > 0 {
			counts = append(counts, fmt.Sprintf("%s %d", kind, n))
		}
	}
	if counts == nil {
		counts = []string{"none"}
	}
	fmt.Fprintf(w, "faults\t%s\n", f.Faults)
	fmt.Fprintf(w, "injected\t%s\n", strings.Join(counts, ", "))
	for _, flag := range f.Unused {
		fmt.Fprintf(w, "unused\t%s: there is nothing with that name\n", flag)
	}
}
