package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"tally/infra/bundle"
)

// dev keeps a stack as its sources are. Only the goroutine of run uses it.
type dev struct {
	stack     string
	root      string
	project   *bundle.Project
	functions *functions
	screen    *screen
	deployed  string // hash of the stack's sources at the last attempt to deploy them
	// unrecorded is whether Pulumi's state lacks code that is live.
	unrecorded bool
}

// newDev returns the dev of the project in the working directory.
func newDev(ctx context.Context, stack string, out *os.File) (*dev, error) {
	project, err := bundle.Open(bundle.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH})
	if err != nil {
		return nil, err
	}
	f, err := newFunctions(ctx)
	if err != nil {
		return nil, err
	}
	return &dev{stack: stack, root: project.Root(), project: project, functions: f, screen: newScreen(out, project.Root())}, nil
}

// run deploys the stack and follows the sources until ctx ends. Then it records in Pulumi's
// state what is live, so that the next deployment finds what it expects.
func (d *dev) run(ctx context.Context) error {
	changes, stop, err := watch(d.root)
	if err != nil {
		return err
	}
	defer stop()
	if err := d.begin(ctx); err != nil {
		return err
	}
	following := d.follow(ctx)
	d.screen.say("watching functions/, internal/ and infra/: edit and save; d shows details, q ends")
	for {
		select {
		case saved, ok := <-changes:
			if !ok {
				return errors.New("the folders can no longer be watched")
			}
			d.update(ctx, saved)
		case err := <-following:
			if ctx.Err() == nil {
				return fmt.Errorf("the local cloud has ended: %w", err)
			}
		case <-ctx.Done():
			return d.end(context.WithoutCancel(ctx))
		}
	}
}

// begin deploys the stack, refreshed: an earlier run that was killed may have left code that
// Pulumi does not know.
func (d *dev) begin(ctx context.Context) error {
	d.screen.say("deploying stack %s", d.stack)
	if out, err := command(ctx, d.root, "pulumi", "--non-interactive", "stack", "select", "--create", d.stack).CombinedOutput(); err != nil {
		return fmt.Errorf("pulumi stack select: %w\n%s", err, out)
	}
	d.deployed = d.hash() // creating a stack may write its configuration
	if err := d.deploy(ctx, "--refresh"); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		d.screen.fail(err)
		if err := d.load(ctx); err != nil || len(d.functions.all) == 0 {
			return fmt.Errorf("stack %s is not deployed: correct the error, and start again", d.stack)
		}
	}
	return nil
}

// update makes live what was saved at that time.
func (d *dev) update(ctx context.Context, saved time.Time) {
	if hash := d.hash(); hash != d.deployed {
		d.deployed = hash // if it fails, another attempt needs another change
		d.screen.say("the stack was saved: deploying")
		if err := d.deploy(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			d.screen.fail(err) // functions that were saved, too, go live without it
		} else {
			d.screen.say("deployed after %s", since(saved))
		}
	}
	for current := false; !current && ctx.Err() == nil; {
		archives, err := d.project.Rebuild(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			d.screen.fail(err)
		}
		if len(archives) == 0 {
			return
		}
		if err := d.swap(ctx, archives, saved); err != nil && ctx.Err() == nil {
			d.screen.fail(err)
		}
		if current, err = d.project.Record(ctx); err != nil {
			return // it does not compile any more; the next change shows it
		}
	}
}

// swap makes the archives live.
func (d *dev) swap(ctx context.Context, archives map[string]string, saved time.Time) error {
	var group errgroup.Group
	for _, name := range slices.Sorted(maps.Keys(archives)) {
		f := d.functions.all[name]
		if f == nil {
			d.screen.say("%s compiles, but the stack has no function of that name", name)
			continue
		}
		group.Go(func() error {
			version, err := d.functions.swap(ctx, f, archives[name])
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if version != "" {
				d.screen.sayOf(name, "version %s is live after %s", version, since(saved))
			}
			return nil
		})
	}
	err := group.Wait()
	d.unrecorded = d.unrecorded || len(archives) > 0
	return errors.Join(err, d.functions.prune(ctx, 2)) // an invocation may be about to use the one before
}

// end records what is live in Pulumi's state.
func (d *dev) end(ctx context.Context) error {
	if !d.unrecorded {
		d.screen.say("ended; make down removes the stack")
		return nil
	}
	d.screen.say("ending: recording the new code in Pulumi's state")
	if err := d.deploy(ctx); err != nil {
		d.screen.fail(err)
		return errors.New("what is live now is not in Pulumi's state: correct the error, and run make up")
	}
	d.screen.say("ended; make down removes the stack")
	return nil
}

// deploy deploys the stack and prints what it changes. It deploys the functions, too.
func (d *dev) deploy(ctx context.Context, flags ...string) error {
	if err := compiles(ctx, d.root); err != nil {
		return err
	}
	if err := up(ctx, d.root, d.stack, d.screen.say, flags...); err != nil {
		return err // the program may have compiled what it has not deployed
	}
	d.project.Reload()
	d.unrecorded = false
	if err := d.load(ctx); err != nil {
		return err
	}
	return d.functions.prune(ctx, 0)
}

// load reads which functions the stack has.
func (d *dev) load(ctx context.Context) error {
	err := d.functions.load(ctx, d.stack)
	d.screen.names(d.functions.physical())
	return err
}

// hash returns a hash of what a deployment depends on, besides the functions.
func (d *dev) hash() string {
	files := []string{"Pulumi.yaml", "Pulumi." + d.stack + ".yaml", "go.mod", "go.sum"}
	for i, name := range files {
		files[i] = filepath.Join(d.root, name)
	}
	return hashFiles(filepath.Join(d.root, "infra"), files)
}

func since(t time.Time) string {
	return strings.Replace(time.Since(t).Round(time.Millisecond).String(), "ms", " ms", 1)
}
