package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"tally/internal/project"
)

// preview returns the resources that a first deployment of the stack would
// create. It uses its own local cloud, its own state and no credentials. It
// works on a copy of the project because Pulumi writes to a stack's
// configuration, and adds stand-ins for what that leaves to its operators.
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
	if err := project.Copy(ctx, root, dir); err != nil {
		return nil, err
	}
	if err := project.AddStandIns(dir, stack); err != nil {
		return nil, err
	}
	s := shell{dir: dir, env: project.Environ(filepath.Join(dir, "bin"), filepath.Join(root, "bin", "pulumi"))}
	if _, err := s.run(ctx, "go -C localcloud build -buildvcs=false -o ../bin/localcloud ./cmd/localcloud && localcloud start --detach --port 0 --provider-port 0 --api-port 0 --stack "+stack); err != nil {
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

// shell runs scripts in a folder with an environment.
type shell struct {
	dir string
	env []string
}

// run runs a script and returns its standard output. An error contains the
// script's standard output and standard error.
func (s shell) run(ctx context.Context, script string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-ec", script)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env, &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", script, err, &errs, &out)
	}
	return out.Bytes(), nil
}
