package test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBench measures everything that `make bench` measures, with sizes that prove
// only that each figure can be measured.
func TestBench(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	docs := t.TempDir()
	bench := filepath.Join(t.TempDir(), "bench")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", bench, "./cmd/bench").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(ctx, bench, "-rounds", "1", "-n", "40", "-burst", "40", "-requests", "40", "-functions", "1", "-docs", docs)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it stops its local cloud
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("bench: %v\n%s", err, out)
	}

	page, err := os.ReadFile(filepath.Join(docs, "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		if len(cells) != 7 || strings.HasPrefix(line, "| --") || strings.Contains(line, "floor, 1 process") {
			continue
		}
		rows++
		if here := strings.TrimSpace(cells[3]); here == "" || strings.HasPrefix(here, "-") {
			t.Errorf("no figure of the local cloud: %s", line)
		}
	}
	if rows != 30 {
		t.Errorf("%d rows, want 30:\n%s", rows, page)
	}
	if chart, err := os.ReadFile(filepath.Join(docs, "benchmarks.svg")); err != nil || !strings.HasPrefix(string(chart), "<svg") {
		t.Errorf("the chart: %.40s, %v", chart, err)
	}
}
