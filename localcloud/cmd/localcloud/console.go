package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"

	"tally/localcloud/control"
)

type consoleCommand struct {
	Open bool `help:"Open the link in the browser, too."`
}

func (c *consoleCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	url, err := control.Console(ctx, status.Config)
	if err != nil {
		return err
	}
	fmt.Fprintln(std.out, url)
	if c.Open {
		open := "xdg-open"
		if runtime.GOOS == "darwin" {
			open = "open"
		}
		// Not every machine has a browser: then the link is enough.
		_ = exec.CommandContext(ctx, open, url).Run()
	}
	return nil
}
