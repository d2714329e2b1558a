package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tally/localcloud/control"
)

type emailsCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c *emailsCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	all, err := control.Emails(ctx, status.Config)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(std.out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	for _, m := range all {
		if _, err := fmt.Fprintf(std.out, "%s to %s: %s\n%s\n\n", m.Time.Local().Format(time.TimeOnly), m.To, m.Subject, m.Body); err != nil {
			return err
		}
	}
	return nil
}
