package bundle

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Debug builds an archive in which delve, the program at the path dlv, runs the named
// function, and listens on a loopback port. It returns the archive's path. The function is
// compiled without optimizations of the project's own packages. The paths of its sources
// begin with the name of the module.
//
// https://github.com/go-delve/delve/blob/master/Documentation/usage/dlv_exec.md
func (p *Project) Debug(ctx context.Context, name, dlv string, port int) (string, error) {
	dir, err := os.MkdirTemp("", "bundle-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "function")
	cmd := goCommand(ctx, p.root, p.platform, "build", "-o", program, tags, "-buildvcs=false", "-gcflags=./...=-N -l", "./functions/"+name)
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", &CompileError{Functions: []string{name}, Output: strings.TrimSpace(string(output)), err: err}
	}
	start := filepath.Join(dir, "bootstrap")
	if err := os.WriteFile(start, fmt.Appendf(nil, startDebugger, port, os.Getuid() != 0), 0o644); err != nil {
		return "", err
	}
	archive := filepath.Join(p.dir, name+"-debug.zip")
	return archive, replace(archive, func(w io.Writer) error {
		return zipFiles(w, map[string]string{"bootstrap": start, "dlv": dlv, "function": program})
	})
}

// startDebugger is the bootstrap of a function that is debugged. It starts the function at
// once, which a client of the debugger may interrupt. The local cloud of root runs functions
// as another user, whose debugger would refuse root's connections; then other users of the
// machine can connect, too.
const startDebugger = `#!/bin/sh
export HOME=/tmp
exec "$LAMBDA_TASK_ROOT/dlv" exec "$LAMBDA_TASK_ROOT/function" --headless --accept-multiclient --continue \
	--api-version=2 --listen=127.0.0.1:%d --only-same-user=%t
`
