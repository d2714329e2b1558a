package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tally/localcloud/control"
	"tally/localcloud/deployments"
	"tally/localcloud/store"
)

type stopCommand struct {
	Timeout time.Duration `default:"30s" help:"How long to wait for it to stop (${default})."`
	Delete  bool          `help:"Also delete its state: all resources, and Pulumi's state of all local stacks."`
}

func (c *stopCommand) Run(ctx context.Context, p place, std streams) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	status, err := p.find(ctx)
	switch {
	case errors.Is(err, control.ErrNotRunning):
		if c.Delete {
			return c.deleteStopped(p, std)
		}
		fmt.Fprintln(std.out, "no local cloud is running here: nothing to stop")
		return nil
	case err != nil:
		return err
	case p.shares(status):
		return fmt.Errorf("the local cloud at %s is not of this folder, and other programs may use it; "+
			"to remove this program's resources from it, run: pulumi destroy; to stop it, run: localcloud stop --state %s",
			status.Config.Endpoint(), status.Config.Dir)
	}
	if c.Delete {
		if err := checkOwnStacks(p, status.Config.Dir, status.Stacks); err != nil {
			return err
		}
	}
	if err := control.Stop(ctx, status); err != nil {
		return err
	}
	if c.Delete {
		fmt.Fprintln(std.out, "localcloud has stopped")
		return deleteState(status.Config.Dir, std)
	}
	fmt.Fprintf(std.out, "localcloud has stopped; its state remains in %s\n", status.Config.Dir)
	return nil
}

// shares reports whether a local cloud was found although its state is in
// another folder, and no flag selects it.
func (p place) shares(status control.Status) bool {
	return p.anyState && p.anyPort && filepath.Clean(status.Config.Dir) != filepath.Clean(p.state)
}

// deleteStopped deletes the state of a local cloud that is not running.
func (c *stopCommand) deleteStopped(p place, std streams) error {
	if _, err := os.Stat(p.state); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(std.out, "no local cloud is running here, and there is no state to delete")
		return nil
	}
	stacks, err := control.Stacks(p.state)
	if errors.Is(err, store.ErrUnusable) {
		fmt.Fprintln(std.out, "the state cannot be read, and is deleted with whatever stacks it has")
	} else if err != nil {
		return err
	}
	if err := checkOwnStacks(p, p.state, stacks); err != nil {
		return err
	}
	return deleteState(p.state, std)
}

// checkOwnStacks returns an error if other projects have stacks in the state.
func checkOwnStacks(p place, dir string, stacks []string) error {
	own := deployments.Load(p.project).Project + "/"
	others := slices.DeleteFunc(slices.Clone(stacks), func(stack string) bool { return strings.HasPrefix(stack, own) })
	if len(others) == 0 {
		return nil
	}
	return fmt.Errorf("the state in %s has resources of other projects: %s; run `pulumi destroy` for these stacks first, or delete the folder yourself",
		dir, strings.Join(others, ", "))
}

// deleteState deletes what a local cloud writes into its state folder, and the
// folder itself if nothing else is in it.
func deleteState(dir string, std streams) error {
	for _, name := range control.StateEntries {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) == 0 {
		if err := os.Remove(dir); err != nil {
			return err
		}
	}
	fmt.Fprintf(std.out, "deleted the state in %s\n", dir)
	return nil
}
