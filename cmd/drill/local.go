package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// status is the part of the local cloud's status that the drill uses.
type status struct {
	Config struct{ TimeScale float64 }
	Faults *struct{ Injected map[string]int }
}

// email is a message that AWS would have sent.
type email struct {
	Time time.Time
	To   string
	Body string
}

func localStatus(ctx context.Context) (s status, err error) {
	return s, localcloud(ctx, &s, "status", "--json")
}

func emails(ctx context.Context) (all []email, err error) {
	return all, localcloud(ctx, &all, "emails", "--json")
}

// setFaults sets the faults of the local cloud until they are undone.
func setFaults(ctx context.Context, undo *undo, flags ...string) error {
	undo.add(clearFaults) // first: an interrupted command may have set them
	return localcloud(ctx, nil, append([]string{"fault", "set"}, flags...)...)
}

func clearFaults(ctx context.Context) error { return localcloud(ctx, nil, "fault", "clear") }

// localcloud runs a command of the local cloud, and decodes its output unless out is nil.
func localcloud(ctx context.Context, out any, args ...string) error {
	cmd := exec.CommandContext(ctx, "localcloud", args...)
	var problem strings.Builder
	cmd.Stderr = &problem
	raw, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New(`localcloud is not on the PATH: run make localcloud and export PATH="$PWD/bin:$PATH"`)
	case err != nil:
		return fmt.Errorf("localcloud %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problem.String()))
	case out == nil:
		return nil
	}
	return json.Unmarshal(raw, out)
}
