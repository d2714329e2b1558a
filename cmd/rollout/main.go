// Command rollout moves the functions of a deployed stack to their newest versions
// in the steps that the stack's setting tally:rollout names, while it watches the
// stack's alarms and the metrics of the new versions. If one of them is bad, all
// return to the previous versions. It works with the local cloud and with AWS, and
// keeps its state in the aliases of the functions.
//
// Other commands roll back, delete old versions and show the state: see usage. The
// exit status is 1 if a version has been rolled back, and after other errors.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"

	"tally/internal/stack"
)

const usage = `rollout [-s STACK] [-strategy STRATEGY] [-force]      roll out new versions, or continue
rollout [-s STACK] rollback [-to VERSION] [FUNCTION]  return to an earlier version at once
rollout [-s STACK] prune [-keep NUMBER] [FUNCTION]    delete old versions
rollout [-s STACK] status [FUNCTION]                  show what live serves

`

// defaultKeep is the number of versions of each function that remain.
const defaultKeep = 5

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "rollout:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, w io.Writer) error {
	flags := flag.NewFlagSet("rollout", flag.ContinueOnError)
	stack := flags.String("s", "local", "the `stack`")
	name := flags.String("strategy", "", "the `strategy` instead of the stack's: all-at-once, canary-10-5m, linear-10-1m")
	force := flags.Bool("force", false, "roll out despite raised alarms, and versions that were rolled back")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	command, err := parseCommand(flags.Args())
	if err != nil {
		return err
	}
	out, err := stackOutputs(ctx, *stack)
	if err != nil {
		return err
	}
	r := &rollout{functions: out.functions(), keep: command.keep, force: *force, out: w}
	if *name == "" || command.name != "" { // how deployments treat live depends on the stack's own strategy
		*name = out.Rollout
	}
	if r.strategy, err = parseStrategy(*name); err != nil {
		return err
	}
	if r.cloud, err = out.cloud(ctx, *stack); err != nil {
		return err
	}
	return command.run(ctx, r)
}

// command is a command with its arguments.
type command struct {
	name     string // "" to roll out
	to, keep int
	function string
}

func parseCommand(args []string) (command, error) {
	c := command{keep: defaultKeep}
	if len(args) == 0 {
		return c, nil
	}
	c.name = args[0]
	flags := flag.NewFlagSet("rollout "+c.name, flag.ContinueOnError)
	switch c.name {
	case "rollback":
		flags.IntVar(&c.to, "to", 0, "the `version` to return to; the default is the previous one")
	case "prune":
		flags.IntVar(&c.keep, "keep", defaultKeep, "the `number` of versions that remain, besides those in use")
	case "status":
	default:
		return c, fmt.Errorf("there is no command %q: use rollback, prune, status, or none to roll out", c.name)
	}
	if err := flags.Parse(args[1:]); err != nil {
		return c, err
	}
	c.function = flags.Arg(0)
	switch {
	case flags.NArg() > 1:
		return c, fmt.Errorf("%s takes one function, not %s", c.name, strings.Join(flags.Args(), ", "))
	case c.to < 0:
		return c, fmt.Errorf("-to must be the number of a version, not %d", c.to)
	case c.to != 0 && c.function == "":
		return c, errors.New("-to needs the name of a function, whose version it is")
	case c.keep < 1:
		return c, fmt.Errorf("-keep must be at least 1, not %d", c.keep)
	}
	return c, nil
}

func (c command) run(ctx context.Context, r *rollout) error {
	if c.function != "" {
		i := slices.IndexFunc(r.functions, func(f function) bool { return c.function == f.name || c.function == f.physical })
		if i < 0 {
			return fmt.Errorf("the stack has no function %s", c.function)
		}
		r.functions = r.functions[i : i+1]
	}
	switch c.name {
	case "rollback":
		return r.rollback(ctx, c.to)
	case "prune":
		return r.prune(ctx)
	case "status":
		return r.status(ctx)
	}
	return r.run(ctx)
}

// outputs are the outputs of the stack that rollout uses.
type outputs struct {
	Functions      map[string]string `json:"functions"` // physical names by the names in the program
	Rollout        string            `json:"rollout"`
	AlarmsTopicARN string            `json:"alarmsTopicArn"`
}

// stackOutputs returns the outputs of a deployed stack.
func stackOutputs(ctx context.Context, name string) (out outputs, err error) {
	if err := stack.Outputs(ctx, name, &out); err != nil {
		return out, err
	}
	if len(out.Functions) == 0 || out.Rollout == "" {
		return out, fmt.Errorf("stack %s has not been deployed: run pulumi up", name)
	}
	return out, nil
}

// functions returns the functions, ordered by name.
func (o outputs) functions() (all []function) {
	for _, name := range slices.Sorted(maps.Keys(o.Functions)) {
		all = append(all, function{name, o.Functions[name]})
	}
	return all
}

// cloud returns access to the region and the alarms of the stack. The topic of
// alarms, "<project>-<stack>-<environment>-alarms-1a2b3c4", has both in its ARN.
func (o outputs) cloud(ctx context.Context, stack string) (cloud, error) {
	topic, err := arn.Parse(o.AlarmsTopicARN)
	if err != nil {
		return cloud{}, fmt.Errorf("output alarmsTopicArn of stack %s: %w", stack, err)
	}
	end := strings.LastIndex(topic.Resource, "alarms")
	if end < 0 {
		return cloud{}, fmt.Errorf("output alarmsTopicArn of stack %s: %s is not the name of the topic of alarms", stack, topic.Resource)
	}
	c, err := config.LoadDefaultConfig(ctx, config.WithRegion(topic.Region), config.WithRetryMode(aws.RetryModeStandard))
	return newCloud(c, topic.Resource[:end], o.AlarmsTopicARN), err
}
