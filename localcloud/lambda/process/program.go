//go:build unix

package process

// program is the started bootstrap of an environment.
type program interface {
	// wait waits for it to end, and for all processes that it started if they
	// cannot outlive it. The error describes how it ended; nil is exit status 0.
	wait() error
	// kill kills it, together with the processes that it started.
	kill()
	// pid returns its process ID, or 0 if it is not known.
	pid() int
	// root returns the ID of a process whose descendants are those of the environment.
	root() int
}
