package timetable

import (
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Plan determines when something occurs.
type Plan struct {
	Expression Expression
	// Start and End are the first and the last moment at which it occurs, unless they are
	// zero. One-time expressions ignore them.
	Start, End time.Time
	// AtOnce makes a rate without Start begin at once, and not after its first period.
	AtOnce bool
	// Window is the time within which an occurrence may be late.
	Window time.Duration
}

// first returns the first occurrence of a plan that begins now, or the zero Time.
func (p Plan) first(now time.Time) time.Time {
	from := now
	if p.Start.After(now) {
		from = p.Start
	}
	switch {
	case p.Expression.Once():
		return p.Expression.Next(now)
	case !p.Expression.Rate():
		return p.next(from.Add(-time.Nanosecond))
	case p.AtOnce || p.Start.After(now):
		return p.within(from.UTC())
	}
	return p.next(now)
}

// next returns the occurrence after another, or the zero Time.
func (p Plan) next(at time.Time) time.Time {
	t := p.Expression.Next(at)
	if p.Expression.Once() {
		return t
	}
	return p.within(t)
}

// within returns t, or the zero Time if it is after the end.
func (p Plan) within(t time.Time) time.Time {
	if !p.End.IsZero() && t.After(p.End) {
		return time.Time{}
	}
	return t
}

// row is the next occurrence of a plan. Its time is AWS's; when that is here depends on
// the pace.
type row struct {
	At    time.Time     // the occurrence
	Due   time.Time     // when it is here
	Wait  time.Duration // from the one before, or from the beginning, to Due
	Delay time.Duration // of the occurrence within its window
}

func (r row) fire() time.Time { return r.Due.Add(r.Delay) }

// Options configure a Clock. Name and Fire are required.
type Options struct {
	Store *store.Store // nil stores nothing durably
	Name  string       // of the times in the store
	Pace  cloud.Pace   // divides the time between occurrences
	// Fire is called for every occurrence, one after the other. at is AWS's time. It must
	// apply the change together with its own ones; if it fails, it is called again.
	Fire func(key string, at time.Time, change store.Change) error
}

// Clock waits for the occurrences of plans, which have keys. Each has a time of its own
// that begins now, and passes faster by the pace: if the pace is 60, then what AWS does
// every hour happens every minute, and a day of the week follows another after 24 minutes.
//
// Occurrences survive a restart. Of those that were missed meanwhile, one runs at once.
type Clock struct {
	options Options
	rows    *store.Table[row]
	changed chan struct{} // has an item if run must look again
	closing chan struct{}
	done    chan struct{} // closed when run has returned; nil before Start

	mu    sync.Mutex // guards plans, and is held while rows change
	plans map[string]Plan
}

// patience is how late, in AWS's time, an occurrence may be without being skipped.
const patience = time.Hour

// New opens the times in the store, for the plans with their keys.
func New(o Options, plans map[string]Plan) (*Clock, error) {
	rows, err := store.NewTable[row](o.Store, o.Name)
	if err != nil {
		return nil, err
	}
	c := &Clock{options: o, rows: rows, plans: map[string]Plan{}, changed: make(chan struct{}, 1), closing: make(chan struct{})}
	maps.Copy(c.plans, plans)
	return c, nil
}

// Start begins to wait.
func (c *Clock) Start() {
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		c.run()
	}()
}

// Close ends the waiting, and returns once Fire is not being called.
func (c *Clock) Close() {
	close(c.closing)
	if c.done != nil {
		<-c.done
	}
}

// Set makes a plan begin now, instead of any other with the key, together with other
// changes.
func (c *Clock) Set(key string, p Plan, others ...store.Change) error {
	return c.SetBy(key, p, func(change store.Change) error { return c.commit(append(others, change)) })
}

// SetBy is like Set, except that apply applies the change.
func (c *Clock) SetBy(key string, p Plan, apply func(store.Change) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	change := c.rows.Unset(key)
	now := time.Now().Round(0) // the monotonic clock stands still while the machine is suspended
	if first := p.first(now); !first.IsZero() {
		change = c.rows.Set(key, c.row(p, row{At: now, Due: now}, first))
	}
	if err := apply(change); err != nil {
		return err
	}
	c.plans[key] = p
	c.look()
	return nil
}

// Stop removes the plan with the key, if there is one, together with other changes.
func (c *Clock) Stop(key string, others ...store.Change) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.commit(append(others, c.rows.Unset(key))); err != nil {
		return err
	}
	delete(c.plans, key)
	return nil
}

// Latest returns when the next occurrence with the key is here at the latest: at the end of
// its window. It reports false if nothing more occurs.
func (c *Clock) Latest(key string) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.rows.Get(key)
	return r.Due.Add(c.scaled(c.plans[key].Window)), ok
}

// Ended reports whether nothing more occurs with the key.
func (c *Clock) Ended(key string) bool {
	_, ok := c.rows.Get(key)
	return !ok
}

func (c *Clock) commit(changes []store.Change) error { return c.options.Store.Commit(changes...) }

// look makes run look for the next occurrence again.
func (c *Clock) look() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// row returns the row of an occurrence that follows another.
func (c *Clock) row(p Plan, before row, at time.Time) row {
	wait := c.scaled(at.Sub(before.At))
	r := row{At: at, Due: before.Due.Add(wait), Wait: wait}
	if p.Window > 0 {
		r.Delay = c.scaled(rand.N(p.Window))
	}
	return r
}

// scaled returns how long AWS's time d is here.
func (c *Clock) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / max(1, float64(c.options.Pace)))
}

// run calls Fire until the clock is closed.
func (c *Clock) run() {
	for {
		key, wait := c.next()
		if wait <= 0 {
			if c.fire(key) == nil {
				continue
			}
			wait = time.Second // the state cannot be changed: it is full, for example
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.changed:
		case <-c.closing:
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// longestWait is the time after which run looks again at the clock of the machine: timers
// stand still while the machine is suspended, and the clock may be set.
const longestWait = time.Minute

// next returns the key of the next occurrence, and the time until then.
func (c *Clock) next() (next string, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait = longestWait
	now := time.Now()
	for key := range c.plans {
		r, ok := c.rows.Get(key)
		if !ok {
			continue
		}
		if until := c.correct(key, r, now).fire().Sub(now); until < wait {
			next, wait = key, until
		}
	}
	return next, wait
}

// correct returns the row of a key. If the clock of the machine was set back, it first makes
// the row due after its wait at the latest.
func (c *Clock) correct(key string, r row, now time.Time) row {
	corrected := r
	corrected.Due = now.Round(0).Add(r.Wait)
	if !r.Due.After(corrected.Due) || c.rows.Put(key, corrected) != nil { // then next tries again
		return r
	}
	return corrected
}

// fire calls Fire for the next occurrence of a plan.
func (c *Clock) fire(key string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.plans[key]
	r, exists := c.rows.Get(key)
	if !ok || !exists || r.fire().After(time.Now()) {
		return nil // it was changed meanwhile
	}
	return c.options.Fire(key, r.At, c.advance(key, p, r))
}

// advance returns the change to the occurrence that follows another. It skips those that
// are long overdue, because the machine slept, for example.
func (c *Clock) advance(key string, p Plan, r row) store.Change {
	at := p.next(r.At)
	late := time.Duration(float64(time.Since(r.Due)) * max(1, float64(c.options.Pace)))
	if now := r.At.Add(late); !at.IsZero() && now.Sub(at) > patience+p.Window {
		at = p.skip(r.At, now)
	}
	if at.IsZero() {
		return c.rows.Unset(key)
	}
	return c.rows.Set(key, c.row(p, r, at))
}

// skip returns the first occurrence after now. The occurrences of a rate keep their
// distance from the one at that time.
func (p Plan) skip(at, now time.Time) time.Time {
	if period := p.Expression.period; period > 0 {
		return p.next(at.Add(now.Sub(at) / period * period))
	}
	return p.next(now)
}
