package logs

import (
	"context"
	"iter"
	"time"

	"tally/local/store"
)

// followBatch is how many events a follower takes from the disk at a time.
const followBatch = 256

// Follow yields the events of a group whose time is not before from: first
// those that exist, then new ones as they are written, in the order they
// arrived and none left out, however slow the reader is. The group need not
// exist yet. It ends with ctx, or when the service closes.
func (s *Service) Follow(ctx context.Context, group string, from time.Time) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for cursor := uint64(0); ; {
			// Taken before reading: a write that the read misses closes it.
			changed := *s.changed.Load()
			events, last, err := s.arrivals(group, cursor, store.Mark{Time: from})
			if err != nil {
				return // the store is closed
			}
			for _, e := range events {
				if ctx.Err() != nil || !yield(e) {
					return
				}
			}
			if last != cursor {
				cursor = last
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-s.done:
				return
			case <-changed:
			}
		}
	}
}

// arrivals returns the next events that arrived after the one with that
// number, and the number of the last one looked at.
func (s *Service) arrivals(group string, after uint64, from store.Mark) (events []Event, last uint64, err error) {
	last = after
	err = s.walk(func(e Event, m store.Mark) bool {
		last = m.Seq
		if m.Compare(from) >= 0 {
			events = append(events, e)
		}
		return len(events) < followBatch
	}, func(v func(store.Point) bool) error { return s.events.Arrivals(group, after, v) })
	return events, last, err
}
