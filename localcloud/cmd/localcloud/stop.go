package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tally/localcloud/control"
)

type stopCommand struct {
	Timeout time.Duration `default:"30s" help:"How long to wait for it to end (${default})."`
}

func (c *stopCommand) Run(ctx context.Context, p place, std streams) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	err := control.Stop(ctx, p.state)
	if errors.Is(err, control.ErrNotRunning) {
		fmt.Fprintln(std.out, "localcloud does not run here: nothing to stop")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(std.out, "localcloud has stopped")
	return nil
}
