// Command localcloud runs the local cloud: it stands in for AWS behind a Pulumi
// program, on this machine alone.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"

	"tally/localcloud/control"
)

// commands are the verbs of the command line.
type commands struct {
	Start  startCommand  `cmd:"" help:"Start the local cloud, in the foreground or with --detach."`
	Stop   stopCommand   `cmd:"" help:"Stop the local cloud. What it holds stays for the next start."`
	Status statusCommand `cmd:"" help:"Show what runs: ports, resources, recent warnings."`
	Logs   logsCommand   `cmd:"" help:"Print the functions' logs."`
	Env    envCommand    `cmd:"" help:"Print the shell exports that make pulumi, the AWS CLI and AWS SDKs use the local cloud."`

	Project string `help:"The folder of the Pulumi program: relative archive paths start there. Default: the nearest folder upwards with a Pulumi.yaml, else this one." placeholder:"DIR" type:"existingdir"`
	State   string `help:"The folder of the local cloud's state. Default: .localcloud in the project's folder." placeholder:"DIR" type:"path"`
}

// streams are what a command reads its environment from and writes to.
type streams struct {
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr}); err != nil {
		fmt.Fprintln(os.Stderr, "localcloud:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, std streams) error {
	var cli commands
	exited := false
	parser, err := kong.New(&cli,
		kong.Name("localcloud"),
		kong.Description("A small local cloud: it serves the Pulumi aws provider and AWS's own protocols on loopback, and runs your function bundles."),
		kong.UsageOnError(),
		kong.Writers(std.out, std.err),
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if exited { // --help has been printed
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; see: localcloud --help", err)
	}
	place, err := cli.place()
	if err != nil {
		return err
	}
	return command.Run(place)
}

// place is which local cloud a command is about.
type place struct{ project, state string }

func (c *commands) place() (place, error) {
	p := place{project: c.Project, state: c.State}
	if p.project == "" {
		here, err := os.Getwd()
		if err != nil {
			return p, err
		}
		p.project = nearestProject(here)
	}
	if p.state == "" {
		p.state = filepath.Join(p.project, ".localcloud")
	}
	return p, nil
}

// nearestProject is dir or the nearest folder above it that holds a
// Pulumi.yaml, or dir where none does.
func nearestProject(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "Pulumi.yaml")); err == nil {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}

// find is the status of the local cloud at p.
func (p place) find(ctx context.Context) (control.Status, error) {
	return control.Find(ctx, p.state)
}
