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
	"runtime"
	"slices"
	"strings"
	"syscall"

	"tally/test/cmd/bench/report"
)

// options are the flags.
type options struct {
	root      string // folder of the project
	docs      string // folder of benchmarks.md, or ""
	note      string // for benchmarks.md
	rounds    int
	n         int   // HTTP requests of each load
	burst     int   // messages of a burst
	requests  int   // after which memory is measured
	functions int   // of the larger generated program
	sizes     []int // of all generated programs, in functions
}

// section is a part of the table.
type section struct {
	name string
	run  func(*bench, context.Context) ([]report.Row, error)
}

var sections = []section{
	{"start", (*bench).start},
	{"http", (*bench).http},
	{"sns", (*bench).sns},
	{"memory", (*bench).memory},
	{"pulumi", (*bench).pulumi},
	{"scale", (*bench).scale},
}

func main() {
	// Whatever ends the command, even the reader of its output, it stops its local cloud.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
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
	o, chosen, err := parse(args)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "bench: deploying")
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	var rows []report.Row
	var failed []error
	for _, s := range chosen {
		fmt.Fprintln(os.Stderr, "bench: measuring", s.name)
		more, err := s.run(b, ctx)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
		}
		rows = append(rows, more...)
	}
	fmt.Print(report.Table(rows))
	if o.docs == "" || failed != nil {
		return errors.Join(failed...)
	}
	return report.Write(o.docs, o.describe(), rows)
}

// parse parses the flags, and returns the sections to measure.
func parse(args []string) (o options, chosen []section, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.root, "project", "..", "`folder` of the project")
	flags.StringVar(&o.docs, "docs", "", "write benchmarks.md and benchmarks.svg into this `folder`, unless -only is given")
	flags.StringVar(&o.note, "note", "", "`text` to add to benchmarks.md")
	only := flags.String("only", "", "measure only these comma-separated `sections`: "+names())
	long := flags.Bool("long", false, "also measure 100 functions, and memory after 100000 requests instead of 10000")
	flags.IntVar(&o.rounds, "rounds", 3, "`number` of rounds, each of which measures the floor and the local cloud")
	flags.IntVar(&o.n, "n", 2000, "`number` of requests of each HTTP load in a round")
	flags.IntVar(&o.burst, "burst", 5000, "`number` of messages in a burst")
	flags.IntVar(&o.requests, "requests", 10_000, "`number` of requests after which memory and state are measured")
	flags.IntVar(&o.functions, "functions", 10, "`number` of functions of the larger generated program")
	if err := flags.Parse(args); err != nil {
		return o, nil, err
	}
	if min(o.rounds, o.n, o.burst, o.requests, o.functions) < 1 {
		return o, nil, errors.New("-rounds, -n, -burst, -requests and -functions must be at least 1")
	}
	if *only != "" {
		o.docs = "" // the page has all sections
	}
	o.sizes = slices.Compact([]int{1, o.functions})
	if *long {
		o.requests, o.sizes = 100_000, []int{1, 10, 100}
	}
	chosen, err = choose(*only)
	return o, chosen, err
}

// describe returns how the figures were measured.
func (o options) describe() string {
	text := fmt.Sprintf("Measured on %s/%s with %d processors and %s. Rounds: %d, with %d requests of each HTTP load.",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), o.rounds, o.n)
	if o.note != "" {
		text += " " + o.note
	}
	return text
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
