package fault

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// journal is a cloud.Journal whose messages a test can read.
type journal struct {
	mu       sync.Mutex
	messages []string
}

func (j *journal) Append(e cloud.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.messages = append(j.messages, strings.TrimSpace(e.Service+" "+e.Resource)+": "+e.Message)
}

func open(t *testing.T, st *store.Store) (*Injector, *journal) {
	t.Helper()
	j := &journal{}
	i, err := New(st, j)
	if err != nil {
		t.Fatal(err)
	}
	return i, j
}

func set(t *testing.T, i *Injector, p Plan) {
	t.Helper()
	if err := i.Set(p); err != nil {
		t.Fatal(err)
	}
}

// hit returns the numbers of those of the first n messages that a fault hits.
func hit(p Plan, kind cloud.FaultKind, v cloud.Victim, n uint64) (numbers []uint64) {
	for v.Number = 1; v.Number <= n; v.Number++ {
		if _, ok := p.decide(kind, v); ok {
			numbers = append(numbers, v.Number)
		}
	}
	return numbers
}

// TestVictims pins the victims of a few seeds: they must be the same in every run, on
// every machine and in every later version.
func TestVictims(t *testing.T) {
	topic := cloud.Victim{Service: "sns", Resource: "arn:aws:sns:us-east-1:000000000000:main-numbers-1a2b3c4", To: "arn:aws:sqs:us-east-1:000000000000:copies-1a2b3c4", ID: "a"}
	plan := Plan{Duplicate: 0.2, Reorder: 0.2, Crashes: []Crash{{Function: "f", Rate: 0.2}}}
	for name, c := range map[string]struct {
		seed uint64
		kind cloud.FaultKind
		v    cloud.Victim
		want []uint64
	}{
		"a topic":       {1, cloud.FaultDuplicate, topic, []uint64{3, 7, 9, 17, 21, 27}},
		"the next seed": {2, cloud.FaultDuplicate, topic, []uint64{5, 8, 9, 11, 15, 20, 24, 26, 28, 29}},
		"a queue":       {1, cloud.FaultReorder, cloud.Victim{Service: "sqs", Resource: "work"}, []uint64{10, 13, 14, 24}},
		"a function":    {1, cloud.FaultCrash, cloud.Victim{Service: "lambda", Resource: "f", Attempt: 1}, []uint64{14, 18, 21, 23}},
	} {
		plan.Seed = c.seed
		if got := hit(plan, c.kind, c.v, 30); !slices.Equal(got, c.want) {
			t.Errorf("%s: hits %v, want %v", name, got, c.want)
		}
	}
}

// TestSameVictims checks what does and what does not change the victims.
func TestSameVictims(t *testing.T) {
	plan := Plan{Seed: 7, Duplicate: 0.3, Delay: 0.3, DelayFor: time.Second}
	base := cloud.Victim{Service: "sns", Resource: "arn:aws:sns:us-east-1:000000000000:numbers-1a2b3c4", To: "arn:aws:sqs:us-east-1:000000000000:copies-1a2b3c4"}
	want := hit(plan, cloud.FaultDuplicate, base, 100)
	for name, c := range map[string]struct {
		seed uint64
		kind cloud.FaultKind
		to   func(*cloud.Victim)
		same bool
	}{
		"the same":               {7, cloud.FaultDuplicate, func(*cloud.Victim) {}, true},
		"other random IDs":       {7, cloud.FaultDuplicate, func(v *cloud.Victim) { v.ID = "other" }, true},
		"the next deployment":    {7, cloud.FaultDuplicate, func(v *cloud.Victim) { v.Resource = "numbers-5d6e7f8" }, true},
		"another queue's suffix": {7, cloud.FaultDuplicate, func(v *cloud.Victim) { v.To = "copies-5d6e7f8" }, true},
		"another seed":           {8, cloud.FaultDuplicate, func(*cloud.Victim) {}, false},
		"another kind":           {7, cloud.FaultDelay, func(*cloud.Victim) {}, false},
		"another service":        {7, cloud.FaultDuplicate, func(v *cloud.Victim) { v.Service = "sqs" }, false},
		"another topic":          {7, cloud.FaultDuplicate, func(v *cloud.Victim) { v.Resource = "sums" }, false},
		"another subscriber":     {7, cloud.FaultDuplicate, func(v *cloud.Victim) { v.To = "work" }, false},
		"another attempt":        {7, cloud.FaultDuplicate, func(v *cloud.Victim) { v.Attempt = 1 }, false},
	} {
		p, v := plan, base
		p.Seed = c.seed
		c.to(&v)
		if got := hit(p, c.kind, v, 100); slices.Equal(got, want) != c.same {
			t.Errorf("%s: hits %v; before %v", name, got, want)
		}
	}
	// Without a number, the ID decides.
	for _, id := range []string{"a", "b"} {
		_, first := plan.decide(cloud.FaultDuplicate, cloud.Victim{ID: id})
		_, second := plan.decide(cloud.FaultDuplicate, cloud.Victim{ID: id})
		if first != second {
			t.Errorf("the same ID %s is hit in one of two decisions", id)
		}
	}
}

// TestRates checks that a rate is that part of many decisions.
func TestRates(t *testing.T) {
	const n = 10_000
	for _, rate := range []float64{0, 0.01, 0.1, 0.5, 1} {
		p := Plan{Seed: 3, Duplicate: rate, Delay: rate, DelayFor: time.Second, Reorder: rate, Crashes: []Crash{{Function: "f", Rate: rate}}}
		for _, kind := range []cloud.FaultKind{cloud.FaultDuplicate, cloud.FaultDelay, cloud.FaultReorder, cloud.FaultCrash} {
			got := float64(len(hit(p, kind, cloud.Victim{Service: "lambda", Resource: "f"}, n)))
			if deviation := 4 * math.Sqrt(n*rate*(1-rate)); math.Abs(got-n*rate) > deviation {
				t.Errorf("%s hits %v of %d, want %v ± %.0f", kind, got, n, n*rate, deviation)
			}
		}
	}
}

// TestFaultsOfAKind checks what a decision says beyond that there is a fault.
func TestFaultsOfAKind(t *testing.T) {
	p := Plan{Delay: 1, DelayFor: 2 * time.Second, Reorder: 1, Crashes: []Crash{{Function: "f", Rate: 1, Point: cloud.CrashAfter}, {Function: "*", Rate: 1}}}
	if f, ok := p.decide(cloud.FaultDelay, cloud.Victim{}); !ok || f.Wait != 2*time.Second || f.Kind != cloud.FaultDelay {
		t.Errorf("delay: %+v, %v", f, ok)
	}
	if f, ok := p.decide(cloud.FaultReorder, cloud.Victim{}); !ok || f.Wait <= 0 || f.Kind != cloud.FaultReorder {
		t.Errorf("reorder: %+v, %v", f, ok)
	}
	seen := map[cloud.CrashPoint]int{}
	for n := range uint64(300) {
		if f, ok := p.decide(cloud.FaultCrash, cloud.Victim{Resource: "f", Number: n + 1}); !ok || f.Point != cloud.CrashAfter {
			t.Fatalf("crash of f: %+v, %v", f, ok)
		}
		f, ok := p.decide(cloud.FaultCrash, cloud.Victim{Resource: "g", Number: n + 1})
		if !ok || f.Part < 0 || f.Part >= 1 {
			t.Fatalf("crash of g: %+v, %v", f, ok)
		}
		seen[f.Point]++
	}
	for _, point := range points {
		if seen[point] < 60 {
			t.Errorf("of 300 crashes of g, %d are at %s", seen[point], point)
		}
	}
}

// TestPlanSurvives checks that a plan is in effect after the next start, until it is
// cleared, and that numbers and counts begin again.
func TestPlanSurvives(t *testing.T) {
	st := store.InMemory()
	i, j := open(t, st)
	v := cloud.Victim{Service: "sqs", Resource: "work"}
	if _, ok := i.Decide(cloud.FaultDuplicate, v); ok || i.Number("sqs", "work") != 0 {
		t.Error("there are faults before any is set")
	}
	plan := Plan{Seed: 1, Duplicate: 1}
	set(t, i, plan)
	if _, ok := i.Decide(cloud.FaultDuplicate, v); !ok {
		t.Error("the plan has no effect")
	}
	numbers := []uint64{i.Number("sqs", "work"), i.Number("sqs", "work"), i.Number("sqs", "other"), i.Number("sns", "work")}
	if !slices.Equal(numbers, []uint64{1, 2, 1, 1}) {
		t.Errorf("numbers %v", numbers)
	}
	i.Injected(cloud.FaultDuplicate, v, "message %s", "m")
	if p, injected, ok := i.Plan(); !ok || !cmp.Equal(p, plan) || injected[cloud.FaultDuplicate] != 1 {
		t.Errorf("plan %+v, %v, %v", p, injected, ok)
	}

	i, again := open(t, st)
	if p, injected, ok := i.Plan(); !ok || !cmp.Equal(p, plan) || len(injected) != 0 {
		t.Errorf("after the next start: plan %+v, %v, %v", p, injected, ok)
	}
	plan.Seed = 2
	set(t, i, plan)
	if n := i.Number("sqs", "work"); n != 1 {
		t.Errorf("the first message after a change has the number %d", n)
	}
	for range 2 {
		if err := i.Clear(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := i.Decide(cloud.FaultDuplicate, v); ok {
		t.Error("there are faults after all were cleared")
	}
	i, _ = open(t, st)
	if p, _, ok := i.Plan(); ok {
		t.Errorf("there is a plan after all were cleared: %+v", p)
	}
	want := []string{
		"fault: faults are set: --seed 1 --duplicate 1", "fault work: duplicate: message m",
		"fault: faults are still set: --seed 1 --duplicate 1", "fault: faults are set: --seed 2 --duplicate 1", "fault: faults are cleared",
	}
	if diff := cmp.Diff(want, append(j.messages, again.messages...)); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

// TestRefusedPlan checks that a refused plan leaves the one before in effect.
func TestRefusedPlan(t *testing.T) {
	i, _ := open(t, nil)
	set(t, i, Plan{Duplicate: 0.5})
	if err := i.Set(Plan{Duplicate: 2}); err == nil || !strings.Contains(err.Error(), "--duplicate is 2") {
		t.Errorf("error %v", err)
	}
	if p, _, ok := i.Plan(); !ok || p.Duplicate != 0.5 {
		t.Errorf("plan %+v, %v", p, ok)
	}
}

// TestConcurrentUse lets services ask while a plan is set and cleared.
func TestConcurrentUse(t *testing.T) {
	i, _ := open(t, nil)
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for n := range 200 {
				v := cloud.Victim{Resource: fmt.Sprint(w), Number: i.Number("sqs", "work")}
				if _, ok := i.Decide(cloud.FaultDuplicate, v); ok {
					i.Injected(cloud.FaultDuplicate, v, "message %d", n)
				}
				i.Plan()
			}
		})
	}
	for range 20 {
		set(t, i, Plan{Duplicate: 1})
		if err := i.Clear(); err != nil {
			t.Fatal(err)
		}
	}
	workers.Wait()
}

// BenchmarkNoFaults measures what the services pay while no faults are set.
func BenchmarkNoFaults(b *testing.B) {
	i, err := New(nil, &journal{})
	if err != nil {
		b.Fatal(err)
	}
	var faults cloud.Faults = i
	b.ReportAllocs()
	for b.Loop() {
		faults.Number("sqs", "work")
		faults.Decide(cloud.FaultDuplicate, cloud.Victim{Service: "sqs", Resource: "work", ID: "id", Number: 1})
	}
}
