package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// compileError is the output of the compiler.
type compileError string

func (e compileError) Error() string { return string(e) }

// compiles returns a compileError unless the Pulumi program compiles.
func compiles(ctx context.Context, root string) error {
	cmd := command(ctx, root, "go", "build", "-o", os.DevNull, "./infra")
	if out, err := cmd.CombinedOutput(); err != nil && ctx.Err() == nil {
		return compileError(strings.TrimSpace(string(out)))
	}
	return ctx.Err()
}

// command returns a command that the terminal sends no signals, and that is interrupted when
// ctx ends, which lets pulumi end in order.
func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// maxChanges is the maximum number of changes to print of a deployment.
const maxChanges = 12

// up deploys the stack without asking, and prints the changes with say, a line each.
func up(ctx context.Context, root, stack string, say func(format string, args ...any), flags ...string) error {
	dir, err := os.MkdirTemp("", "dev-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	log := filepath.Join(dir, "events")
	args := slices.Concat([]string{"up", "--non-interactive", "--yes", "--skip-preview", "--stack", stack, "--event-log", log}, flags)
	cmd := command(ctx, root, "pulumi", args...)
	cmd.Env = append(os.Environ(), "PULUMI_DEBUG_COMMANDS=true") // for --event-log
	out, err := cmd.CombinedOutput()
	events, _ := os.ReadFile(log) // there is none if pulumi fails at once
	changes, reasons := parseEvents(events)
	for i, line := range changes {
		if i == maxChanges && len(changes) > maxChanges+1 {
			say("  and %d others", len(changes)-maxChanges)
			break
		}
		say("  %s", line)
	}
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case len(reasons) > 0:
		return errors.New(strings.Join(reasons, "\n"))
	}
	return fmt.Errorf("pulumi up: %w\n%s", err, bytes.TrimSpace(out))
}

// engineEvent is what up reads of an event of Pulumi's engine.
//
// https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/common/apitype#EngineEvent
type engineEvent struct {
	ResOutputsEvent *struct {
		Metadata struct {
			Op, URN, Type string
			Diffs         []string
		}
	}
	DiagnosticEvent *struct{ Message, Severity string }
}

// marks are the operations to print, as pulumi marks them.
var marks = map[string]string{"create": "+", "update": "~", "delete": "-", "replace": "+-", "create-replacement": "+-", "delete-replaced": ""}

// colors are Pulumi's marks of colors in texts.
var colors = regexp.MustCompile(`<\{%[^%]*%\}>`)

// parseEvents returns a line for each change of a resource, and the errors.
func parseEvents(raw []byte) (changes, errs []string) {
	for line := range bytes.Lines(raw) {
		var e engineEvent
		if json.Unmarshal(line, &e) != nil {
			continue // not complete
		}
		if r := e.ResOutputsEvent; r != nil {
			if text := describe(r.Metadata.Op, r.Metadata.URN, r.Metadata.Type, r.Metadata.Diffs); text != "" && !slices.Contains(changes, text) {
				changes = append(changes, text)
			}
		}
		if d := e.DiagnosticEvent; d != nil && d.Severity == "error" {
			if text := strings.TrimSpace(colors.ReplaceAllString(d.Message, "")); text != "" {
				errs = append(errs, text)
			}
		}
	}
	return changes, errs
}

// describe returns the line of a change: "~ lambda/function main-add-numbers: code", and ""
// for none. Components are no resources of AWS.
func describe(op, urn, typ string, diffs []string) string {
	mark, parts := marks[op], strings.Split(typ, ":") // aws:lambda/function:Function
	if mark == "" || len(parts) != 3 || !strings.Contains(parts[1], "/") {
		return ""
	}
	text := fmt.Sprintf("%s %s %s", mark, parts[1], urn[strings.LastIndex(urn, "::")+2:])
	if len(diffs) > 0 {
		text += ": " + strings.Join(diffs, ", ")
	}
	return text
}
