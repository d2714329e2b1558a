//go:build linux

// Package stage is the first process of an execution environment. It builds the
// file system that the function sees, starts the function's program in it as
// another user, and reports how the program ends.
//
// The local cloud starts its own executable for this, in new namespaces and with
// [Variable] set. The init function of this package then takes over, so no other
// code of the executable runs, not even main. This works in every program that
// contains a local cloud, including test binaries.
//
// Go initializes the packages of a program in the order of their import paths, as
// far as their imports permit. The path of this package sorts before "time", on which
// nearly every other package depends. As long as this package itself imports only
// packages that do not depend on time, it runs before all of them, which
// shortens the start of a function from about 50 ms to a few.
//
// https://go.dev/ref/spec#Package_initialization
package stage

import "syscall"

// Variable is the environment variable that turns a program into the stage of an
// execution environment.
const Variable = "_LOCALCLOUD_STAGE"

// The values of Variable.
const (
	Run   = "run"   // reads a plan from standard input and carries it out in new namespaces
	Plain = "plain" // reads a plan that only executes a program, and does so without namespaces
	Probe = "probe" // exits with status 0; the program that probes isolation
)

// Plan lists the steps that create an execution environment. They are carried
// out in order, in an empty file system, and the last one must be Exec. Paths are
// absolute.
type Plan struct{ steps []byte }

// add appends a step: its name and three arguments, each terminated by a NUL.
func (p *Plan) add(name, a, b, c string) {
	for _, field := range []string{name, a, b, c} {
		p.steps = append(append(p.steps, field...), 0)
	}
}

// Bytes returns the encoded plan for the standard input of the stage.
func (p *Plan) Bytes() []byte { return p.steps }

// Dir creates a folder, whose parent must exist.
func (p *Plan) Dir(path string) { p.add("dir", path, "", "") }

// Link creates a symbolic link.
func (p *Plan) Link(target, path string) { p.add("link", target, path, "") }

// File creates a file with the given content.
func (p *Plan) File(path, content string) { p.add("file", path, content, "") }

// Bind makes a file or folder of this machine visible at an existing path,
// without permission to write to it. The source must not contain symbolic links.
func (p *Plan) Bind(source, path string) { p.add("bind", source, path, "") }

// Mount mounts a new file system of a type, such as "tmpfs", on an existing folder.
func (p *Plan) Mount(kind, path, options string) { p.add("mount", kind, path, options) }

// Env adds an environment variable of the program, "NAME=value".
func (p *Plan) Env(variable string) { p.add("env", variable, "", "") }

// Exec starts a program in a folder and waits for it to end. The program sees
// itself as User and Group. To the rest of the machine, it has the user and group of
// the stage or, if separate is set, which requires root, Separate.
func (p *Plan) Exec(program, folder string, separate bool) {
	as := ""
	if separate {
		as = "separate"
	}
	p.add("exec", program, folder, as)
}

// The lines that a stage writes to standard error.
const (
	Started = "started"
	// Ended is followed by a space and the program's wait status in decimal.
	Ended = "ended"
	// NotExecuted is followed by a space and, in decimal, the error number with
	// which the kernel refused to execute the program.
	NotExecuted = "not-executed"
	// Failed is followed by a space and the step that failed, with the reason.
	Failed = "failed"
)

// The user and group of functions on AWS.
const (
	User  = 993
	Group = 990
)

// Separate is the user ID and the group ID of functions if the local cloud runs as
// root. Nobody else is likely to have it: distributions assign IDs to people from 1000
// on, and the ranges of systemd begin above 60000.
//
// https://systemd.io/UIDS-GIDS/
const Separate = 59993

// decode returns the steps of an encoded plan.
func decode(raw []byte) (steps [][4]string) {
	var step [4]string
	n, start := 0, 0
	for i, b := range raw {
		if b != 0 {
			continue
		}
		step[n] = string(raw[start:i])
		n, start = n+1, i+1
		if n == len(step) {
			steps, n = append(steps, step), 0
		}
	}
	return steps
}

// readAll reads a file descriptor to its end.
func readAll(fd int) ([]byte, error) {
	var all []byte
	buffer := make([]byte, 16*1024)
	for {
		n, err := syscall.Read(fd, buffer)
		if n <= 0 {
			return all, err
		}
		all = append(all, buffer[:n]...)
	}
}
