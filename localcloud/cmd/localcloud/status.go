package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"tally/localcloud/control"
)

type statusCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c *statusCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(std.out)
		enc.SetIndent("", "  ")
		return enc.Encode(status)
	}
	config := status.Config
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "process\t%d, up %s\n", status.PID, time.Since(status.Started).Round(time.Second))
	fmt.Fprintf(w, "AWS\t%s, region %s\n", config.Endpoint(), config.Region)
	fmt.Fprintf(w, "provider\taws:%d, stacks %v\n", config.ProviderPort, config.Stacks)
	fmt.Fprintf(w, "state\t%s, %s; logs: %s of at most %d MiB\n",
		config.Dir, mebibytes(status.Sizes.State), mebibytes(status.Sizes.Logs), config.LogLimitMiB)
	fmt.Fprintf(w, "isolation\t%s\n", isolation(status.NotIsolated))
	for _, program := range status.Programs {
		fmt.Fprintf(w, "program\t%s\t%s\n", cmp.Or(program.Project, "-"), program.Dir)
	}
	for _, r := range status.Resources {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Type, r.Name, cmp.Or(r.Stack, "-"), r.Detail)
	}
	printFaults(w, status.Faults)
	printOwed(w, status.Owed)
	printRecorded(w, status.Recorded)
	for _, e := range status.Warnings {
		kind, repeats := "warning", ""
		if e.Loss {
			kind = "loss"
		}
		if e.Repeats > 0 {
			repeats = fmt.Sprintf(" (and %d similar ones before)", e.Repeats)
		}
		fmt.Fprintf(w, "%s\t%s %s %s: %s%s\n", kind, e.Time.Local().Format(time.TimeOnly), e.Service, e.Resource, e.Message, repeats)
	}
	return w.Flush()
}

// printOwed prints what waits to be delivered or processed.
func printOwed(w io.Writer, all []control.Owed) {
	for _, o := range all {
		if o.Type == "function" {
			fmt.Fprintf(w, "owed\t%s %s\t%d events in its queue\n", o.Type, o.Name, o.Count)
			continue
		}
		fmt.Fprintf(w, "owed\t%s %s\t%d deliveries to %s\n", o.Type, o.Name, o.Count, cmp.Or(o.Endpoint, "nothing: it was deleted"))
	}
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// isolation describes what functions see of this machine, and why they are not
// isolated from it.
func isolation(reason string) string {
	if reason == "" {
		return "as on AWS"
	}
	return "none, deployed code sees this machine as you do: " + reason
}
