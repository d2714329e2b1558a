package lambda

import (
	"context"

	"tally/localcloud/lambda/runtimeapi"
)

// Runner starts execution environments.
type Runner interface {
	// TaskRoot returns the path at which a function finds its bundle, which is
	// unpacked in dir.
	TaskRoot(dir string) string
	// Start starts the bundle's bootstrap and waits until its runtime requests an
	// event. It fails with *Failure or *runtimeapi.InitError if the function is the
	// cause, and with context.Cause(ctx) if ctx ends first. A failed start leaves no
	// process behind.
	Start(ctx context.Context, spec Spec) (Environment, error)
}

// Spec describes an environment to start.
type Spec struct {
	Dir      string   // the unpacked bundle; the function's working directory is its TaskRoot
	Env      []string // "NAME=value", all but AWS_LAMBDA_RUNTIME_API
	MemoryMB int      // MiB; the process is killed if it uses more
	TmpMB    int      // MiB that /tmp can hold; 0 means 512
	// Output receives each line that the function writes to stdout or stderr,
	// without the newline, one at a time and in order.
	Output func(line string)
}

// Environment is a started runtime. Only one call of Invoke may be in progress at
// a time.
type Environment interface {
	// Invoke runs the function once, and passes the response to event.Responded when it
	// arrives. When Invoke returns, the runtime has requested the next event, and Output
	// has received every line that the function wrote in the meantime. It fails with
	// *Failure if the runtime ended before it responded, and with context.Cause(ctx) if
	// ctx ended first. After an error, the environment can only be closed.
	Invoke(ctx context.Context, event runtimeapi.Event) (runtimeapi.Response, error)
	// Alive reports whether the runtime can receive another event.
	Alive() bool
	// MaxMemoryMB returns the peak memory use of the runtime in MiB, or 0 if it is
	// unknown.
	MaxMemoryMB() int
	// Close ends the runtime and everything it started, and waits for them to end.
	// It may be called more than once.
	Close()
}

// Failure describes in Lambda's wording how a runtime ended.
type Failure struct {
	Type    string // "Runtime.ExitError" or "Runtime.InvalidEntrypoint"
	Message string // such as "Runtime exited with error: exit status 1"
}

func (f *Failure) Error() string { return f.Type + ": " + f.Message }
