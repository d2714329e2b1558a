package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// split is an alias in the middle of a rollout.
func split(version, additional, percent int) alias {
	return alias{version: version, additional: additional, percent: percent}
}

func TestRollback(t *testing.T) {
	for name, test := range map[string]struct {
		strategy string
		live     alias
		to       int
		want     alias  // without description and revision
		rejected int    // the version that is not to be rolled out again; 0 for none
		err      string // instead of want
	}{
		"to the previous version": {"canary-10-5m", at(4), 0, at(2), 4, ""},
		"during a rollout":        {"canary-10-5m", split(2, 4, 10), 0, at(2), 4, ""},
		"to any version":          {"canary-10-5m", at(4), 1, at(1), 4, ""},
		"forward again":           {"canary-10-5m", at(1), 4, at(4), 0, ""},
		"all at once":             {allAtOnce, at(4), 0, split(4, 2, 100), 4, ""},
		"further back":            {allAtOnce, split(4, 2, 100), 0, split(4, 1, 100), 4, ""},
		"all at once, forward":    {allAtOnce, split(4, 2, 100), 4, at(4), 0, ""},
		"from the first version":  {allAtOnce, at(1), 0, alias{}, 0, "a serves version 1, and there is no earlier one"},
		"to a deleted version":    {allAtOnce, at(4), 3, alias{}, 0, "a has no version 3; it has 1 2 4"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.aliases["a"], f.versions["a"] = test.live, []int{1, 2, 4}
			if err := f.rollout(t, test.strategy, "a").rollback(t.Context(), test.to); err != nil || test.err != "" {
				if test.err == "" || fmt.Sprint(err) != test.err {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			got := f.aliases["a"]
			if was, _ := got.rejection(); was.version != test.rejected {
				t.Errorf("the description is %q, want a rejection of version %d", got.description, test.rejected)
			}
			got.description, got.revision = "", ""
			if got != test.want {
				t.Errorf("live is %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestRollbackUnlike returns to a version that cannot share the alias with the
// newest one.
func TestRollbackUnlike(t *testing.T) {
	f := newFake()
	f.aliases["a"] = at(2)
	r := f.rollout(t, allAtOnce, "a")
	r.update = func(ctx context.Context, function string, a alias) (alias, error) {
		if a.additional != 0 {
			return alias{}, fmt.Errorf("%w: other roles", errUnlike)
		}
		return f.update(ctx, function, a)
	}
	f.expect(t, r.rollback(t.Context(), 0), "", "0s a: version 1")
	if !strings.Contains(f.out.String(), "pulumi up --refresh would return to version 2: a: the versions cannot share live: other roles") {
		t.Errorf("printed\n%s", f.out.String())
	}
}

// TestRollbackEach rolls back what it can.
func TestRollbackEach(t *testing.T) {
	f := newFake()
	f.aliases["b"] = at(2)
	f.expect(t, f.rollout(t, "canary-10-5m", "a", "b").rollback(t.Context(), 0), "a serves version 1", "0s b: version 1")
}

// A correction that was deployed all at once while live was rolled back receives
// everything: if the deployment retained the weights, by the next run.
func TestCorrection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.aliases["a"] = at(2)
		r := f.rollout(t, allAtOnce, "a")
		f.expect(t, r.rollback(t.Context(), 0), "", "0s a: version 1")
		f.expect(t, r.run(t.Context()), ": by hand: deploy a correction, or try again with -force")
		f.versions["a"] = []int{1, 2, 3}
		a := f.aliases["a"]
		a.version, a.description = 3, "" // what pulumi up --refresh does
		f.aliases["a"] = a
		f.expect(t, r.run(t.Context()), "", "0s a: version 3")
	})
}

func TestPrune(t *testing.T) {
	f := newFake()
	f.versions["a"] = []int{1, 2, 3, 4, 5, 6}
	f.aliases["a"], f.used = split(6, 2, 100), map[int]bool{3: true}
	r := f.rollout(t, allAtOnce, "a", "b")
	r.keep = 2
	f.expect(t, r.prune(t.Context()), "", "0s a: deleted 1", "0s a: deleted 4")
	r.keep = 100
	f.expect(t, r.prune(t.Context()), "")
	r.keep, r.remove = 1, func(context.Context, string, int) error { return errors.New("denied") }
	f.expect(t, r.prune(t.Context()), "a: delete version 1: denied")
}

// TestRunPrunes proves that a successful run removes old versions, and one that
// ends with a rollback does not.
func TestRunPrunes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.versions["a"], f.aliases["a"] = []int{1, 2, 3, 4, 5, 6, 7}, at(6)
		r := f.rollout(t, "canary-10-5m", "a")
		f.raised = map[string]time.Duration{"api-5xx": time.Second}
		f.expect(t, r.run(t.Context()), "rolled back", "0s a: version 6, with 10% for version 7", "5s a: version 6")
		f.raised, r.force = nil, true
		f.expect(t, r.run(t.Context()), "", "5s a: version 6, with 10% for version 7", "5m5s a: version 7", "5m5s a: deleted 1", "5m5s a: deleted 2")
	})
}

func TestStatus(t *testing.T) {
	f := newFake()
	f.aliases["b"] = alias{version: 1, additional: 2, percent: 10, description: "by hand"}
	if err := f.rollout(t, allAtOnce, "a", "b").status(t.Context()); err != nil {
		t.Error(err)
	}
	want := "a: version 1 of 1 2\nb: version 1, with 10% for version 2 of 1 2 (by hand)\n"
	if diff := cmp.Diff(want, f.out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestDescriptions proves that what a rollout writes into a description can be read
// again, and fits.
func TestDescriptions(t *testing.T) {
	now := time.Date(2026, 11, 30, 2, 40, 5, 0, time.UTC)
	p := progress{12, now, now.Add(time.Minute)}
	if got := (alias{version: 11, additional: 12, percent: 10, description: p.String()}).progress(); got != p || len(p.String()) > maxDescription {
		t.Errorf("%q is %+v", p, got)
	}
	long := rejection{12, now, strings.Repeat("é", 300)}.String()
	got, ok := alias{description: long}.rejection()
	if !ok || got.version != 12 || !got.at.Equal(now) || !strings.HasSuffix(got.reason, "é…") || len([]rune(long)) != maxDescription {
		t.Errorf("%q is %+v", long, got)
	}
	lines := rejection{12, now, "alarm a was raised:\n5 was at least 1"}
	if got, ok := (alias{description: lines.String()}).rejection(); !ok || got != lines {
		t.Errorf("%q is %+v, %t", lines, got, ok)
	}
	for _, other := range []string{"", "by hand", "rolled back from x at y: z", p.String()} {
		if got, ok := (alias{description: other}).rejection(); ok {
			t.Errorf("%q is %+v", other, got)
		}
	}
}

// TestPercentOf proves that the share of a version that receives little, or nearly
// everything, is neither none nor all.
func TestPercentOf(t *testing.T) {
	for weight, want := range map[float64]int{0: 0, 0.001: 1, 0.1: 10, 0.29: 29, 0.999: 99, 1: 100} {
		if got := percentOf(weight); got != want {
			t.Errorf("%g is %d%%", weight, got)
		}
	}
}

func TestParseStrategy(t *testing.T) {
	for name, want := range map[string]strategy{
		allAtOnce:      nil,
		"canary-10-5m": {{10, 5 * time.Minute}},
		"linear-40-2s": {{40, 2 * time.Second}, {80, 2 * time.Second}},
		"linear-50-1m": {{50, time.Minute}},
	} {
		if got, err := parseStrategy(name); err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(step{})) {
			t.Errorf("%s is %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "canary", "canary-100-5m", "canary-0-5m", "linear-10-5h", "canary-10-5m-"} {
		if _, err := parseStrategy(name); err == nil {
			t.Errorf("%q is a strategy", name)
		}
	}
}

func TestParseCommand(t *testing.T) {
	for args, want := range map[string]command{
		"":                   {keep: 5},
		"status":             {name: "status", keep: 5},
		"rollback":           {name: "rollback", keep: 5},
		"rollback add":       {name: "rollback", keep: 5, function: "add"},
		"rollback -to 3 add": {name: "rollback", keep: 5, to: 3, function: "add"},
		"prune -keep 2":      {name: "prune", keep: 2},
	} {
		if got, err := parseCommand(strings.Fields(args)); err != nil || got != want {
			t.Errorf("%s is %+v, %v", args, got, err)
		}
	}
	for args, want := range map[string]string{
		"roll":              `there is no command "roll": use rollback, prune, status, or none to roll out`,
		"rollback -to 3":    "-to needs the name of a function, whose version it is",
		"rollback -to -3 a": "-to must be the number of a version, not -3",
		"rollback a b":      "rollback takes one function, not a, b",
		"prune -keep 0":     "-keep must be at least 1, not 0",
		"status -to 3":      "flag provided but not defined: -to",
	} {
		if _, err := parseCommand(strings.Fields(args)); fmt.Sprint(err) != want {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
}
