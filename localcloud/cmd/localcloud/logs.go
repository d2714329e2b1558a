package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"golang.org/x/term"

	"tally/localcloud/control"
	"tally/localcloud/internal/logview"
)

type logsCommand struct {
	Function string        `arg:"" optional:"" help:"A function, with or without its autonaming suffix; default: all."`
	Follow   bool          `short:"f" help:"Continue to print invocations as they end."`
	Failed   bool          `help:"Only invocations that failed."`
	Wait     time.Duration `help:"Continue this long, for invocations that are just ending."`
	Since    time.Duration `help:"Only this most recent period, such as 10m, but all of it."`
	Tail     int           `default:"200" help:"Without --since, how many of the newest events to start with (${default}; 0: all)."`
	JSON     bool          `name:"json" help:"Print the events as they are, one JSON object a line."`
}

func (c *logsCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	query := control.LogQuery{Function: c.Function, Follow: c.Follow, Tail: c.Tail}
	if c.Since > 0 {
		query.Since, query.Tail = time.Now().Add(-c.Since), 0
	}
	if c.Wait > 0 {
		query.Follow = true
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Wait)
		defer cancel()
	}
	write, flush := c.writer(status, std)
	for e, err := range control.Logs(ctx, status.Config, query) {
		if err != nil {
			return err
		}
		if err := write(e); err != nil {
			return err
		}
	}
	return flush()
}

// writer returns a function that writes an event, and one that writes what is left at the
// end.
func (c *logsCommand) writer(status control.Status, std streams) (write func(control.LogEvent) error, flush func() error) {
	if c.JSON {
		lines := json.NewEncoder(std.out)
		lines.SetEscapeHTML(false)
		return func(e control.LogEvent) error { return lines.Encode(e) }, func() error { return nil }
	}
	var functions []string
	for _, r := range status.Resources {
		if r.Type == "function" {
			functions = append(functions, r.Name)
		}
	}
	view := logview.New(std.out, functions)
	view.Failed = c.Failed
	if f, ok := std.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		// https://no-color.org
		view.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 40 {
			view.Width = columns
		}
	}
	return view.Add, view.Flush
}
