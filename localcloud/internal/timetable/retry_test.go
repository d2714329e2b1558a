package timetable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// courier is a Courier, and the Delivery of all events. A test determines its behavior.
type courier struct {
	began     time.Time
	policy    RetryPolicy
	gone      bool
	permanent bool
	send      func(context.Context, Event) error
	done      func() // nil for nothing
	buryFails int

	mu       sync.Mutex
	attempts []time.Duration
	log      []string // what happened
}

func (c *courier) Send(ctx context.Context, e Event) error {
	c.mu.Lock()
	c.attempts = append(c.attempts, time.Since(c.began))
	c.mu.Unlock()
	return c.send(ctx, e)
}
func (c *courier) RetryPolicy() RetryPolicy { return c.policy }
func (c *courier) Permanent(error) bool     { return c.permanent }
func (c *courier) Target() string           { return "arn" }
func (c *courier) Dropped(e Event)          { c.log = append(c.log, "dropped "+e.ID) }
func (c *courier) Name(key string) string   { return key[:1] }
func (c *courier) Find(string) Delivery {
	if c.gone {
		return nil
	}
	return c
}
func (c *courier) Done(e Event) {
	if c.done != nil {
		c.done()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, "done "+e.ID)
}
func (c *courier) Bury(_ context.Context, e Event) error {
	if c.buryFails > 0 {
		c.buryFails--
		return errors.New("not now")
	}
	c.log = append(c.log, fmt.Sprintf("bury %s after %d: %s %s %s", e.ID, e.Attempts, e.Ended, e.Code, e.Message))
	return nil
}

func TestDeliveries(t *testing.T) {
	seconds := func(n ...time.Duration) []time.Duration {
		for i := range n {
			n[i] *= time.Second
		}
		return n
	}
	down := cloud.Errorf(500, "ServiceException", "Down: try again")
	for name, test := range map[string]struct {
		courier  *courier
		pace     cloud.Pace
		fails    int // attempts
		attempts []time.Duration
		log      []string
	}{
		"at once":         {&courier{policy: RetryPolicy{185, 24 * time.Hour}}, 1, 0, seconds(0), []string{"done 1"}},
		"later":           {&courier{policy: RetryPolicy{185, 24 * time.Hour}}, 1, 8, seconds(0, 1, 3, 7, 15, 31, 63, 127, 255), []string{"done 1"}},
		"later, faster":   {&courier{policy: RetryPolicy{185, 24 * time.Hour}}, 64, 8, seconds(0, 1, 3, 7, 15, 31, 63, 64, 66), []string{"done 1"}},
		"few retries":     {&courier{policy: RetryPolicy{2, 24 * time.Hour}}, 1, 9, seconds(0, 1, 3), []string{"bury 1 after 3: MaximumRetryAttempts ServiceException Down: try again", "done 1"}},
		"no retries":      {&courier{policy: RetryPolicy{0, 24 * time.Hour}}, 1, 9, seconds(0), []string{"bury 1 after 1: MaximumRetryAttempts ServiceException Down: try again", "done 1"}},
		"a short life":    {&courier{policy: RetryPolicy{185, time.Minute}}, 1, 9, seconds(0, 1, 3, 7, 15, 31), []string{"bury 1 after 6: MaximumEventAgeInSeconds ServiceException Down: try again", "done 1"}},
		"a permanent one": {&courier{policy: RetryPolicy{185, time.Hour}, permanent: true, buryFails: 2}, 1, 9, seconds(0), []string{"bury 1 after 1:  ServiceException Down: try again", "done 1"}},
		"a target gone":   {&courier{gone: true}, 1, 9, nil, []string{"dropped 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := test.courier
				c.began = time.Now()
				left := test.fails
				c.send = func(context.Context, Event) error {
					if left--; left >= 0 {
						return down
					}
					return nil
				}
				d, err := NewDeliveries(store.InMemory(), "events", test.pace, Workers, c, nil)
				if err != nil {
					t.Fatal(err)
				}
				d.Start()
				defer d.Close()
				if err := d.Add([]Event{{Key: "k", ID: "1"}}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(25 * time.Hour)
				synctest.Wait()
				if !slices.Equal(c.attempts, test.attempts) || !slices.Equal(c.log, test.log) {
					t.Errorf("attempts %v, log %q; want %v, %q", c.attempts, c.log, test.attempts, test.log)
				}
			})
		})
	}
}

// TestInterrupted checks that an attempt that a shutdown ends does not count.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		blocked := &courier{began: time.Now(), send: func(ctx context.Context, _ Event) error { <-ctx.Done(); return ctx.Err() }}
		d, err := NewDeliveries(st, "events", 1, Workers, blocked, nil)
		if err != nil {
			t.Fatal(err)
		}
		d.Start()
		if err := d.Add([]Event{{Key: "k", ID: "1"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		d.Close()
		if len(blocked.log) > 0 {
			t.Errorf("log %q", blocked.log)
		}
		var got Event
		working := &courier{began: time.Now(), send: func(_ context.Context, e Event) error { got = e; return nil }}
		if d, err = NewDeliveries(st, "events", 1, Workers, working, nil); err != nil {
			t.Fatal(err)
		}
		d.Start()
		synctest.Wait()
		d.Close()
		if got.ID != "1" || got.Attempts != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestOwed checks that events that end no longer count as owed, even if they do so at the same
// time, and that the others do, also in the next process.
func TestOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		var ending sync.WaitGroup
		ending.Add(2)
		var left []Owed
		c := &courier{began: time.Now()}
		c.send = func(ctx context.Context, e Event) error {
			if e.ID == "3" {
				<-ctx.Done()
				return ctx.Err()
			}
			time.Sleep(10 * time.Second)
			return nil
		}
		d, err := NewDeliveries(st, "events", 1, Workers, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.done = func() {
			ending.Done()
			ending.Wait()
			c.mu.Lock()
			defer c.mu.Unlock()
			left = append(left, d.Owed()...)
		}
		d.Start()
		if err := d.Add([]Event{{Key: "j/1", ID: "3"}, {Key: "k/1", ID: "1"}, {Key: "k/1", ID: "2"}}); err != nil {
			t.Fatal(err)
		}
		if want, got := []Owed{{"j", "arn", 1}, {"k", "arn", 2}}, d.Owed(); !slices.Equal(got, want) {
			t.Errorf("owed %v at first, want %v", got, want)
		}
		time.Sleep(time.Minute)
		want := []Owed{{"j", "arn", 1}}
		c.mu.Lock()
		if !slices.Equal(left, slices.Concat(want, want)) {
			t.Errorf("owed %v as two end, want %v twice", left, want)
		}
		c.mu.Unlock()
		d.Close()
		if d, err = NewDeliveries(st, "events", 1, Workers, c, nil); err != nil || !slices.Equal(d.Owed(), want) {
			t.Errorf("owed %v after a restart, %v; want %v", d.Owed(), err, want)
		}
		c.gone = true
		if want, got := []Owed{{"j", "", 1}}, d.Owed(); !slices.Equal(got, want) {
			t.Errorf("owed %v after a deletion, want %v", got, want)
		}
	})
}

// TestDefaultPolicy checks that AWS's default of 185 retries lasts for about its 24 hours.
func TestDefaultPolicy(t *testing.T) {
	total := time.Duration(0)
	for i := range 185 {
		total += backoff(i)
	}
	if total < 23*time.Hour || total > 24*time.Hour {
		t.Errorf("185 retries take %v", total)
	}
}

// TestContinues checks that the next process continues with the retries of this one.
func TestContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		failing := &courier{began: time.Now(), policy: RetryPolicy{185, time.Hour}, send: func(context.Context, Event) error { return errors.New("down") }}
		d, err := NewDeliveries(st, "events", 1, Workers, failing, nil)
		if err != nil {
			t.Fatal(err)
		}
		d.Start()
		if err := d.Add([]Event{{Key: "k", ID: "1", At: time.Now()}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		d.Close()
		var got Event
		working := &courier{began: time.Now(), policy: failing.policy, send: func(_ context.Context, e Event) error { got = e; return nil }}
		if d, err = NewDeliveries(st, "events", 1, Workers, working, nil); err != nil {
			t.Fatal(err)
		}
		d.Start()
		time.Sleep(time.Minute)
		d.Close()
		if got.ID != "1" || got.Attempts != 4 || got.Code != "InternalFailure" || got.Message != "down" || len(working.attempts) != 1 {
			t.Errorf("got %+v", got)
		}
	})
}
