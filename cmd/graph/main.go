// Command graph shows how a change affects the infrastructure of a stack,
// without an AWS account. It previews the stack with the Pulumi engine and a
// local cloud, checks the planned resources against the rules of infra/policy,
// and compares them with the committed graph in test/golden.
//
//	go run ./cmd/graph dev staging prod    compares; a difference is an error
//	go run ./cmd/graph -update prod        writes the graph
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

// errDiffers is returned if a graph differs from the committed one. The
// difference has been printed.
var errDiffers = errors.New("the graph differs from the committed one; if this change is intended, run: make generate")

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

// run compares the graph of each stack with the one in test/golden, or writes it
// there. The working directory must be the project's folder.
func run(ctx context.Context, stacks []string, update bool, w io.Writer) error {
	var errs []error
	for _, stack := range stacks {
		resources, err := preview(ctx, stack)
		if err != nil {
			return err
		}
		if err := checkRules(stack, resources); err != nil {
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

// compare prints the difference between the file golden and graph in git's
// format. It returns errDiffers if there is one.
func compare(ctx context.Context, golden, graph string, w io.Writer) error {
	current, err := os.CreateTemp("", "graph-*.txt")
	if err != nil {
		return err
	}
	defer os.Remove(current.Name())
	defer current.Close()
	if _, err := current.WriteString(graph); err != nil {
		return err
	}
	diff := exec.CommandContext(ctx, "git", "diff", "--no-index", "--", golden, current.Name())
	diff.Stdout, diff.Stderr = w, w
	err = diff.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return errDiffers
	}
	return err
}
