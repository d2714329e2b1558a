package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tally/test/cmd/bench/floor"
	"tally/test/cmd/bench/report"
)

// numbers is the request of all HTTP loads, and the message of all publishers.
const numbers = `{"num1":3,"num2":4}`

// http measures requests to the HTTP API and to the floor.
func (b *bench) http(ctx context.Context) (rows []report.Row, err error) {
	one, err := b.startFloor("add-numbers", 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, one.close()) }()
	four, err := b.startFloor("add-numbers", 4)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, four.close()) }()
	targets, err := b.httpTargets(one, four)
	if err != nil {
		return nil, err
	}
	latency := report.Row{Name: "HTTP latency, 1 client", Unit: "ms", Goal: report.Goal{Base: report.ToFloor1, Limit: 1.25}}
	rate16 := report.Row{Name: "HTTP, 16 clients", Unit: "requests/s", Goal: report.Goal{Base: report.ToFloor4, Limit: 1, AtLeast: true}}
	rate64 := report.Row{Name: "HTTP, 64 clients", Unit: "requests/s", Goal: report.Goal{Base: report.ToFloor4, Limit: 1, AtLeast: true}}
	failed := report.Row{Name: "HTTP, 64 clients", Unit: "errors", Goal: report.Goal{Base: report.Absolute}}
	for round := range b.rounds + 1 {
		for i := range targets {
			i = (i + round) % len(targets)
			// The previous load may have left environments that are still starting.
			if err := rest(ctx, settle); err != nil {
				return nil, err
			}
			l1 := targets[i].run(ctx, 1, max(b.n/4, 1), 0)
			l16 := targets[i].run(ctx, 16, b.n, 0)
			l64 := targets[i].run(ctx, 64, b.n, 0)
			for _, l := range []load{l1, l16, l64} {
				if l.firstError != nil {
					fmt.Fprintf(os.Stderr, "bench: %d errors, the first: %v\n", l.errors, l.firstError)
				}
			}
			if round == 0 {
				continue // it only warms up
			}
			column(&latency, i).Add(l1.milliseconds...)
			column(&rate16, i).Add(l16.perSecond())
			column(&rate64, i).Add(l64.perSecond())
			column(&failed, i).Add(float64(l64.errors))
		}
	}
	return []report.Row{latency, rate16, rate64, failed}, nil
}

// column returns the measurement of the i-th target: the floor with one process,
// with four, and the local cloud.
func column(r *report.Row, i int) *report.Measurement {
	return []*report.Measurement{&r.Floor1, &r.Floor4, &r.Here}[i]
}

// httpTargets returns the targets in the order of the columns.
func (b *bench) httpTargets(one, four *floorProcess) ([]target, error) {
	event, err := os.ReadFile(filepath.Join(b.cloud.dir, "functions", "add-numbers", "testdata", "post.event.json"))
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, of := range []struct {
		address, path string
		body          []byte
	}{
		{one.address, floor.InvokePath, event},
		{four.address, floor.InvokePath, event},
		{b.api(), "/add", []byte(numbers)},
	} {
		request, err := post(of.address, of.path, "application/json", of.body)
		if err != nil {
			return nil, err
		}
		targets = append(targets, target{address: of.address, request: func(int) []byte { return request }})
	}
	return targets, nil
}
