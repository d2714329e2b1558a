// Command newfunction writes a new Lambda function into the project, with its test, and
// declares it in infra/main.go.
//
//	newfunction NAME TRIGGER
//
// TRIGGER is what invokes the function:
//
//	POST /greet             a request of the HTTP API
//	topic:numbers           each message of a topic that infra/main.go declares
//	queue:orders            the messages of a queue, which is declared with the function unless it exists
//	schedule:rate(1 hour)   a schedule of EventBridge Scheduler: rate(…), cron(…) or at(…)
//
// It writes functions/NAME, adds lines to infra/main.go and, for a request, the operation to
// docs/openapi.yaml. It prints what it has added, and what to do next. If it refuses
// anything, it writes nothing. If it does not understand infra/main.go, it prints the lines
// to add by hand; it then writes the rest when it runs again.
//
// The working directory must be the project's folder. The exit status is 1 if the command
// refuses, and 2 if an argument is missing.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] == "" || os.Args[2] == "" {
		fmt.Fprint(os.Stderr, `usage: make new-function NAME=greet TRIGGER="POST /greet"
A trigger is "METHOD /path", topic:NAME, queue:NAME or "schedule:rate(1 hour)".
`)
		os.Exit(2)
	}
	if err := run(".", os.Args[1], os.Args[2], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "newfunction:", err)
		os.Exit(1)
	}
}

// run writes the function into the project in folder dir.
func run(dir, name, trigger string, w io.Writer) error {
	files, added, err := plan(dir, name, trigger)
	if err != nil {
		return fmt.Errorf("nothing was written: %w", err)
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(full, files[path], 0o644); err != nil {
			return err
		}
		fmt.Fprintln(w, "wrote", path)
	}
	fmt.Fprint(w, added)
	return nil
}

// plan returns the contents of all files to write, by their paths in the project, and what
// to tell the user about them.
func plan(dir, name, text string) (map[string][]byte, string, error) {
	on, err := parseTrigger(text)
	if err != nil {
		return nil, "", err
	}
	p, err := readProgram(dir)
	if err != nil {
		return nil, "", err
	}
	if err := checkName(dir, name, on, p); err != nil {
		return nil, "", err
	}
	files, err := render(dir, name, on)
	if err != nil {
		return nil, "", err
	}
	edited, lines, err := p.declare(name, on)
	if err != nil {
		return nil, "", err
	}
	if edited != nil {
		files[mainFile] = edited
	}
	api, err := os.ReadFile(filepath.Join(dir, openAPIFile))
	if on.kind == httpKind && !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return nil, "", err
		}
		described, err := describe(string(api), name, on)
		if err != nil {
			return nil, "", err
		}
		files[openAPIFile] = []byte(described)
	}
	return files, next(name, on, lines), nil
}

// next returns what has been added to infra/main.go, how to go on, and how to undo it.
func next(name string, on trigger, lines []string) string {
	var b strings.Builder
	if len(lines) == 0 {
		fmt.Fprintf(&b, "%s already declares %s.\n", mainFile, name)
	}
	for _, block := range lines {
		fmt.Fprintf(&b, "\nadded to %s:\n%s", mainFile, indent(block))
	}
	described := ""
	if on.kind == httpKind {
		described = ", the operation in " + openAPIFile
	}
	fmt.Fprintf(&b, `
Next:
  go test ./functions/%[1]s
  make generate   (rewrites what is generated from the stack, such as test/golden)
  make up   (deploys the function to the local cloud)
  %[2]s

To remove it, delete the folder functions/%[1]s%[3]s and the lines above from %[4]s, and run make generate.
`, name, on.try(name), described, mainFile)
	return b.String()
}

func indent(block string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(block) + "\n") {
		b.WriteString("  " + line)
	}
	return b.String()
}
