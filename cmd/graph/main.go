// Command graph shows what a change does to the infrastructure of a stack,
// without an account: the real engine previews the stack against a local cloud,
// and what it would create is compared with the graph that is committed.
//
//	go run ./cmd/graph dev staging prod    compares; the difference is an error
//	go run ./cmd/graph -update prod        writes the graph of now
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

// errDiffers is returned if a graph is not the committed one; the difference has
// been printed.
var errDiffers = errors.New("the graph is not the committed one; if this change is intended, run: make generate")

func main() {
	update := flag.Bool("update", false, "write the graphs instead of comparing them")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: graph [-update] STACK...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Args(), *update, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "graph:", err)
		os.Exit(1)
	}
}

// run compares or writes the graph of each stack in test/golden. It must run in
// the project's folder.
func run(ctx context.Context, stacks []string, update bool, w io.Writer) error {
	var errs []error
	for _, stack := range stacks {
		resources, err := preview(ctx, stack)
		if err != nil {
			return err
		}
		if err := keepsRules(stack, resources); err != nil {
			errs = append(errs, fmt.Errorf("stack %s: %w", stack, err))
		}
		graph, err := render(resources)
		if err != nil {
			return err
		}
		golden := filepath.Join("test", "golden", stack+".txt")
		if update {
			err = os.WriteFile(golden, []byte(graph), 0o644)
		} else {
			err = compare(ctx, golden, graph, w)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("stack %s: %w", stack, err))
			continue
		}
		fmt.Fprintf(w, "stack %s: %d resources, as in %s\n", stack, len(resources), golden)
	}
	return errors.Join(errs...)
}

// compare prints the difference as git does.
func compare(ctx context.Context, golden, graph string, w io.Writer) error {
	now, err := os.CreateTemp("", "graph-*.txt")
	if err != nil {
		return err
	}
	defer os.Remove(now.Name())
	defer now.Close()
	if _, err := now.WriteString(graph); err != nil {
		return err
	}
	diff := exec.CommandContext(ctx, "git", "diff", "--no-index", "--", golden, now.Name())
	diff.Stdout, diff.Stderr = w, w
	err = diff.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return errDiffers
	}
	return err
}
