package main

import (
	"context"
	"time"

	"tally/localcloud/control"
)

type logsCommand struct {
	Function string        `arg:"" optional:"" help:"A function, with or without its autonaming suffix; default: all."`
	Follow   bool          `short:"f" help:"Continue to print lines as they arrive."`
	Since    time.Duration `help:"Only lines from this most recent period, such as 10m; default: all."`
}

func (c *logsCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	query := control.LogQuery{Function: c.Function, Follow: c.Follow}
	if c.Since > 0 {
		query.Since = time.Now().Add(-c.Since)
	}
	return control.Logs(ctx, status.Config, query, std.out)
}
