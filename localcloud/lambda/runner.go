package lambda

import (
	"context"

	"tally/localcloud/lambda/runtimeapi"
)

// Runner starts execution environments.
type Runner interface {
	// Start starts the bundle's bootstrap and waits until its runtime asks for
	// an event. It fails with *Failure or *runtimeapi.InitError where the
	// function is to blame, and with the cause of ctx's end; nothing is left
	// behind then.
	Start(ctx context.Context, spec Spec) (Environment, error)
}

// Spec says how to start an environment.
type Spec struct {
	Dir      string   // the unpacked bundle and working directory
	Env      []string // "NAME=value", all but AWS_LAMBDA_RUNTIME_API
	MemoryMB int      // the process is killed when it holds more
	// Output gets each line the function writes to stdout or stderr, without
	// the newline, one at a time and in order.
	Output func(line string)
}

// Environment is a started runtime. It takes one Invoke at a time.
type Environment interface {
	// Invoke runs the function once. When it returns, Output has got every
	// line the function wrote meanwhile. It fails with *Failure where the
	// runtime ended before it answered, and with the cause of ctx's end; after
	// an error the environment can only be closed.
	Invoke(ctx context.Context, event runtimeapi.Event) (runtimeapi.Reply, error)
	// Alive tells whether the runtime can take another event.
	Alive() bool
	// MaxMemoryMB is the most memory the runtime has held, in MiB; 0 where it
	// is unknown.
	MaxMemoryMB() int
	// Close ends the runtime and everything it started, and waits for that.
	// It may be called again.
	Close()
}

// Failure is the end of a runtime, as Lambda words it.
type Failure struct {
	Type    string // "Runtime.ExitError", "Runtime.InvalidEntrypoint"
	Message string // "Runtime exited with error: exit status 1"
}

func (f *Failure) Error() string { return f.Type + ": " + f.Message }
