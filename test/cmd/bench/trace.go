package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// parts are what a run of Pulumi spent its time on. They add up to the whole.
type parts struct {
	build    time.Duration // of the program, by the language host
	program  time.Duration // while the engine waited for the program
	provider time.Duration // in at least one call of the provider
	engine   time.Duration // the rest, including the start and the end of the command
}

// span is an interval of a trace in nanoseconds of Unix time.
type span struct {
	Name  string
	Start int64 `json:"startTimeUnixNano,string"`
	End   int64 `json:"endTimeUnixNano,string"`
}

// parseTrace computes the parts of a run from its trace: lines of JSON in the form
// of OpenTelemetry, which pulumi writes with --otel-traces.
//
// https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
func parseTrace(trace []byte) (parts, error) {
	var all []span
	for line := range bytes.Lines(trace) {
		var batch struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []span }
			}
		}
		if err := json.Unmarshal(line, &batch); err != nil {
			return parts{}, fmt.Errorf("trace of pulumi: %w", err)
		}
		for _, resource := range batch.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				all = append(all, scope.Spans...)
			}
		}
	}
	command := named(all, "pulumi")
	run := named(all, "pulumirpc.LanguageRuntime/Run")
	// The program calls the engine, which is its monitor, as soon as it runs.
	monitor := named(all, "pulumirpc.ResourceMonitor/")
	if len(command) == 0 || len(run) == 0 || len(monitor) == 0 {
		return parts{}, fmt.Errorf("the trace of pulumi has no span of the command, the program or its calls among %d spans", len(all))
	}
	provider := covered(named(all, "pulumirpc.ResourceProvider/"))
	calls := clip(monitor, run[0])
	began, ended := calls[0].Start, slices.MaxFunc(calls, func(a, b span) int { return int(a.End - b.End) }).End
	p := parts{
		build:    time.Duration(began - run[0].Start),
		program:  time.Duration(ended-began) - covered(calls),
		provider: provider,
	}
	p.engine = time.Duration(command[0].End-command[0].Start) - p.build - p.program - p.provider
	return p, nil
}

// named returns the spans whose names have a prefix, or the name itself if the
// prefix does not end with a slash, in the order of their start.
func named(all []span, prefix string) (found []span) {
	for _, s := range all {
		if s.Name == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(s.Name, prefix) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b span) int { return int(a.Start - b.Start) })
	return found
}

// clip returns the spans cut to the time of another.
func clip(spans []span, to span) (cut []span) {
	for _, s := range spans {
		cut = append(cut, span{s.Name, max(s.Start, to.Start), min(s.End, to.End)})
	}
	return cut
}

// covered returns how long at least one of the spans lasted, which are in the order
// of their start.
func covered(spans []span) time.Duration {
	var total, until int64
	for _, s := range spans {
		if s.End > until {
			total += s.End - max(s.Start, until)
			until = s.End
		}
	}
	return time.Duration(total)
}
