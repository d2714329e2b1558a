package logs

import (
	"cmp"
	"context"
	"iter"
	"time"

	"tally/localcloud/store"
)

// followBatch is the maximum number of events that Follow reads from disk at a
// time.
const followBatch = 256

// Follow yields the events of a group whose time is not before from: first the
// existing events, then new ones as they are written. It yields them in the order in
// which they were written, and skips none, however slow the reader is. The group
// need not exist yet. The sequence ends when ctx ends or the service is closed.
func (s *Service) Follow(ctx context.Context, group string, from time.Time) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for _, e := range s.follow(ctx, func() []string { return []string{group} }, from) {
			if !yield(e) {
				return
			}
		}
	}
}

// FollowAll yields the events of all groups whose time is not before from, each with the
// name of its group, as they are written, also those of groups that do not exist yet. It
// ends like Follow.
func (s *Service) FollowAll(ctx context.Context, from time.Time) iter.Seq2[string, Event] {
	return s.follow(ctx, s.names, from)
}

// names returns the names of all groups.
func (s *Service) names() (all []string) {
	for _, g := range s.groups.All() {
		all = append(all, g.Name)
	}
	return all
}

func (s *Service) follow(ctx context.Context, groups func() []string, from time.Time) iter.Seq2[string, Event] {
	return func(yield func(string, Event) bool) {
		for cursors := map[string]uint64{}; ; {
			// Load the channel before reading, so that a write that the read
			// misses closes it.
			changed := *s.changed.Load()
			more := false
			for _, group := range groups() {
				events, last, err := s.arrivals(group, cursors[group], from)
				if err != nil {
					return // the store is closed or corrupt
				}
				more = more || last != cursors[group]
				cursors[group] = last
				for _, e := range events {
					if ctx.Err() != nil || !yield(group, e) {
						return
					}
				}
			}
			if more {
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

// arrivals returns up to followBatch events that were written after the event with
// the sequence number after, and the sequence number of the last event it read.
func (s *Service) arrivals(group string, after uint64, from time.Time) (events []Event, last uint64, err error) {
	g, _ := s.groups.Get(group)
	oldest := g.since(from)
	last = after
	var corrupt error
	err = s.events.Arrivals(group, after, func(p store.Point) bool {
		last = p.Seq
		if p.Compare(oldest) < 0 {
			return true
		}
		var e Event
		e, corrupt = decode(p)
		events = append(events, e)
		return corrupt == nil && len(events) < followBatch
	})
	return events, last, cmp.Or(corrupt, err)
}
