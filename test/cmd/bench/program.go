package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tally/test/cmd/bench/report"
)

// timings are the measurements of one command for one program.
type timings struct {
	whole, build, program, provider, engine report.Measurement
}

// program is a Pulumi program in the workspace.
type program struct {
	cloud *workspace
	dir   string
}

// pulumi runs a command on a stack of the program, and records how long it took.
func (p program) pulumi(ctx context.Context, command, stack string, t *timings) error {
	trace := filepath.Join(p.cloud.dir, "trace.json")
	if err := os.RemoveAll(trace); err != nil {
		return err
	}
	began := time.Now()
	_, err := p.cloud.run(ctx, fmt.Sprintf("cd '%s'; pulumi --non-interactive %s --stack %s --otel-traces 'file://%s'", p.dir, command, stack, trace))
	if err != nil {
		return err
	}
	took := time.Since(began)
	raw, err := os.ReadFile(trace)
	if err != nil {
		return err
	}
	parts, err := parseTrace(raw)
	if err != nil {
		return err
	}
	t.whole.Add(milliseconds(took))
	t.build.Add(milliseconds(parts.build))
	t.program.Add(milliseconds(parts.program))
	t.provider.Add(milliseconds(parts.provider))
	t.engine.Add(milliseconds(parts.engine))
	return nil
}

// The commands that are measured.
const (
	preview = "preview --expect-no-changes"
	up      = "up --yes --skip-preview --expect-no-changes"
	create  = "up --yes --skip-preview"
)

// pulumi measures previews and deployments of the project's stack, beside those of a
// program that declares nothing.
func (b *bench) pulumi(ctx context.Context) ([]report.Row, error) {
	ours := program{b.cloud, b.cloud.dir}
	empty, err := b.newProgram(ctx, "empty", emptyProgram)
	if err != nil {
		return nil, err
	}
	const stack = "local"
	if _, err := b.cloud.run(ctx, fmt.Sprintf("cd '%s'; pulumi --non-interactive stack init %s", empty.dir, stack)); err != nil {
		return nil, err
	}
	if err := empty.pulumi(ctx, create, stack, new(timings)); err != nil {
		return nil, err
	}
	var rows []report.Row
	for _, command := range []struct {
		name, args string
		goal       report.Goal
	}{
		{"preview without changes", preview, report.Goal{Base: report.ToFloor1, Limit: 1.5}},
		{"up without changes", up, report.Goal{}},
	} {
		var floor, here timings
		for range b.rounds {
			if err := empty.pulumi(ctx, command.args, stack, &floor); err != nil {
				return nil, err
			}
			if err := ours.pulumi(ctx, command.args, stack, &here); err != nil {
				return nil, err
			}
		}
		rows = append(rows,
			report.Row{Name: command.name, Unit: "ms", Floor1: floor.whole, Here: here.whole, Goal: command.goal},
			report.Row{Name: "– build", Unit: "ms", Floor1: floor.build, Here: here.build},
			report.Row{Name: "– program", Unit: "ms", Floor1: floor.program, Here: here.program},
			report.Row{Name: "– engine", Unit: "ms", Floor1: floor.engine, Here: here.engine},
			report.Row{Name: "– provider", Unit: "ms", Floor1: floor.provider, Here: here.provider})
	}
	return append(rows, report.Row{Name: "up from nothing", Unit: "ms", Here: b.created.whole}), nil
}

// newProgram writes a Pulumi program into the workspace, in the project's module, and
// registers it with the local cloud.
func (b *bench) newProgram(ctx context.Context, name, source string) (program, error) {
	p := program{b.cloud, filepath.Join(b.cloud.dir, "bench-"+name)}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return p, err
	}
	const settings = "name: %s\nruntime: go\nconfig:\n  pulumi:autonaming:\n    value:\n      pattern: ${project}-${stack}-${name}-${hex(7)}\n"
	for file, content := range map[string]string{"Pulumi.yaml": fmt.Sprintf(settings, name), "main.go": source} {
		if err := os.WriteFile(filepath.Join(p.dir, file), []byte(content), 0o644); err != nil {
			return p, err
		}
	}
	_, err := b.cloud.run(ctx, fmt.Sprintf("cd '%s'; localcloud env --port %d", p.dir, b.cloud.port))
	return p, err
}
