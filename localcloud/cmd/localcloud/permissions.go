package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"tally/localcloud/console"
	"tally/localcloud/control"
)

type permissionsCommand struct {
	Role string `arg:"" optional:"" help:"The name of a role. Default: all."`
	All  bool   `help:"List grants that have been used, too."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c *permissionsCommand) Run(ctx context.Context, p place, std streams) error {
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	var access console.Access
	if err := control.Query(ctx, status.Config, "access", &access); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(std.out)
		enc.SetIndent("", "  ")
		return enc.Encode(access)
	}
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, role := range access.Roles {
		if c.Role != "" && c.Role != role.Role {
			continue
		}
		for _, g := range role.Grants {
			switch {
			case g.Uses == 0:
				fmt.Fprintf(w, "unused\t%s\t%s\t%s\t%s\n", role.Role, g.Action, g.Resource, cmp.Or(g.Sid, g.Policy))
			case c.All:
				fmt.Fprintf(w, "used %d times\t%s\t%s\t%s\t%s\n", g.Uses, role.Role, g.Action, g.Resource, cmp.Or(g.Sid, g.Policy))
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range access.Refusals {
		if c.Role == "" || c.Role == r.Role {
			fmt.Fprintf(std.out, "refused %s %s\n  in %s: %s\n", r.Time.Local().Format(time.TimeOnly), r.Message, r.Where, r.Missing)
		}
	}
	return nil
}
