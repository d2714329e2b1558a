package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// arguments are the parsed arguments of the command.
type arguments struct {
	stack string
	run   bool   // run rather than list
	queue string // the only queue, or "" for all
	selection

	all  bool       // run: without any selection
	dry  bool       // run: only show what would be run
	rate rate.Limit // run: messages per second

	json bool // list: as JSON
	max  int  // list: the number of messages of each queue; 0 for all
}

// selection selects messages. The zero value selects all.
type selection struct {
	ids    idList
	reason *regexp.Regexp
	older  time.Duration
}

// matches reports whether the selection contains the message.
func (s selection) matches(m message) bool {
	return (len(s.ids) == 0 || slices.Contains(s.ids, m.ID) || slices.Contains(s.ids, m.MessageID)) &&
		(s.reason == nil || s.reason.MatchString(m.why())) &&
		time.Since(m.Sent) >= s.older
}

// idList is a flag that can be repeated.
type idList []string

func (l *idList) String() string      { return strings.Join(*l, ", ") }
func (l *idList) Set(id string) error { *l = append(*l, id); return nil }

// parseArguments parses the arguments after the command's name. It writes the help,
// if requested, to w.
func parseArguments(args []string, w io.Writer) (arguments, error) {
	a := arguments{rate: 10}
	flags := flag.NewFlagSet("redrive", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&a.stack, "s", "local", "the `stack`")
	flags.StringVar(&a.queue, "queue", "", "only the queue `name`, such as handle-message-failures")
	flags.Var(&a.ids, "id", "only the message with this `ID`: that of the queue, or the one shown by list; repeatable")
	flags.Func("reason", "only messages whose condition and reason match the `regexp`", func(s string) (err error) {
		a.reason, err = regexp.Compile(s)
		return err
	})
	flags.DurationVar(&a.older, "older", 0, "only messages that have been in the queue for this `duration`, such as 90m or 36h")
	flags.BoolVar(&a.all, "all", false, "run: all messages")
	flags.BoolVar(&a.dry, "n", false, "run: only show what would be run")
	flags.Func("rate", "run: the maximum `number` of messages per second (default 10)", func(s string) (err error) {
		a.rate, err = parseRate(s)
		return err
	})
	flags.BoolVar(&a.json, "json", false, "list: print JSON")
	flags.IntVar(&a.max, "max", 100, "list: the `number` of messages of each queue to show, or 0 for all")

	// Flags may precede the verb and follow it.
	rest, err := args, flags.Parse(args)
	if rest = flags.Args(); err == nil && len(rest) > 0 && (rest[0] == "run" || rest[0] == "list") {
		a.run = rest[0] == "run"
		err = flags.Parse(rest[1:])
		rest = flags.Args()
	}
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(w, "usage: redrive [-s STACK] [list|run] [FLAGS]")
		flags.SetOutput(w)
		flags.PrintDefaults()
	}
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("unexpected argument %q: want list or run, and flags; -help describes them", rest[0])
	}
	if err != nil {
		return a, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return a, a.check(given)
}

// check returns an error unless the given flags fit together.
func (a arguments) check(given map[string]bool) error {
	only := map[string]bool{"all": true, "n": true, "rate": true, "json": false, "max": false} // for run
	for name := range given {
		if run, limited := only[name]; limited && run != a.run {
			return fmt.Errorf("-%s is only for %s", name, map[bool]string{true: "run", false: "list"}[run])
		}
	}
	// An empty value, such as that of an unset shell variable, selects everything.
	selected := a.queue != "" || len(a.ids) > 0 || a.reason != nil && a.reason.String() != "" || a.older != 0
	switch {
	case a.run && !a.all && !selected:
		return errors.New("run needs a selection: -id, -queue, -reason or -older; or -all for every message")
	case a.all && selected:
		return errors.New("-all excludes -id, -queue, -reason and -older")
	case a.max < 0:
		return fmt.Errorf("-max must be 0 or more, not %d", a.max)
	case a.older < 0:
		return fmt.Errorf("-older must be 0 or more, not %v", a.older)
	}
	return nil
}

// parseRate parses a number of messages per second, such as "5", "0.5" or "5/s".
func parseRate(s string) (rate.Limit, error) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(s, "/s"), 64)
	if err != nil || !(n > 0 && n <= 1000) {
		return 0, errors.New("must be a number of messages per second, above 0 and up to 1000")
	}
	return rate.Limit(n), nil
}
