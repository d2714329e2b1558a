package main

import (
	"os"
	"syscall"

	"tally/localcloud/cmd/localcloud/variables"
)

// leaveEnvironment starts this program again, in the same process, without the variables
// that it does not need. To unset them would not be enough: the kernel still shows those
// with which a program was started. It does nothing if there are no others.
func leaveEnvironment() error {
	environ := variables.Serving(os.Environ())
	if len(environ) == len(os.Environ()) {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return &os.PathError{Op: "exec", Path: self, Err: syscall.Exec(self, os.Args, environ)} // returns only if it fails
}
