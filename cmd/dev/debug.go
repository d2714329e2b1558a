package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// debug runs a function under delve until ctx ends. Meanwhile, the timeouts of the function
// are suspended.
func (d *dev) debug(ctx context.Context, name, dlv string, port int) error {
	if err := d.begin(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	f := d.functions.all[name]
	if f == nil {
		return fmt.Errorf("the stack has no function %q; there are: %s", name, strings.Join(slices.Sorted(maps.Keys(d.functions.all)), ", "))
	}
	d.screen.say("compiling %s for the debugger", name)
	archive, err := d.project.Debug(ctx, name, dlv, port)
	if err != nil {
		d.screen.fail(err)
		return fmt.Errorf("%s does not compile", name)
	}
	defer os.Remove(archive)
	d.follow(ctx)
	if _, err := d.functions.swap(ctx, f, archive); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	err = d.hold(ctx, name, f.name, port)
	return d.leave(context.WithoutCancel(ctx), name, f, err)
}

// hold starts the function, suspends its timeouts, and says where the debugger listens,
// until ctx ends.
func (d *dev) hold(ctx context.Context, name, physical string, port int) error {
	cmd := command(ctx, d.root, localcloud(d.root), "debug", physical, "--qualifier", live, "--with-input")
	input, err := cmd.StdinPipe() // ends with this process, however it ends
	if err != nil {
		return err
	}
	defer input.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var reason strings.Builder
	cmd.Stderr = &reason
	if err := cmd.Start(); err != nil {
		return err
	}
	if lines := bufio.NewScanner(out); lines.Scan() {
		d.screen.sayOf(name, "runs under delve, whose port is 127.0.0.1:%d", port)
		d.screen.say("timeouts are suspended; set breakpoints, then send a request; q ends")
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%w: %s", err, strings.TrimSpace(reason.String()))
}

// leave makes the ordinary code of the function live again.
func (d *dev) leave(ctx context.Context, name string, f *function, failed error) error {
	d.screen.say("ending: %s runs without the debugger again", name)
	archive := filepath.Join(d.project.Archives(), name+".zip")
	if _, err := d.functions.swap(ctx, f, archive); err != nil {
		return fmt.Errorf("%s still runs under the debugger: run make up: %w", name, err)
	}
	if err := d.functions.prune(ctx, 0); err != nil {
		return err
	}
	return failed
}

// localcloud returns the path of the command of that name: the one that make builds, or the
// one on PATH.
func localcloud(root string) string {
	program := filepath.Join(root, "bin", "localcloud")
	if _, err := exec.LookPath(program); err != nil {
		return "localcloud"
	}
	return program
}
