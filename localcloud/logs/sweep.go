package logs

import (
	"errors"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"tally/localcloud/store"
)

// sweepEvery is the time between deletions of events past their retention. Readers do
// not depend on the deletions: they never see such events.
const sweepEvery = time.Hour

// sweeper bounds the size of all events on disk.
type sweeper struct {
	limit   uint64        // bytes; 0 for none
	written atomic.Uint64 // bytes since the last sweep
	wake    chan struct{} // holds a value while a sweep is due
	running sync.WaitGroup

	mu      sync.Mutex
	trimmed map[string]time.Time // by group: older events have been deleted
}

// The limit is enforced after a sixteenth of it has been written, and a sweep deletes
// down to seven eighths, so that the next one is some time away.
const sweepAfter, sweepTo = 16, 8

// add counts what has been appended.
func (w *sweeper) add(points []store.Point) {
	var n uint64
	for _, p := range points {
		n += uint64(len(p.Data))
	}
	if w.limit > 0 && w.written.Add(n) > w.limit/sweepAfter {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

func (w *sweeper) forget(group string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.trimmed, group)
}

func (w *sweeper) note(group string, before time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trimmed[group] = before
}

// since returns the time of the oldest event of a group that can exist.
func (w *sweeper) since(group string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trimmed[group]
}

// Start deletes events past the retention of their group and, if all events together
// use more than limit bytes on disk, the oldest ones. It does so in the background
// until Close. A limit of 0 means none. Errors are passed to failed.
func (s *Service) Start(limit uint64, failed func(error)) {
	s.sweeper.limit = limit
	s.sweeper.running.Go(func() {
		for tick := time.NewTicker(sweepEvery); ; {
			if err := s.sweep(); err != nil {
				failed(err)
			}
			select {
			case <-tick.C:
			case <-s.sweeper.wake:
			case <-s.done:
				tick.Stop()
				return
			}
		}
	})
}

// Size estimates the bytes that all events use on disk. Events of the last seconds may
// not be counted yet.
func (s *Service) Size() (uint64, error) { return s.sizeSince(time.Time{}) }

// sizeSince estimates the size of the events that are not older than from.
func (s *Service) sizeSince(from time.Time) (total uint64, err error) {
	for _, g := range s.groups.All() {
		start := s.sweeper.since(g.Name)
		if from.After(start) {
			start = from
		}
		n, err := s.events.Size(g.Name, start)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

func (s *Service) sweep() error {
	s.sweeper.written.Store(0)
	var errs []error
	for _, g := range s.groups.All() {
		if oldest := g.since(time.Time{}).Time; oldest.After(s.sweeper.since(g.Name)) {
			errs = append(errs, s.trim(g.Name, oldest))
		}
	}
	return errors.Join(append(errs, s.enforceLimit())...)
}

// enforceLimit deletes the oldest events of all groups if there are too many.
func (s *Service) enforceLimit() error {
	size, err := s.Size()
	if err != nil || s.sweeper.limit == 0 || size <= s.sweeper.limit {
		return err
	}
	oldest, newest := s.span()
	after := func(n int) time.Time { return oldest.Add(time.Duration(n) * time.Millisecond) }
	n := sort.Search(int(newest.Sub(oldest).Milliseconds())+1, func(n int) bool {
		size, e := s.sizeSince(after(n))
		err = errors.Join(err, e)
		return size <= s.sweeper.limit-s.sweeper.limit/sweepTo
	})
	for _, g := range s.groups.All() {
		if before := after(n); before.After(s.sweeper.since(g.Name)) {
			err = errors.Join(err, s.trim(g.Name, before))
		}
	}
	return err
}

// span returns the times of the oldest and the newest event.
func (s *Service) span() (oldest, newest time.Time) {
	for _, r := range s.streams.All() {
		if r.First.IsZero() {
			continue
		}
		if oldest.IsZero() || r.First.Before(oldest) {
			oldest = r.First
		}
		if r.Last.After(newest) {
			newest = r.Last
		}
	}
	return oldest, newest
}

// trim deletes the events of a group that are older than before, and the streams that
// had only such events. Writers wait only while the rows of streams change.
func (s *Service) trim(group string, before time.Time) error {
	if err := s.events.Trim(group, before); err != nil {
		return err
	}
	s.sweeper.note(group, before)
	stale := slices.DeleteFunc(s.streamsOf(group), func(r streamRow) bool { return r.First.IsZero() || !r.First.Before(before) })
	firsts := map[string]int{}
	for i, r := range stale {
		if !r.Last.Before(before) {
			firsts[r.Name] = i
		}
	}
	if err := s.firsts(group, store.Mark{Time: before}, firsts, func(i int, first time.Time) { stale[i].First = first }); err != nil {
		return err
	}
	s.rows.Lock()
	defer s.rows.Unlock()
	var changes []store.Change
	for _, r := range stale {
		switch current, ok := s.streams.Get(r.key()); {
		case !ok: // its group has been deleted
		case current.Last.Before(before):
			changes = append(changes, s.streams.Unset(r.key()))
		default:
			current.First = maxTime(r.First, before)
			changes = append(changes, s.streams.Set(r.key(), current))
		}
	}
	return s.store.Apply(changes...)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
