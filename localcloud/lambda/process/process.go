//go:build unix

// Package process runs execution environments as processes on this machine. Each
// runs the bundle's bootstrap with a Runtime API of its own on a loopback port,
// and inherits nothing from the developer's environment. Where the kernel permits it,
// the bootstrap sees a file system and processes of its own, as on AWS.
package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// Runner starts processes. It implements [lambda.Runner].
type Runner struct {
	plain  bool // never isolate functions, even where possible
	memory sampler
}

// New returns a Runner that isolates functions, if [Isolation] returns nil, which it
// checks in the background. From then on, other processes of the user cannot read the
// environment and the memory of this process.
func New() *Runner {
	hide()
	go Isolation() //nolint:errcheck // whoever starts an environment asks again
	return &Runner{}
}

// WithoutIsolation returns a Runner whose functions see the machine as the
// developer's other processes do.
func WithoutIsolation() *Runner {
	hide()
	return &Runner{plain: true}
}

// isolates reports whether functions are isolated.
func (r *Runner) isolates() bool { return !r.plain && Isolation() == nil }

// Isolation returns nil if functions can be isolated on this machine. Otherwise,
// the error says why not, and how to allow it, if that is known. It tries once, which
// takes some milliseconds.
var Isolation = sync.OnceValue(probe)

// TaskRoot implements lambda.Runner.
func (r *Runner) TaskRoot(dir string) string {
	if r.isolates() {
		return taskRoot
	}
	return dir
}

// environment is a process with the server of its Runtime API and the reader of
// its output. It implements [lambda.Environment].
type environment struct {
	program
	memory *sampler
	api    *runtimeapi.API
	server *runtimeapi.Server
	output *output
	limit  int // MiB

	// life is canceled, with a *lambda.Failure as its cause, once the process
	// has ended and its output has been read.
	life context.Context
	peak atomic.Int64 // the process's peak memory in bytes
	// readAt is when the peak was last read, and treeReadAt when all processes were; nil
	// means never.
	readAt, treeReadAt atomic.Pointer[time.Time]
	resident           resident
	started            time.Time // of the current event; guarded by memory.mu, except from its own goroutine
}

// Start implements lambda.Runner.
func (r *Runner) Start(ctx context.Context, spec lambda.Spec) (lambda.Environment, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	api := runtimeapi.New()
	e := &environment{memory: &r.memory, api: api, limit: spec.MemoryMB}
	e.server = e.newServer()
	if err := e.launch(r, spec, listener.Addr().String()); err != nil {
		listener.Close()
		return nil, err
	}
	go e.server.Serve(listener)
	watched, stop := e.watch(ctx)
	defer stop()
	if err := api.Ready(watched); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// startProgram starts the bootstrap of a bundle, with both outputs to out.
func (r *Runner) startProgram(spec lambda.Spec, env []string, out *os.File) (program, error) {
	if r.isolates() {
		return startIsolated(spec, env, out)
	}
	return startPlain(spec, env, out)
}

func bootstrapIn(dir string) string { return filepath.Join(dir, "bootstrap") }

// launch starts the program, and a goroutine that waits for it to end.
func (e *environment) launch(r *Runner, spec lambda.Spec, address string) error {
	if info, err := os.Stat(bootstrapIn(spec.Dir)); err != nil || info.IsDir() {
		return invalidEntrypoint("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
	}
	out, writer, err := openOutput(spec.Output)
	if err != nil {
		return err
	}
	defer writer.Close()
	e.output = out
	env := append(spec.Env[:len(spec.Env):len(spec.Env)], "AWS_LAMBDA_RUNTIME_API="+address)
	life, end := context.WithCancelCause(context.Background())
	e.life = life
	started := make(chan error)
	go func() {
		// On Linux, the kernel kills the process when the thread that started
		// it exits, so that thread must live as long as the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		running.starting.RLock()
		p, err := r.startProgram(spec, env, writer)
		e.program = p
		if err == nil {
			running.roots.Store(p.root(), nil)
		}
		running.starting.RUnlock()
		if err == nil {
			e.resident = openResident(p.pid())
		}
		started <- err
		if err == nil {
			end(e.await())
			running.roots.Delete(p.root())
			e.resident.close()
		}
	}()
	if err := <-started; err != nil {
		out.close()
		switch reason, _ := errors.AsType[syscall.Errno](err); reason {
		case syscall.EACCES, syscall.ENOENT, syscall.ENOEXEC:
			return invalidEntrypoint("fork/exec /var/task/bootstrap: " + reason.Error())
		}
		return fmt.Errorf("start %s: %w", bootstrapIn(spec.Dir), err)
	}
	return nil
}

func invalidEntrypoint(message string) error {
	return &lambda.Failure{Type: "Runtime.InvalidEntrypoint", Message: message}
}

// await waits for the program to end, and returns how it ended.
func (e *environment) await() *lambda.Failure {
	err := e.wait()
	e.output.close()
	if err == nil {
		return &lambda.Failure{Type: "Runtime.ExitError", Message: "Runtime exited without providing a reason"}
	}
	return &lambda.Failure{Type: "Runtime.ExitError", Message: fmt.Sprintf("Runtime exited with error: %v", err)}
}

// watch returns a context that ends when ctx or the process ends, and enforces
// the memory limit until stop is called.
func (e *environment) watch(ctx context.Context) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	unlink := context.AfterFunc(e.life, func() { cancel(context.Cause(e.life)) })
	e.memory.start(e)
	return watched, func() {
		e.memory.stop(e)
		unlink()
		cancel(nil)
	}
}

// Invoke implements lambda.Environment.
func (e *environment) Invoke(ctx context.Context, event runtimeapi.Event) (runtimeapi.Response, error) {
	watched, stop := e.watch(ctx)
	defer stop()
	if responded := event.Responded; responded != nil {
		event.Responded = func(r runtimeapi.Response) {
			if !e.overLimit(time.Now()) {
				responded(r)
			}
		}
	}
	response, err := e.api.Invoke(watched, event)
	switch {
	case err != nil:
		return runtimeapi.Response{}, err
	case e.overLimit(time.Now()):
		e.Close()
		return runtimeapi.Response{}, context.Cause(e.life)
	case watched.Err() != nil:
		e.Close() // it responded in time but did not request the next event
	default:
		e.output.drain()
	}
	return response, nil
}

// Alive implements lambda.Environment.
func (e *environment) Alive() bool { return e.life.Err() == nil }

// MaxMemoryMB implements lambda.Environment.
func (e *environment) MaxMemoryMB() int { return int((e.peak.Load() + 1<<20 - 1) >> 20) }

// Close implements lambda.Environment.
func (e *environment) Close() {
	if e.Alive() {
		e.kill()
	}
	<-e.life.Done()
	e.server.Close()
}
