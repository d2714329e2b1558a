package timetable

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// recorder records when a Clock called Fire, and AWS's times, both since the beginning.
type recorder struct {
	began    time.Time
	at, here []time.Duration
	store    *store.Store
	fail     int // the number of calls to fail
}

func (r *recorder) fire(_ string, at time.Time, change store.Change) error {
	if r.fail > 0 {
		r.fail--
		return errors.New("the disk is full")
	}
	r.at, r.here = append(r.at, at.Sub(r.began)), append(r.here, time.Since(r.began))
	return r.store.Apply(change)
}

func (r *recorder) clock(t *testing.T, pace cloud.Pace, plans map[string]Plan) *Clock {
	t.Helper()
	c, err := New(Options{Store: r.store, Name: "times", Pace: pace, Fire: r.fire}, plans)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func minutes(n ...time.Duration) []time.Duration {
	for i := range n {
		n[i] *= time.Minute
	}
	return n
}

func TestClock(t *testing.T) {
	// The fake clock of a bubble starts at midnight UTC.
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		expression string
		plan       Plan
		pace       cloud.Pace
		sleep      time.Duration
		at, here   []time.Duration
	}{
		"a rate at once":       {"rate(10 minutes)", Plan{AtOnce: true}, 1, 25 * time.Minute, minutes(0, 10, 20), minutes(0, 10, 20)},
		"a rate":               {"rate(10 minutes)", Plan{}, 1, 25 * time.Minute, minutes(10, 20), minutes(10, 20)},
		"a rate, faster":       {"rate(1 hour)", Plan{AtOnce: true}, 60, 150 * time.Second, minutes(0, 60, 120), minutes(0, 1, 2)},
		"a cron expression":    {"cron(0/20 * * * ? *)", Plan{}, 1, 45 * time.Minute, minutes(0, 20, 40), minutes(0, 20, 40)},
		"cron, faster":         {"cron(30 0/1 * * ? *)", Plan{}, 60, 2 * time.Minute, minutes(30, 90), []time.Duration{30 * time.Second, 90 * time.Second}},
		"once":                 {"at(2000-01-01T00:20:00)", Plan{}, 1, 100 * time.Hour, minutes(20), minutes(20)},
		"in the past":          {"at(1999-01-01T00:20:00)", Plan{}, 1, 100 * time.Hour, nil, nil},
		"a start":              {"rate(10 minutes)", Plan{AtOnce: true, Start: began.Add(5 * time.Minute)}, 1, 20 * time.Minute, minutes(5, 15), minutes(5, 15)},
		"a start of cron":      {"cron(0/20 * * * ? *)", Plan{Start: began.Add(20 * time.Minute)}, 1, 45 * time.Minute, minutes(20, 40), minutes(20, 40)},
		"an end":               {"rate(10 minutes)", Plan{AtOnce: true, End: began.Add(20 * time.Minute)}, 1, time.Hour, minutes(0, 10, 20), minutes(0, 10, 20)},
		"an end before":        {"rate(10 minutes)", Plan{AtOnce: true, End: began.Add(-time.Minute)}, 1, time.Hour, nil, nil},
		"once, after its end":  {"at(2000-01-01T00:20:00)", Plan{Start: began.Add(time.Hour), End: began}, 1, time.Hour, minutes(20), minutes(20)},
		"longer than the wait": {"rate(1 day)", Plan{}, 1, 25 * time.Hour, minutes(24 * 60), minutes(24 * 60)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.plan.Expression = parse(t, test.expression, "UTC")
				r := &recorder{began: time.Now(), store: store.InMemory()}
				c := r.clock(t, test.pace, nil)
				c.Start()
				defer c.Close()
				if err := c.Set("k", test.plan); err != nil {
					t.Fatal(err)
				}
				time.Sleep(test.sleep)
				synctest.Wait()
				if !slices.Equal(r.at, test.at) || !slices.Equal(r.here, test.here) {
					t.Errorf("at %v, here %v; want at %v, here %v", r.at, r.here, test.at, test.here)
				}
				if want := !test.plan.End.IsZero() || strings.HasPrefix(test.expression, "at("); c.Ended("k") != want {
					t.Errorf("ended: %v", !want)
				}
			})
		})
	}
}

// TestWindow checks that an occurrence is late by at most its window, and that the
// following ones are not later for that.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{began: time.Now(), store: store.InMemory()}
		c := r.clock(t, 1, nil)
		c.Start()
		defer c.Close()
		window := 5 * time.Minute
		if err := c.Set("k", Plan{Expression: parse(t, "rate(10 minutes)", "UTC"), AtOnce: true, Window: window}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1000 * time.Minute)
		synctest.Wait()
		sum := time.Duration(0)
		for i, here := range r.here {
			late := here - r.at[i]
			if r.at[i] != time.Duration(i)*10*time.Minute || late < 0 || late >= window {
				t.Fatalf("occurrence %d of %v is late by %v", i, r.at[i], late)
			}
			sum += late
		}
		if n := time.Duration(len(r.here)); n < 100 || sum/n < window/4 || sum/n > window*3/4 {
			t.Errorf("%d occurrences are late by %v on average", n, sum/n)
		}
	})
}

// TestRestart checks that what was missed while nothing ran runs once, and that the
// others keep their times.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{began: time.Now(), store: store.InMemory()}
		plan := Plan{Expression: parse(t, "rate(1 hour)", "UTC"), AtOnce: true}
		c := r.clock(t, 1, nil)
		c.Start()
		if err := c.Set("k", plan); err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Minute)
		c.Close()
		time.Sleep(10 * time.Hour) // until 11:30
		c = r.clock(t, 1, map[string]Plan{"k": plan})
		c.Start()
		time.Sleep(90 * time.Minute)
		synctest.Wait()
		c.Close()
		if at, here := minutes(0, 60, 120, 720, 780), minutes(0, 60, 690, 720, 780); !slices.Equal(r.at, at) || !slices.Equal(r.here, here) {
			t.Errorf("at %v, here %v; want at %v, here %v", r.at, r.here, at, here)
		}
	})
}

// TestClockSetBack checks that nothing waits for longer than it should, because the clock was
// set back, neither in a process that runs nor in the next one.
func TestClockSetBack(t *testing.T) {
	for name, restarts := range map[string]bool{"while it runs": false, "before it starts": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &recorder{began: time.Now(), store: store.InMemory()}
				plan := Plan{Expression: parse(t, "rate(1 hour)", "UTC")}
				c := r.clock(t, 1, nil)
				if err := c.Set("k", plan); err != nil {
					t.Fatal(err)
				}
				later := row{At: time.Now().Add(1000 * time.Hour), Due: time.Now().Add(1000 * time.Hour), Wait: time.Hour}
				if restarts {
					if err := c.rows.Put("k", later); err != nil {
						t.Fatal(err)
					}
					c = r.clock(t, 1, map[string]Plan{"k": plan})
				}
				c.Start()
				defer c.Close()
				synctest.Wait()
				if !restarts {
					if err := c.rows.Put("k", later); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(62 * time.Minute)
				synctest.Wait()
				if len(r.here) != 1 || r.here[0] < time.Hour || r.here[0] > 61*time.Minute {
					t.Errorf("here %v, want an hour", r.here)
				}
			})
		})
	}
}

// TestWallClock checks that times have no monotonic part: that clock stands still while the
// machine is suspended, and schedules would be late by as much.
func TestWallClock(t *testing.T) { // not in a bubble, whose clock has no such part
	r := &recorder{store: store.InMemory()}
	c := r.clock(t, 1, nil)
	if err := c.Set("k", Plan{Expression: parse(t, "rate(1 hour)", "UTC")}); err != nil {
		t.Fatal(err)
	}
	next, _ := c.rows.Get("k")
	if next.Due != next.Due.Round(0) || next.At != next.At.Round(0) {
		t.Errorf("due at %v, for %v", next.Due, next.At)
	}
}

// TestSetAndStop checks that a plan replaces another, that one that was stopped no longer
// occurs, and that a failed call is made again.
func TestSetAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{began: time.Now(), store: store.InMemory(), fail: 2}
		c := r.clock(t, 1, nil)
		c.Start()
		defer c.Close()
		set := func(expression string) {
			if err := c.Set("k", Plan{Expression: parse(t, expression, "UTC")}); err != nil {
				t.Fatal(err)
			}
		}
		set("rate(1 hour)")
		time.Sleep(30 * time.Minute)
		set("rate(2 hours)")
		time.Sleep(150 * time.Minute)
		synctest.Wait()
		if want := []time.Duration{150*time.Minute + 2*time.Second}; !slices.Equal(r.here, want) {
			t.Errorf("here %v, want %v", r.here, want)
		}
		if err := c.Stop("k"); err != nil || !c.Ended("k") {
			t.Errorf("%v", err)
		}
		time.Sleep(10 * time.Hour)
		if len(r.here) != 1 {
			t.Errorf("here %v after Stop", r.here)
		}
	})
}
