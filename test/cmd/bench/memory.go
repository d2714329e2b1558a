package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tally/test/cmd/bench/report"
)

// memory measures the memory of the local cloud's own process and its state on
// disk, before and after many requests.
func (b *bench) memory(ctx context.Context) ([]report.Row, error) {
	if err := b.cloud.stop(ctx); err != nil {
		return nil, err
	}
	if err := b.cloud.start(ctx); err != nil {
		return nil, err
	}
	before, err := b.stateSize()
	if err != nil {
		return nil, err
	}
	var used []float64
	tenth := max(b.requests/10, 1)
	for _, n := range []int{0, tenth, b.requests - tenth} {
		if err := b.load(ctx, n); err != nil {
			return nil, err
		}
		mib, err := b.resident(ctx)
		if err != nil {
			return nil, err
		}
		used = append(used, mib)
	}
	after, err := b.stateSize()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("after %d requests", b.requests)
	return []report.Row{
		{Name: "memory, idle", Unit: "MiB", Here: report.Measurement{{used[0]}}, Goal: report.Goal{Base: report.Absolute, Limit: 40}},
		{Name: "memory " + name, Unit: "MiB", Here: report.Measurement{{used[2]}},
			Goal: report.Goal{Base: report.Absolute, Limit: 1.1 * used[1], Text: fmt.Sprintf("1.1 × after %d", tenth)}},
		{Name: "state " + name, Unit: "MiB", Here: report.Measurement{{after / mebibyte}}, Goal: report.Goal{Base: report.Absolute, Limit: 256}},
		{Name: "state of each of them", Unit: "KiB", Here: report.Measurement{{(after - before) / 1024 / float64(b.requests)}}},
	}, nil
}

const mebibyte = 1 << 20

// load sends n requests to the HTTP API, and waits until the local cloud is idle.
func (b *bench) load(ctx context.Context, n int) error {
	request, err := post(b.api(), "/add", "application/json", []byte(numbers))
	if err != nil {
		return err
	}
	t := target{address: b.api(), request: func(int) []byte { return request }}
	if l := t.run(ctx, 16, n, 0); l.firstError != nil {
		return fmt.Errorf("%d of %d requests failed, the first: %w", l.errors, n, l.firstError)
	}
	return rest(ctx, settle)
}

// resident returns the resident memory of the local cloud's process in MiB.
func (b *bench) resident(ctx context.Context) (float64, error) {
	raw, err := b.cloud.run(ctx, "localcloud status --json")
	if err != nil {
		return 0, err
	}
	var status struct{ PID int }
	if err := json.Unmarshal([]byte(raw), &status); err != nil {
		return 0, err
	}
	out, err := b.cloud.run(ctx, fmt.Sprintf("ps -o rss= -p %d", status.PID))
	if err != nil {
		return 0, err
	}
	kibibytes, err := strconv.ParseFloat(strings.TrimSpace(out), 64)
	return kibibytes / 1024, err
}

// stateSize returns the size in bytes of the local cloud's state, without the code
// of the functions and Pulumi's own state.
func (b *bench) stateSize() (size float64, err error) {
	root := filepath.Join(b.cloud.dir, ".localcloud")
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // removed meanwhile
		}
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{"functions", "pulumi", "pulumi-home"}, entry.Name()) {
			return filepath.SkipDir
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			size += float64(info.Size())
		}
		return nil
	})
	return size, err
}
