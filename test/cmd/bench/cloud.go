package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"tally/internal/project"
)

// workspace is a copy of the project with a local cloud of its own.
type workspace struct {
	root string // the developer's project
	dir  string // the copy
	bin  string // the folder of the localcloud binary
	// environ has the variables that `localcloud env` exports.
	environ []string
	port    int    // of AWS's protocols
	flags   string // of localcloud start
}

// settings lift the limits that would refuse the load, and change nothing else.
var settings = []string{
	"tally:reservedConcurrency 100",
	"tally:throttleRate 10000",
	"tally:throttleBurst 5000",
}

// newWorkspace copies the project into its bin folder, so that the state is on the
// disk of the developer's own, and builds the local cloud.
func newWorkspace(ctx context.Context, root string) (*workspace, error) {
	bin := filepath.Join(root, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(bin, "bench-")
	if err != nil {
		return nil, err
	}
	w := &workspace{root: root, dir: dir, bin: filepath.Join(dir, "bin")}
	w.environ = project.Environ(w.bin, filepath.Join(bin, "pulumi"))
	if err := project.Copy(ctx, root, dir); err != nil {
		return w, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return w, err
	}
	w.port = ports[0]
	w.flags = fmt.Sprintf("--port %d --provider-port %d --api-port %d", ports[0], ports[1], ports[2])
	_, err = w.run(ctx, "go -C localcloud build -buildvcs=false -o ../bin/localcloud ./cmd/localcloud")
	return w, err
}

// close stops the local cloud and removes the workspace.
func (w *workspace) close() error {
	_, _ = w.run(context.Background(), "localcloud stop") // it may not run
	return os.RemoveAll(w.dir)
}

// run runs a shell script in the workspace and returns its standard output.
func (w *workspace) run(ctx context.Context, script string) (string, error) {
	var out, both bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-ec", script)
	cmd.Dir, cmd.Env = w.dir, w.environ
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, &both), &both
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", script, err, &both)
	}
	return out.String(), nil
}

// start starts the local cloud and takes over the variables that it exports.
func (w *workspace) start(ctx context.Context) error {
	_, err := w.run(ctx, "localcloud start --detach "+w.flags)
	if err != nil {
		return err
	}
	out, err := w.run(ctx, `eval "$(localcloud env)"; env -0`)
	if err != nil {
		return err
	}
	w.environ = strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	return nil
}

// stop stops the local cloud and keeps its state.
func (w *workspace) stop(ctx context.Context) error {
	_, err := w.run(ctx, "localcloud stop")
	return err
}

// configure creates the stack.
func (w *workspace) configure(ctx context.Context) error {
	script := "pulumi --non-interactive stack select --create --stack local\n"
	for _, s := range settings {
		script += "pulumi --non-interactive config set --stack local " + s + "\n"
	}
	_, err := w.run(ctx, script)
	return err
}

// outputs returns the outputs of the stack that are strings.
func (w *workspace) outputs(ctx context.Context) (map[string]string, error) {
	raw, err := w.run(ctx, "pulumi stack output --stack local --json")
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(raw), &all); err != nil {
		return nil, fmt.Errorf("outputs of the stack: %w", err)
	}
	outputs := map[string]string{}
	for name, value := range all {
		if s, ok := value.(string); ok {
			outputs[name] = s
		}
	}
	return outputs, nil
}

// getenv returns a variable that the local cloud exports.
func (w *workspace) getenv(name string) string {
	for _, kv := range w.environ {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// unpack unpacks the bundle of a function, which a deployment has built, and
// returns the path of its executable and the size of the archive in bytes.
func (w *workspace) unpack(function string) (bootstrap string, size int64, err error) {
	path := filepath.Join(w.dir, "bin", "functions", runtime.GOOS+"-"+runtime.GOARCH, function+".zip")
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", 0, err
	}
	defer archive.Close()
	entry, err := archive.Open("bootstrap")
	if err != nil {
		return "", 0, err
	}
	defer entry.Close()
	bootstrap = filepath.Join(w.dir, "floor-"+function)
	if _, err := os.Stat(bootstrap); err == nil {
		return bootstrap, info.Size(), nil // it may be running
	}
	file, err := os.OpenFile(bootstrap, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return "", 0, err
	}
	_, err = io.Copy(file, entry)
	return bootstrap, info.Size(), errors.Join(err, file.Close())
}

// freePorts returns ports on which nothing listens.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// messages returns the lines that a function has logged in the last seconds.
func (w *workspace) messages(ctx context.Context, function string, seconds int) (string, error) {
	raw, err := w.run(ctx, fmt.Sprintf("localcloud logs %s --json --since %ds", function, seconds))
	if err != nil {
		return "", err
	}
	return messages(raw)
}

// messages returns the messages of log events, each on a line of its own.
func messages(events string) (string, error) {
	var b strings.Builder
	for d := json.NewDecoder(strings.NewReader(events)); ; {
		var e struct{ Message string }
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("localcloud logs: %w", err)
		}
		fmt.Fprintln(&b, e.Message)
	}
}
