package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// preview is what the stack would be, deployed from nothing. It works on a copy
// of the project's files, since Pulumi writes into a stack's configuration, with
// a local cloud and a state of its own, and with no credentials at all.
func preview(ctx context.Context, stack string) (_ []resource, err error) {
	dir, err := os.MkdirTemp("", "graph-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := copyProject(ctx, root, dir); err != nil {
		return nil, err
	}
	s := shell{dir: dir, env: environment(root, dir)}
	if _, err := s.run(ctx, "go build -o bin/localcloud ./local/cmd/localcloud && localcloud start --detach --port 0 --provider-port 0 --api-port 0 --stack "+stack); err != nil {
		return nil, err
	}
	defer func() {
		_, stopped := s.run(context.WithoutCancel(ctx), "localcloud stop")
		err = errors.Join(err, stopped)
	}()
	raw, err := s.run(ctx, `eval "$(localcloud env)"; pulumi --non-interactive stack init `+stack+` >&2; pulumi --non-interactive preview --json --stack `+stack)
	if err != nil {
		return nil, err
	}
	return parse(raw)
}

// copyProject copies the files that git has or would take.
func copyProject(ctx context.Context, from, to string) error {
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = from
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		raw, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed but not yet committed
		}
		if err != nil {
			return err
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, raw, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// environment is this process's without anything that could lead to a real
// account.
func environment(root, dir string) []string {
	path := strings.Join([]string{filepath.Join(dir, "bin"), filepath.Join(root, "bin", "pulumi"), os.Getenv("PATH")}, string(os.PathListSeparator))
	env := []string{"PATH=" + path, "GOFLAGS=-trimpath"}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if name != "PATH" && name != "GOFLAGS" && !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "PULUMI_") {
			env = append(env, kv)
		}
	}
	return env
}

// shell runs scripts in a folder.
type shell struct {
	dir string
	env []string
}

// run returns what the script printed to standard output; an error holds what
// it printed to both.
func (s shell) run(ctx context.Context, script string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-ec", script)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env, &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", script, err, &errs, &out)
	}
	return out.Bytes(), nil
}
