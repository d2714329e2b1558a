// Command bench measures how fast this project runs and deploys in the local cloud,
// beside a floor: the same function bundles behind a Lambda Runtime API that does
// nothing else. It prints one table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"tally/test/cmd/bench/report"
)

// options are the flags.
type options struct {
	root   string
	only   string
	rounds int
	n      int
	burst  int
}

// section is a part of the table.
type section struct {
	name string
	run  func(*bench, context.Context) ([]report.Row, error)
}

var sections = []section{
	{"http", (*bench).http},
	{"sns", (*bench).sns},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == floorCommand {
		err = serveFloor(os.Args[2:])
	} else {
		err = run(ctx, os.Args[1:])
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.root, "project", "..", "`folder` of the project")
	flags.StringVar(&o.only, "only", "", "measure only these comma-separated `sections`: "+names())
	flags.IntVar(&o.rounds, "rounds", 3, "`number` of rounds, each of which measures the floor and the local cloud")
	flags.IntVar(&o.n, "n", 2000, "`number` of requests of each HTTP load in a round")
	flags.IntVar(&o.burst, "burst", 5000, "`number` of messages in a burst")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.rounds < 1 || o.n < 1 || o.burst < 1 {
		return errors.New("-rounds, -n and -burst must be at least 1")
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	var rows []report.Row
	for _, s := range chosen {
		fmt.Fprintln(os.Stderr, "bench: measuring", s.name)
		more, err := s.run(b, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		rows = append(rows, more...)
	}
	fmt.Print(report.Table(rows))
	return nil
}

// choose returns the sections with these names, or all if there is none.
func choose(only string) ([]section, error) {
	if only == "" {
		return sections, nil
	}
	var chosen []section
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(sections, func(s section) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only %s: there is no section %q, only %s", only, name, names())
		}
		chosen = append(chosen, sections[i])
	}
	return chosen, nil
}

func names() string {
	var all []string
	for _, s := range sections {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}
