package sns_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
	"tally/localcloud/store"
)

// faults is a cloud.Faults that hits what its function selects.
type faults struct {
	hit func(cloud.FaultKind, cloud.Victim) (cloud.Fault, bool)

	mu      sync.Mutex
	arrived uint64
	kinds   []cloud.FaultKind // of what was injected
}

func (f *faults) Number(service, resource string) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if service == "sns" && resource == numbers {
		f.arrived++
	}
	return f.arrived
}

func (f *faults) Decide(kind cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
	fault, ok := f.hit(kind, v)
	fault.Kind = kind
	return fault, ok && v.Service == "sns" && v.Resource == numbers && v.To == function && v.ID != ""
}

func (f *faults) Injected(kind cloud.FaultKind, _ cloud.Victim, _ string, _ ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kinds = append(f.kinds, kind)
}

// arrivals collects what a target receives, and when.
type arrivals struct {
	mu    sync.Mutex
	began time.Time
	got   []string // "body after time"
}

func (a *arrivals) note(d sns.Delivery) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.got = append(a.got, fmt.Sprintf("%s after %v", d.Body, time.Since(a.began)))
}

// TestFaults checks when messages 1 to 3 arrive if faults hit message 2.
func TestFaults(t *testing.T) {
	second := func(kind cloud.FaultKind, wait time.Duration) func(cloud.FaultKind, cloud.Victim) (cloud.Fault, bool) {
		return func(k cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
			return cloud.Fault{Wait: wait}, k == kind && v.Number == 2
		}
	}
	for name, c := range map[string]struct {
		hit   func(cloud.FaultKind, cloud.Victim) (cloud.Fault, bool)
		fail  int // attempts before each delivery
		want  []string
		kinds []cloud.FaultKind
	}{
		"duplicate": {hit: second(cloud.FaultDuplicate, 0),
			want: []string{"1 after 0s", "2 after 0s", "2 after 0s", "3 after 10ms"}, kinds: []cloud.FaultKind{cloud.FaultDuplicate}},
		"delay": {hit: second(cloud.FaultDelay, 2*time.Second),
			want: []string{"1 after 0s", "3 after 10ms", "2 after 2s"}, kinds: []cloud.FaultKind{cloud.FaultDelay}},
		"reorder": {hit: second(cloud.FaultReorder, 100*time.Millisecond),
			want: []string{"1 after 0s", "3 after 10ms", "2 after 100ms"}, kinds: []cloud.FaultKind{cloud.FaultReorder}},
		"duplicate after failed attempts": {hit: second(cloud.FaultDuplicate, 0), fail: 4,
			want: []string{"1 after 1s", "2 after 1s", "2 after 2s", "3 after 1.01s"}, kinds: []cloud.FaultKind{cloud.FaultDuplicate}},
		"delay before failed attempts": {hit: second(cloud.FaultDelay, 2*time.Second), fail: 4,
			want: []string{"1 after 1s", "3 after 1.01s", "2 after 3s"}, kinds: []cloud.FaultKind{cloud.FaultDelay}},
		"everything at once": {
			hit: func(kind cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
				return cloud.Fault{Wait: time.Second}, v.Number == 2
			},
			want: []string{"1 after 0s", "3 after 10ms", "2 after 1s", "2 after 1s"}, kinds: []cloud.FaultKind{cloud.FaultDelay, cloud.FaultDuplicate}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, a := &faults{hit: c.hit}, &arrivals{began: time.Now()}
				tries := map[string]int{}
				tg := target(func(d sns.Delivery) error {
					a.mu.Lock()
					tries[d.Body]++
					failed := tries[d.Body]%(c.fail+1) != 0
					a.mu.Unlock()
					if failed {
						return errors.New("not now")
					}
					a.note(d)
					return nil
				})
				s := faulty(t, nil, f, tg)
				for _, body := range []string{"1", "2", "3"} {
					if body == "3" {
						time.Sleep(10 * time.Millisecond)
					}
					if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: body}); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				slices.Sort(a.got) // by message: those that arrive at the same time have no order
				slices.Sort(c.want)
				if !slices.Equal(a.got, c.want) || len(s.Owed()) != 0 {
					t.Errorf("%v owed, arrived\n%q, want\n%q", s.Owed(), a.got, c.want)
				}
				if !slices.Equal(f.kinds, c.kinds) {
					t.Errorf("injected %v, want %v", f.kinds, c.kinds)
				}
			})
		})
	}
}

// faulty returns a service with faults, the topic numbers and one subscription to it.
func faulty(t *testing.T, st *store.Store, f cloud.Faults, tg sns.Target) *sns.Service {
	t.Helper()
	s, err := sns.New(sns.Options{
		Place: place, Store: st, Authorizer: authorizer(allow), Journal: &journal{}, Faults: f, Targets: map[string]sns.Target{"lambda": tg},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.Start()
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestHeldMessageSurvives checks that a message that a fault holds back is delivered after
// a restart, when it is due, and is not held back again.
func TestHeldMessageSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		f := &faults{hit: func(kind cloud.FaultKind, _ cloud.Victim) (cloud.Fault, bool) {
			return cloud.Fault{Wait: time.Minute}, kind == cloud.FaultDelay
		}}
		a := &arrivals{began: time.Now()}
		tg := target(func(d sns.Delivery) error { a.note(d); return nil })
		s := faulty(t, st, f, tg)
		if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := sns.New(sns.Options{
			Place: place, Store: st, Authorizer: authorizer(allow), Journal: &journal{}, Faults: f, Targets: map[string]sns.Target{"lambda": tg},
		})
		if err != nil {
			t.Fatal(err)
		}
		again.Start()
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []string{"1 after 1m0s"}; !slices.Equal(a.got, want) {
			t.Errorf("arrived %q, want %q", a.got, want)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// everything is a cloud.Faults that hits all, and passes on what it reports.
type everything struct {
	cloud.NoFaults
	reports chan string
}

func (everything) Decide(kind cloud.FaultKind, _ cloud.Victim) (cloud.Fault, bool) {
	return cloud.Fault{Kind: kind}, true
}

func (e everything) Injected(_ cloud.FaultKind, _ cloud.Victim, format string, args ...any) {
	e.reports <- fmt.Sprintf(format, args...)
}

// The URL of an endpoint may contain a password, which belongs in no journal.
func TestFaultsHidePasswords(t *testing.T) {
	w := newWebhook(t, nil)
	f := everything{reports: make(chan string, 10)}
	s, err := sns.New(sns.Options{Place: place, Authorizer: authorizer(allow), Journal: silent{}, Faults: f, Endpoint: func() string { return "http://127.0.0.1" }})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
		t.Fatal(err)
	}
	subscribe(t, s, w, sns.Subscription{Endpoint: strings.Replace(w.URL, "http://", "http://user:secret@", 1)})
	w.next(t) // the duplicate
	for range 2 {
		if report := <-f.reports; strings.Contains(report, "secret") || !strings.Contains(report, "user:xxxxx@") {
			t.Error(report)
		}
	}
}
