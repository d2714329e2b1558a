package test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"tally/internal/project"
)

var update = flag.Bool("update", false, "write docs/drills.md and the screenshots of the console in docs")

// allAlarms are the settings of a local stack that has all alarms of prod, and those that
// optional settings add.
const allAlarms = `config:
  tally:encryption: customer
  tally:buffer: true
  tally:sumsQueue: true
  tally:alarmEmail: ` + project.OnCall + `
  tally:runbook: ` + project.Runbook + `
  tally:notifyUrl: `

var (
	graphAlarm = regexp.MustCompile(`(?m)^aws:cloudwatch/metricAlarm:MetricAlarm main-(\S+)$`)
	drillAlarm = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|")
)

// TestDrill raises every alarm of a stack, which has all those of prod, and lowers it again.
// Afterwards the stack is as before.
func TestDrill(t *testing.T) {
	w := newWorkspace(t, copyProject(t))
	build := exec.Command("go", "build", "-o", w.bin, "./cmd/drill")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build drill: %v\n%s", err, out)
	}
	t.Parallel() // the time counts from when it runs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	told := newReceiver(t)
	replace(t, w.dir, "Pulumi.local.yaml", "config:\n", allAlarms+told.url+"\n")

	// Hours become seconds: an alarm watches events that wait for three of them.
	w.start("--time-scale 600")
	w.mustPulumi("stack init local")
	w.mustPulumi("up --yes --skip-preview --stack local")
	told.rotate(ctx, w.deployed(), "secret")
	page := filepath.Join(t.TempDir(), "drills.md")
	out, err := w.run(`eval "$(localcloud env)"; drill -patience 4m -docs ` + page)
	t.Log(out)
	if err != nil {
		t.Fatalf("drill: %v", err)
	}
	w.mustPulumi("refresh --yes --skip-preview --expect-no-changes --stack local")

	raised := drills(t, page)
	for _, alarm := range graphAlarm.FindAllStringSubmatch(string(readFile(t, "golden/prod.txt")), -1) {
		if raised[alarm[1]] == "" {
			t.Errorf("the drill has not raised prod's alarm %s", alarm[1])
		}
	}
	if *update {
		if err := os.WriteFile("../docs/drills.md", readFile(t, page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed := drills(t, "../docs/drills.md")
	for alarm, cause := range raised {
		if committed[alarm] != cause {
			t.Errorf("docs/drills.md says that %s is raised by %q, not %q: run go -C test test -run TestDrill -update", alarm, committed[alarm], cause)
		}
	}
	if len(committed) != len(raised) {
		t.Errorf("docs/drills.md has %d alarms, not %d: run go -C test test -run TestDrill -update", len(committed), len(raised))
	}
}

// drills returns what raises each alarm in a page that the drill wrote.
func drills(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, row := range drillAlarm.FindAllStringSubmatch(string(readFile(t, path)), -1) {
		all[row[1]] = row[2]
	}
	return all
}
