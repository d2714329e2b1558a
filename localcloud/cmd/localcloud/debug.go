package main

import (
	"context"
	"io"
	"os"

	"tally/localcloud/control"
)

type debugCommand struct {
	Function  string `arg:"" help:"The function, with or without its autonaming suffix."`
	Qualifier string `help:"A version or an alias of it; default: $LATEST."`
	WithInput bool   `help:"Also end when the standard input does, as it does when the process that writes it is killed."`
}

func (c *debugCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	if c.WithInput {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end, too
			cancel()
		}()
	}
	return control.Debug(ctx, status.Config, c.Function, c.Qualifier, std.out)
}
