// Command localcloud runs a local cloud, to which Pulumi programs are deployed as
// if it were AWS.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/alecthomas/kong"

	"tally/localcloud/control"
)

// commands are the commands and flags of the command line.
type commands struct {
	Start       startCommand       `cmd:"" help:"Start the local cloud, in the foreground or with --detach."`
	Stop        stopCommand        `cmd:"" help:"Stop the local cloud. Its state remains for the next start."`
	Status      statusCommand      `cmd:"" help:"Show what is running: ports, resources, recent warnings."`
	Logs        logsCommand        `cmd:"" help:"Print the functions' logs."`
	Watch       watchCommand       `cmd:"" help:"Print what happens from now on (requests, deliveries, log lines) as JSON."`
	Console     consoleCommand     `cmd:"" help:"Print the link to the console, the page that shows what the local cloud does, and open it with --open. A link can be used once."`
	Permissions permissionsCommand `cmd:"" help:"List what each role was granted and has not used, and what was refused."`
	Emails      emailsCommand      `cmd:"" help:"Print the emails that AWS would have sent to addresses that are subscribed to topics."`
	Debug       debugCommand       `cmd:"" help:"Start a function whose bundle contains a debugger, and suspend its timeouts until the command ends."`
	Fault       faultCommand       `cmd:"" help:"Make the local cloud do what AWS may do to programs: deliver twice, late or out of order, crash and slow down functions, and refuse requests to tables."`
	Env         envCommand         `cmd:"" help:"Print the shell exports that make pulumi, the AWS CLI and AWS SDKs use the local cloud, and register this program with it."`

	Types typesCommand `cmd:"" help:"List the resource types and functions that programs can use, and what of a type has no effect or is refused."`
	Run   runCommand   `cmd:"" help:"Run a command that uses the local cloud, such as: localcloud run -- pulumi up"`

	Project string `help:"Folder of the Pulumi program. Default: the current folder or its nearest parent with a Pulumi.yaml, else the current folder." placeholder:"DIR" type:"existingdir"`
	State   string `help:"Folder of the local cloud's state. Default: .localcloud in the project's folder." placeholder:"DIR" type:"path"`
	Port    *int   `help:"Port of AWS's protocols (${port}; for start, 0 means any free one). The other commands use the local cloud of this project or, if it does not run, the one on this port." placeholder:"PORT"`
}

// streams are the outputs of a command.
type streams struct {
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr})
	if status, ok := errors.AsType[exitStatus](err); ok {
		os.Exit(int(status))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "localcloud:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, std streams) error {
	var cli commands
	exited := false
	port, err := defaultPort()
	if err != nil {
		return err
	}
	parser, err := kong.New(&cli,
		kong.Name("localcloud"),
		kong.Description("A small local cloud: it serves the Pulumi aws provider and AWS's own protocols on loopback, and runs your function bundles."),
		kong.UsageOnError(),
		kong.Writers(std.out, std.err),
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
		kong.Vars{"port": strconv.Itoa(port)},
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
	place, err := cli.place(port)
	if err != nil {
		return err
	}
	return command.Run(place)
}

// defaultPort returns $LOCALCLOUD_PORT or 4566.
func defaultPort() (int, error) {
	v := os.Getenv("LOCALCLOUD_PORT")
	if v == "" {
		return 4566, nil
	}
	port, err := strconv.Atoi(v)
	if err != nil {
		return 0, fmt.Errorf("LOCALCLOUD_PORT is %q; it must be a port number", v)
	}
	return port, nil
}

// place selects a local cloud by the folder of its state, or by its port.
type place struct {
	project  string
	state    string
	anyState bool // without --state, the local cloud on the port may have its state elsewhere
	port     int
	anyPort  bool // without --port, the local cloud with the state may have another port
}

func (c *commands) place(port int) (place, error) {
	p := place{project: c.Project, state: c.State, anyState: c.State == "", port: port, anyPort: c.Port == nil}
	if c.Port != nil {
		p.port = *c.Port
	}
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

// nearestProject returns dir or the nearest folder above it with a Pulumi.yaml,
// or dir if there is none.
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

// find returns the status of the selected local cloud: the one with the state
// folder if it is running, or else the one on the port, which projects may share.
func (p place) find(ctx context.Context) (control.Status, error) {
	if p.anyState && !p.anyPort {
		return control.At(ctx, p.port)
	}
	status, err := control.Find(ctx, p.state)
	if errors.Is(err, control.ErrNotRunning) && p.anyState {
		return control.At(ctx, p.port)
	}
	return status, err
}
