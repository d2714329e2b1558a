package main

import (
	"context"
	"time"

	"tally/localcloud/control"
)

type logsCommand struct {
	Function string        `arg:"" optional:"" help:"A function, with or without its generated suffix; default: all."`
	Follow   bool          `short:"f" help:"Go on printing as lines come."`
	Since    time.Duration `help:"Only lines of the last so long, such as 10m; default: all."`
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
