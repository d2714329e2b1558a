// Command stack makes sure that a stack has a configuration. One named local-… gets a copy
// of that of the stack local. For any other, it fails, and says which stacks there are.
//
//	stack NAME
//
// The working directory must be the project's folder.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"tally/internal/project"
	"tally/internal/stack"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: stack NAME")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "stack:", err)
		os.Exit(1)
	}
}

func run(name string) error {
	err := stack.Check(".", name)
	if err == nil || !stack.IsLocal(name) {
		return err
	}
	local := stack.File(stack.Local)
	if _, missing := os.Stat(local); errors.Is(missing, fs.ErrNotExist) {
		return err
	}
	if err := project.CopyFile(local, stack.File(name)); err != nil {
		return err
	}
	fmt.Printf("%s is a new stack in the local cloud; %s is a copy of %s\n", name, stack.File(name), local)
	return nil
}
