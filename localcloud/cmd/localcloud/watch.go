package main

import (
	"context"

	"tally/localcloud/control"
)

type watchCommand struct{}

func (c *watchCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	return control.Events(ctx, status.Config, std.out)
}
