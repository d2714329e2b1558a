package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tally/localcloud/control"
)

type stopCommand struct {
	Timeout time.Duration `default:"30s" help:"How long to wait for it to stop (${default})."`
}

func (c *stopCommand) Run(ctx context.Context, p place, std streams) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	status, err := p.find(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		fmt.Fprintln(std.out, "no local cloud is running here: nothing to stop")
		return nil
	}
	if err == nil {
		err = control.Stop(ctx, status)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "localcloud has stopped; its state remains in %s\n", status.Config.Dir)
	return nil
}
