package main

import (
	"context"

	"tally/localcloud/control"
)

type debugCommand struct {
	Function  string `arg:"" help:"The function, with or without its autonaming suffix."`
	Qualifier string `help:"A version or an alias of it; default: $LATEST."`
}

func (c *debugCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	return control.Debug(ctx, status.Config, c.Function, c.Qualifier, std.out)
}
