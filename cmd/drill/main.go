// Command drill raises every alarm of a stack in the local cloud: it does what the alarm
// watches for, such as sending a message that no function can process, and waits until the
// alarm is raised, until AWS would have sent an email, and until the alarm is OK again. It
// reads the list of alarms from the stack, and exits with the status 1 if nothing that it
// knows raises one of them.
//
//	drill [-s STACK] [-docs FILE] [-patience DURATION]
//
// It breaks the stack on purpose, by AWS's APIs and the faults of the local cloud, and
// restores what it has changed. It also deletes the messages in the stack's failure queues,
// and in queues that no function consumes. It refuses stacks that are not named local or
// local-….
// If it is killed, "localcloud fault clear" and "pulumi up --refresh" restore the rest.
//
// The environment must be that of "localcloud env", and localcloud must be on the PATH.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tally/internal/stack"
)

// outputs are the outputs of the stack that drill uses.
type outputs struct {
	APIURL          string            `json:"apiUrl"`
	APIAuth         string            `json:"apiAuth"`   // "none", "iam" or "jwt"
	Functions       map[string]string `json:"functions"` // physical names by the names in the program
	NumbersTopicARN string            `json:"numbersTopicArn"`
	AlarmsTopicARN  string            `json:"alarmsTopicArn"`
	Failures        []failures        `json:"failures"`
}

// failures is a queue for what could not be processed.
type failures struct {
	URL         string `json:"queueUrl"`
	FunctionARN string `json:"functionArn"` // the alias that should have processed it, or ""
}

func main() {
	stack := flag.String("s", "local", "the `stack`, in the local cloud")
	docs := flag.String("docs", "", "the Markdown `file` to write the results to")
	patience := flag.Duration("patience", time.Minute, "how long to wait for a change of an alarm")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, *stack, *docs, *patience, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "drill:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name, docs string, patience time.Duration, w io.Writer) error {
	if !stack.IsLocal(name) {
		return fmt.Errorf("stack %s: the drill breaks what it touches, so it runs only on stacks in the local cloud, named local or local-…", name)
	}
	var out outputs
	if err := stack.Outputs(ctx, name, &out); err != nil {
		return err
	}
	if out.AlarmsTopicARN == "" || out.NumbersTopicARN == "" {
		return fmt.Errorf("stack %s has not been deployed: run pulumi up", name)
	}
	d, err := newDrill(ctx, out, patience, w)
	if err != nil {
		return err
	}
	results, err := d.run(ctx)
	if len(results) > 0 {
		printTable(w, results)
	}
	if err := errors.Join(err, failed(results)); err != nil || docs == "" {
		return err
	}
	return os.WriteFile(docs, []byte(document(results, d.local.Config.TimeScale)), 0o644)
}

// failed returns the errors of all results.
func failed(results []*result) error {
	var errs []error
	for _, r := range results {
		if r.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.short, r.err))
		}
	}
	return errors.Join(errs...)
}
