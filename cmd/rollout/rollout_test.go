package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

// fake is a cloud in memory. Its functions may be replaced.
type fake struct {
	began    time.Time
	aliases  map[string]alias
	versions map[string][]int
	used     map[int]bool             // by other aliases
	raised   map[string]time.Duration // alarms by the time at which they are raised
	errors   func(function string, version int, after time.Duration) float64
	calls    float64 // invocations of each version
	fails    func(operation string, after time.Duration) error
	history  []string // changes of aliases and deletions
	out      strings.Builder
}

// newFake returns a cloud whose functions a and b serve version 1 of 2.
func newFake() *fake {
	return &fake{
		began: time.Now(), aliases: map[string]alias{"a": at(1), "b": at(1)}, versions: map[string][]int{"a": {1, 2}, "b": {1, 2}}, calls: 7,
		errors: func(string, int, time.Duration) float64 { return 0 },
		fails:  func(string, time.Duration) error { return nil },
	}
}

// rollout returns a rollout of the functions.
func (f *fake) rollout(t *testing.T, strategy string, functions ...string) *rollout {
	t.Helper()
	s, err := parseStrategy(strategy)
	if err != nil {
		t.Fatal(err)
	}
	r := &rollout{strategy: s, keep: 5, out: &f.out, cloud: cloud{
		alias: f.alias, update: f.update, alarms: f.alarms, metrics: f.metrics,
		versions:   func(_ context.Context, function string) ([]int, error) { return f.versions[function], nil },
		referenced: f.referenced, remove: f.remove,
	}}
	for _, name := range functions {
		r.functions = append(r.functions, function{name, name})
	}
	return r
}

func (f *fake) after() time.Duration { return time.Since(f.began).Truncate(time.Second) }

// at calls do once, before the first operation at that time or later.
func (f *fake) at(when time.Duration, do func()) {
	f.fails = func(_ string, after time.Duration) error {
		if after >= when && do != nil {
			once := do
			do = nil
			once()
		}
		return nil
	}
}

// did appends to the history what happened when.
func (f *fake) did(format string, args ...any) {
	f.history = append(f.history, f.after().String()+" "+fmt.Sprintf(format, args...))
}

func (f *fake) alias(ctx context.Context, function string) (alias, error) {
	if err := errors.Join(ctx.Err(), f.fails("alias", f.after())); err != nil {
		return alias{}, err
	}
	return f.aliases[function], nil
}

func (f *fake) update(ctx context.Context, function string, a alias) (alias, error) {
	if err := errors.Join(ctx.Err(), f.fails("update", f.after())); err != nil {
		return alias{}, err
	}
	if a.revision != f.aliases[function].revision {
		return alias{}, errChanged
	}
	a.revision += "I"
	f.aliases[function] = a
	f.did("%s: %s", function, a)
	return a, nil
}

func (f *fake) referenced(_ context.Context, function string) (map[int]bool, error) {
	used := map[int]bool{f.aliases[function].version: true, f.aliases[function].additional: true}
	maps.Copy(used, f.used)
	return used, nil
}

func (f *fake) remove(_ context.Context, function string, version int) error {
	f.did("%s: deleted %d", function, version)
	return nil
}

// alarms returns an alarm on the errors of each function, and those in raised.
func (f *fake) alarms(ctx context.Context) (all []alarm, err error) {
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		all = append(all, alarm{name: name + "-errors", function: name, metric: "Errors", statistic: "Sum", period: 60, datapoints: 1,
			breaches: func(v float64) bool { return v >= 1 }})
	}
	for name, at := range f.raised {
		all = append(all, alarm{name: name, raised: f.after() >= at, reason: "5 was at least 1"})
	}
	return all, errors.Join(ctx.Err(), f.fails("alarms", f.after()))
}

func (f *fake) metrics(ctx context.Context, queries []query, _ time.Time) ([][]float64, error) {
	values := make([][]float64, len(queries))
	for i, q := range queries {
		switch {
		case q.metric == "Errors":
			values[i] = []float64{f.errors(q.function, q.version, f.after())}
		case q.metric == "Invocations" && f.calls > 0:
			values[i] = []float64{f.calls}
		}
	}
	return values, errors.Join(ctx.Err(), f.fails("metrics", f.after()))
}

func (f *fake) expect(t *testing.T, err error, wantErr string, history ...string) {
	t.Helper()
	if got := fmt.Sprint(err); wantErr == "" && err != nil || !strings.Contains(got, wantErr) {
		t.Errorf("error %v, want %q in it", err, wantErr)
	}
	if diff := cmp.Diff(history, f.history); diff != "" {
		t.Errorf("history: %s\n%s", diff, f.out.String())
	}
	f.history = nil
}

var throttled = &types.TooManyRequestsException{}

func TestRun(t *testing.T) {
	badAfter := func(d time.Duration) func(string, int, time.Duration) float64 {
		return func(function string, version int, after time.Duration) float64 {
			if function == "a" && version == 2 && after >= d {
				return 1
			}
			return 0
		}
	}
	between := func(operation string, from, to time.Duration, err error) func(string, time.Duration) error {
		return func(o string, after time.Duration) error {
			if o == operation && after >= from && after < to {
				return err
			}
			return nil
		}
	}
	const begin, canary, good, back = "0s a: version 1, with 10% for version 2", "canary-10-5m", "5m0s a: version 2", ": version 1"
	for name, test := range map[string]struct {
		strategy string
		change   func(*fake)
		err      string
		history  []string
		out      string // printed, besides other lines
	}{
		"a good version": {canary, func(*fake) {}, "", []string{begin, good}, "a: version 2 at 10%: 7 invocations, 0 errors"},
		"in steps": {"linear-33-1m", func(*fake) {}, "", []string{"0s a: version 1, with 33% for version 2", "1m0s a: version 1, with 66% for version 2",
			"2m0s a: version 1, with 99% for version 2", "3m0s a: version 2"}, "a: version 2 receives 66%, version 1 the rest"},
		"at once":     {allAtOnce, func(*fake) {}, "", []string{"0s a: version 2"}, "a: version 2 receives everything\n"},
		"nothing new": {canary, func(f *fake) { f.aliases["a"] = at(2) }, "", nil, "live serves the newest version of every function."},
		"no version":  {canary, func(f *fake) { f.versions["a"] = nil }, "a has no published version: run pulumi up", nil, ""},
		"not invoked": {canary, func(f *fake) { f.calls = 0 }, "", []string{begin, good}, "it was not invoked during the rollout, so nothing shows that it works"},
		"a bad version": {canary, func(f *fake) { f.errors = badAfter(12 * time.Second) },
			"rolled back: version 2 alone would raise alarm a-errors: Sum of Errors was 1", []string{begin, "15s a" + back}, "a: version 1 receives everything again"},
		"bad at the last moment": {canary, func(f *fake) { f.errors = badAfter(5 * time.Minute) }, "rolled back", []string{begin, "5m0s a" + back}, ""},
		"an alarm during the rollout": {canary, func(f *fake) { f.raised = map[string]time.Duration{"api-5xx": time.Minute} },
			"rolled back: alarm api-5xx was raised: 5 was at least 1", []string{begin, "1m0s a" + back}, ""},
		"an alarm before the rollout": {canary, func(f *fake) { f.raised = map[string]time.Duration{"api-5xx": 0} },
			"alarm api-5xx is raised, so nothing is rolled out (5 was at least 1): wait until it is OK, or use -force", nil, ""},
		"throttled changes":       {canary, func(f *fake) { f.fails = between("update", 0, 30*time.Second, throttled) }, "", []string{"30s a: version 1, with 10% for version 2", good}, ""},
		"always throttled":        {canary, func(f *fake) { f.fails = between("update", 0, time.Hour, throttled) }, "Run rollout again to continue, or rollout rollback to return", nil, ""},
		"refused changes":         {canary, func(f *fake) { f.fails = between("update", 0, time.Second, errUnlike) }, "a: the versions cannot share live", nil, ""},
		"blind for half a minute": {canary, func(f *fake) { f.fails = between("metrics", 4*time.Minute, 4*time.Minute+30*time.Second, throttled) }, "", []string{begin, good}, ""},
		"blind at the end":        {canary, func(f *fake) { f.fails = between("metrics", 290*time.Second, 320*time.Second, throttled) }, "", []string{begin, "5m20s a: version 2"}, ""},
		"blind for a minute": {canary, func(f *fake) { f.fails = between("alarms", time.Minute, time.Hour, throttled) },
			"rolled back: alarms and metrics could not be read for 1m0s: ", []string{begin, "1m55s a" + back}, ""},
		"throttled on the way back": {canary, func(f *fake) {
			f.errors, f.fails = badAfter(15*time.Second), between("update", 15*time.Second, 40*time.Second, throttled)
		}, "rolled back", []string{begin, "40s a" + back}, ""},
		"stuck on the way back": {canary, func(f *fake) {
			f.errors, f.fails = badAfter(15*time.Second), between("update", 15*time.Second, time.Hour, throttled)
		}, "a may still send invocations to version 2: run rollout rollback", []string{begin}, ""},
		"set by hand to the other form": {canary, func(f *fake) { f.aliases["a"] = alias{version: 2, additional: 1, percent: 100} }, "", []string{begin, good}, ""},
		"a rollout of an older version": {canary, func(f *fake) {
			f.versions["a"] = []int{1, 2, 3}
			f.aliases["a"] = alias{version: 1, additional: 2, percent: 10}
		}, "", []string{"0s a: version 1, with 10% for version 3", "5m0s a: version 3"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				test.change(f)
				err := f.rollout(t, test.strategy, "a").run(t.Context())
				f.expect(t, err, test.err, test.history...)
				if !strings.Contains(f.out.String(), test.out) {
					t.Errorf("printed no %q:\n%s", test.out, f.out.String())
				}
			})
		})
	}
}

// TestRunTogether rolls out two functions, of which the second is bad. Both return,
// but only the bad version is not rolled out again.
func TestRunTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.errors = func(function string, version int, _ time.Duration) float64 {
			return map[string]float64{"b2": 1}[fmt.Sprint(function, version)]
		}
		const begin = "0s a: version 1, with 10% for version 2"
		r := f.rollout(t, "canary-10-5m", "a", "b")
		f.expect(t, r.run(t.Context()), "rolled back: version 2 alone would raise alarm b-errors", begin, "0s b: version 1, with 10% for version 2", "0s a: version 1", "0s b: version 1")
		f.expect(t, r.run(t.Context()), "b stays at version 1: version 2 was rolled back at ", begin, "5m0s a: version 2")
		f.expect(t, r.run(t.Context()), "version 2 alone would raise alarm b-errors: Sum of Errors was 1: deploy a correction, or try again with -force")
		f.began = time.Now()
		f.versions["b"] = []int{1, 2, 3}
		f.expect(t, r.run(t.Context()), "", "0s b: version 1, with 10% for version 3", "5m0s b: version 3")
	})
}

func TestForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.raised = map[string]time.Duration{"api-5xx": 0, "api-latency": 7 * time.Minute}
		f.aliases["a"] = alias{version: 1, description: rejection{2, time.Now(), "by hand"}.String()}
		r := f.rollout(t, "canary-10-5m", "a")
		f.expect(t, r.run(t.Context()), "a stays at version 1: version 2 was rolled back at ")
		r.force = true
		f.expect(t, r.run(t.Context()), "", "0s a: version 1, with 10% for version 2", "5m0s a: version 2")
		f.versions["a"] = []int{1, 2, 3}
		f.expect(t, r.run(t.Context()), "alarm api-latency was raised", "5m0s a: version 2, with 10% for version 3", "7m0s a: version 2")
	})
}

// TestResume interrupts a rollout at many times, and continues it 15 seconds later.
// An interruption neither shortens nor repeats a step.
func TestResume(t *testing.T) {
	const pause = 15 * time.Second
	for interrupted := time.Second; interrupted < 2*time.Minute; interrupted += 7 * time.Second {
		t.Run(interrupted.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(interrupted, cancel)
				if err := f.rollout(t, "linear-40-1m", "a").run(ctx); !errors.Is(err, errInterrupted) {
					t.Errorf("interrupted: %v", err)
				}
				time.Sleep(pause)
				// A step that would have ended during the pause ends after it.
				end := func(step time.Duration) time.Duration {
					if interrupted < step && step < interrupted+pause {
						return interrupted + pause
					}
					return step
				}
				first := end(time.Minute)
				second := end(first + time.Minute)
				f.expect(t, f.rollout(t, "linear-40-1m", "a").run(t.Context()), "", "0s a: version 1, with 40% for version 2",
					first.String()+" a: version 1, with 80% for version 2", second.String()+" a: version 2")
			})
		})
	}
}

// TestResumeBad continues a rollout during which an alarm was raised while nobody
// watched, and one whose functions have different shares.
func TestResumeBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.raised = map[string]time.Duration{"api-5xx": 0}
		f.aliases["a"] = alias{version: 1, additional: 2, percent: 20, description: progress{2, time.Now(), time.Now()}.String()}
		r := f.rollout(t, "linear-20-1m", "a")
		f.expect(t, r.run(t.Context()), "rolled back: alarm api-5xx was raised", "0s a: version 1")
	})
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.aliases["a"] = alias{version: 1, additional: 2, percent: 60}
		f.aliases["b"] = alias{version: 1, additional: 2, percent: 30}
		r := f.rollout(t, "linear-30-1m", "a", "b")
		f.expect(t, r.run(t.Context()), "", "0s a: version 1, with 30% for version 2",
			"1m0s a: version 1, with 60% for version 2", "1m0s b: version 1, with 60% for version 2",
			"2m0s a: version 1, with 90% for version 2", "2m0s b: version 1, with 90% for version 2", "3m0s a: version 2", "3m0s b: version 2")
	})
}

// TestChangedByOthers changes the alias during a rollout, which then stops.
func TestChangedByOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.at(30*time.Second, func() {
			if err := f.rollout(t, "canary-10-5m", "a").rollback(t.Context(), 0); err != nil {
				t.Error(err)
			}
		})
		err := f.rollout(t, "canary-10-5m", "a").run(t.Context())
		f.expect(t, err, "a: somebody else has changed live, which is now at version 1: this rollout stops here",
			"0s a: version 1, with 10% for version 2", "30s a: version 1")
	})
	synctest.Test(t, func(t *testing.T) { // only the revision: a permission was added, for example
		f := newFake()
		f.at(30*time.Second, func() {
			a := f.aliases["a"]
			a.revision = "another"
			f.aliases["a"] = a
		})
		f.expect(t, f.rollout(t, "canary-10-5m", "a").run(t.Context()), "", "0s a: version 1, with 10% for version 2", "5m0s a: version 2")
	})
}
