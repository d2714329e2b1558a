package backlog

import (
	"time"

	"tally/localcloud/store"
)

// A lane runs more tasks at the same time while tasks take long, so that slow tasks do
// not wait for each other, and short ones do not compete for the machine.
const (
	// slow is the time that a task takes at least for another worker to be added.
	slow = 100 * time.Millisecond
	// stalled is the time without the end of a task after which the number of workers
	// doubles.
	stalled = 250 * time.Millisecond
)

// dispatch starts workers for the tasks of the lane that are due.
func (b *Backlog) dispatch(l *lane) {
	for l.running < l.limit {
		t, ok := b.take(l)
		if !ok {
			return
		}
		l.running++
		b.workers.Go(func() { b.work(l, t) })
	}
	b.watch(l)
}

// take removes the first task of the lane from the window if it is due. Otherwise, it
// sets a timer.
func (b *Backlog) take(l *lane) (Task, bool) {
	if b.closed || !b.started {
		return Task{}, false
	}
	if err := b.refill(l); err != nil {
		b.report(err)
		b.wake(l, retryPause)
		return Task{}, false
	}
	if len(l.window) == 0 {
		return Task{}, false
	}
	t := l.window[0]
	if wait := t.due.Sub(b.Now()); wait > 0 {
		b.wake(l, wait)
		return Task{}, false
	}
	l.window[0] = Task{}
	l.window = l.window[1:]
	return t, true
}

// wake calls dispatch after a wait.
func (b *Backlog) wake(l *lane, wait time.Duration) {
	if l.timer != nil {
		l.timer.Reset(wait)
		return
	}
	l.timer = time.AfterFunc(wait, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.dispatch(l)
	})
}

// watch adds workers if all are busy and none ends a task for some time.
func (b *Backlog) watch(l *lane) {
	if l.watching || b.closed || l.running < l.limit || l.limit == b.options.MaxWorkers {
		return
	}
	l.watching = true
	before := l.ended
	time.AfterFunc(stalled, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		l.watching = false
		if l.ended == before {
			l.limit = min(2*l.limit, b.options.MaxWorkers)
		}
		b.dispatch(l)
	})
}

// adapt changes the number of workers after a task that took that long.
func (b *Backlog) adapt(l *lane, took time.Duration) {
	l.ended++
	switch {
	case took >= slow && l.running == l.limit:
		l.limit = min(l.limit+1, b.options.MaxWorkers)
	case took < slow:
		l.limit = max(l.limit-1, b.options.Workers)
	}
}

// work runs a task and then others of the lane, as long as any is due.
func (b *Backlog) work(l *lane, t Task) {
	for ok := true; ok; {
		began := time.Now()
		r := b.options.Run(t)
		took := time.Since(began)
		t, ok = b.end(l, t, r, took)
	}
}

// end ends a task in the store, and returns the next one.
func (b *Backlog) end(l *lane, t Task, r Result, took time.Duration) (next Task, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	again, err := b.change(t, r)
	for reported := false; err != nil; again, err = b.change(t, r) {
		if !reported {
			b.report(err)
			reported = true
		}
		if !b.pause() {
			r = Result{Interrupted: true}
		}
	}
	b.adapt(l, took)
	switch {
	case r.Interrupted: // it stays in the store, and in no window
	case r.Again:
		b.count(l, 0, again.Size-t.Size)
		l.insert(again)
	default:
		b.count(l, -1, -t.Size)
	}
	if l.running <= l.limit {
		next, ok = b.take(l)
	}
	if !ok {
		l.running--
		return next, false
	}
	b.dispatch(l)
	return next, true
}

// pause waits before the next attempt to change the store, without the lock. It reports
// whether there may be one.
func (b *Backlog) pause() bool {
	b.mu.Unlock()
	defer b.mu.Lock()
	select {
	case <-time.After(retryPause):
		return true
	case <-b.stop:
		return false
	}
}

// change removes or reschedules a task in the store. It returns the rescheduled one.
func (b *Backlog) change(t Task, r Result) (again Task, err error) {
	if r.Interrupted {
		return Task{}, nil
	}
	changes := []store.Change{b.stored.Unset(t.key())}
	if r.Again {
		again = t
		again.Data, again.Memo, again.delay = r.Data, nil, max(r.Delay, 0)
		again.due = b.Now().Add(again.delay)
		b.seq++
		again.seq = b.seq
		changes = append(changes, b.stored.Set(again.key(), again.value()))
	}
	if r.End != nil {
		others, err := r.End()
		if err != nil {
			return Task{}, err
		}
		changes = append(changes, others...)
	}
	return again, b.options.Store.Apply(changes...)
}
