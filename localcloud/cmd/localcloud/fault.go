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
	Duplicate float64  `placeholder:"RATE" help:"Part of the messages and asynchronous events to deliver twice: 0 to 1."`
	Delay     string   `placeholder:"RATE:DURATION" help:"Part of the deliveries of topics and the asynchronous events to hold back, and for how long: 0.2:2s."`
	Reorder   float64  `placeholder:"RATE" help:"Part of the messages and asynchronous events that later ones overtake."`
	Crash     []string `placeholder:"FUNCTION=RATE[:POINT]" help:"Part of the invocations of a function, or * for all, in which its environment ends before the function receives the event, during it or after the response: before, during or after; a different one each time if omitted."`
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
	for _, kind := range []cloud.FaultKind{cloud.FaultDuplicate, cloud.FaultDelay, cloud.FaultReorder, cloud.FaultCrash} {
		if n := f.Injected[kind]; n > 0 {
			counts = append(counts, fmt.Sprintf("%s %d", kind, n))
		}
	}
	if counts == nil {
		counts = []string{"none"}
	}
	fmt.Fprintf(w, "faults\t%s\n", f.Faults)
	fmt.Fprintf(w, "injected\t%s\n", strings.Join(counts, ", "))
	for _, name := range f.Unused {
		fmt.Fprintf(w, "unused\t--crash %s: there is no such function\n", name)
	}
}
