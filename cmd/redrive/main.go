// Command redrive shows the messages that a stack's functions could not process, and
// runs them again once the cause is fixed.
//
//	redrive [-s STACK] [list] [SELECTION] [-max N] [-json]
//	redrive [-s STACK] run SELECTION|-all [-n] [-rate N]
//
// A selection is any of -queue NAME, -id ID (repeatable), -reason REGEXP and -older
// DURATION; a message must match all of them. The command finds the queues in the
// stack's output "failures", so it works on AWS and on the local cloud.
//
// list, the default, leaves the messages in their queues.
//
// run invokes the function that failed with the event that it failed on, and waits
// for it: the topic's other subscribers do not receive the message again. It deletes
// a message only after the function has succeeded; a message that fails again stays
// in its queue, and its reason is printed. No message is lost if run is interrupted
// or killed. A message whose function has succeeded, but which could not be deleted
// any more, is run again by the next run, with the same message ID.
//
// The first interrupt lets the invocations in progress finish and returns the other
// messages to their queues; the second one returns all of them at once.
//
// The exit status is 0 if everything was done, 1 if a message failed again or an
// error occurred, and 2 if the arguments are invalid. (go run reports 1 for both.)
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/term"
	"golang.org/x/time/rate"
)

func main() {
	a, err := parseArguments(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "redrive:", err)
		os.Exit(2)
	}
	stop, abort := interrupts(os.Stderr)
	if err := run(stop, abort, a, newScreen(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "redrive:", err)
		os.Exit(1)
	}
}

// run carries out the command. After stop ends, it starts nothing more; after abort
// ends, it does not wait for what it has started either.
func run(stop, abort context.Context, a arguments, out screen) error {
	all, err := failureQueues(stop, a.stack)
	if err != nil {
		return err
	}
	queues, err := named(all, a.queue)
	if err != nil {
		return err
	}
	cloud, err := connect(stop, all)
	if err != nil {
		return err
	}
	if !a.run {
		return list(stop, cloud, queues, a, out)
	}
	r := &runner{cloud: cloud, selection: a.selection, limit: rate.NewLimiter(a.rate, 1), dry: a.dry, report: newReport(out, a.dry)}
	return r.run(stop, abort, queues)
}

// interrupts returns two contexts: the first ends with the first interrupt of the
// process, the second one with the second.
func interrupts(w io.Writer) (stop, abort context.Context) {
	stop, cancelStop := context.WithCancelCause(context.Background())
	abort, cancelAbort := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(w, "\nredrive: stopping; interrupt again to stop without waiting for invocations in progress")
		cancelStop(errInterrupted)
		<-signals
		cancelAbort(errInterrupted)
	}()
	return stop, abort
}

var errInterrupted = errors.New("interrupted")

// screen is where output goes.
type screen struct {
	io.Writer
	terminal bool
	width    int // in characters
}

// newScreen returns the screen of a file. It is 80 characters wide unless the file is
// a terminal that is wider.
func newScreen(f *os.File) screen {
	s := screen{Writer: f, terminal: term.IsTerminal(int(f.Fd())), width: 80}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.width = max(s.width, width)
	}
	return s
}

// named returns the queue with the name, or all queues if the name is "".
func named(all []queue, name string) ([]queue, error) {
	if name == "" {
		return all, nil
	}
	i := slices.IndexFunc(all, func(q queue) bool { return q.Name == name })
	if i < 0 {
		names := make([]string, len(all))
		for i, q := range all {
			names[i] = q.Name
		}
		return nil, fmt.Errorf("the stack has no failure queue %q; it has %q", name, names)
	}
	return all[i : i+1], nil
}
