// Command dev keeps a stack of the local cloud as the sources are, while they are edited. A
// function that is saved is compiled and live at once, through Lambda's UpdateFunctionCode;
// a change of the stack is deployed without asking. Meanwhile dev prints what happens:
// requests, messages and log lines, a line each.
//
// With -debug, it runs one function under delve instead, until it ends.
//
// It refuses stacks other than local and local-…, because it asks nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"tally/internal/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in, out *os.File) error {
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	stack := flags.String("s", "local", "the `stack`, local or local-…")
	debug := flags.String("debug", "", "the `function` to run under delve")
	dlv := flags.String("dlv", "bin/dlv", "the `path` of delve")
	port := flags.Int("port", 2345, "the `port` of the debugger")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("there is no argument %q", flags.Arg(0))
	}
	if err := errors.Join(checkStack(*stack), checkEndpoint(os.Getenv("AWS_ENDPOINT_URL"))); err != nil {
		return err
	}
	d, err := newDev(ctx, *stack, out)
	if err != nil {
		return err
	}
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	restore, err := d.screen.takeKeys(in, quit)
	if err != nil {
		return err
	}
	defer restore()
	if *debug != "" {
		return d.debug(ctx, *debug, *dlv, *port)
	}
	return d.run(ctx)
}

// checkStack refuses stacks that may be in an AWS account.
func checkStack(name string) error {
	if stack.IsLocal(name) {
		return nil
	}
	return fmt.Errorf("stack %s may be in an AWS account, and dev deploys without asking: use a stack named local or local-…, "+
		"and make up STACK=%[1]s for this one", name)
}

// checkEndpoint refuses to change functions elsewhere than on this machine, where
// endpoint, the value of AWS_ENDPOINT_URL, must be.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost") {
		return nil
	}
	return fmt.Errorf("AWS_ENDPOINT_URL is %q, not that of a local cloud: run make dev, or eval \"$(./bin/localcloud env)\" first", endpoint)
}
