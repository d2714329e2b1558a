package lambda

import (
	"context"

	"tally/localcloud/lambda/runtimeapi"
)

// Runner starts execution environments.
type Runner interface {
	// Start starts the bundle's bootstrap and waits until its runtime requests an
	// event. It fails with *Failure or *runtimeapi.InitError if the function is to
	// blame, and with the cause of ctx's end. A failed start leaves nothing behind.
	Start(ctx context.Context, spec Spec) (Environment, error)
}

// Spec describes an environment to start.
type Spec struct {
	Dir      string   // the unpacked bundle and working directory
	Env      []string // "NAME=value", all but AWS_LAMBDA_RUNTIME_API
	MemoryMB int      // MiB; the process is killed if it uses more
	// Output receives each line that the function writes to stdout or stderr,
	// without the newline, one at a time and in order.
	Output func(line string)
}

// Environment is a started runtime. It runs one Invoke at a time.
type Environment interface {
	// Invoke runs the function once. When it returns, Output has received every
	// line that the function wrote in the meantime. It fails with *Failure if the
	// runtime ended before it responded, and with the cause of ctx's end. After an
	// error the environment can only be closed.
	Invoke(ctx context.Context, event runtimeapi.Event) (runtimeapi.Reply, error)
	// Alive reports whether the runtime can receive another event.
	Alive() bool
	// MaxMemoryMB returns the peak memory use of the runtime in MiB, or 0 if it is
	// unknown.
	MaxMemoryMB() int
	// Close ends the runtime and everything it started, and waits for them to end.
	// It can be called again.
	Close()
}

// Failure is the end of a runtime, in the words of Lambda.
type Failure struct {
	Type    string // "Runtime.ExitError", "Runtime.InvalidEntrypoint"
	Message string // "Runtime exited with error: exit status 1"
}

func (f *Failure) Error() string { return f.Type + ": " + f.Message }
