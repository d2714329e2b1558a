// Package journal holds the most recent events between the services of the local
// cloud, for the console and for subscribers.
package journal

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"tally/localcloud/cloud"
)

// Journal holds the newest entries in a ring, and the newest warnings for longer. It
// implements [cloud.Journal] and [cloud.StepRecorder].
type Journal struct {
	mu      sync.Mutex
	ring    []cloud.Entry
	count   uint64        // the number of entries ever appended; entry n is at ring[n % len(ring)]
	changed chan struct{} // closed by the next Append; nil if nobody waits for it

	warnings, losses summary

	steps steps
}

// New returns a journal that holds the newest capacity entries, but at least one.
func New(capacity int) *Journal {
	return &Journal{ring: make([]cloud.Entry, max(capacity, 1))}
}

// Append adds the entry. If its Time is zero, Append sets it to the current time.
func (j *Journal) Append(e cloud.Entry) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring[j.count%uint64(len(j.ring))] = e
	j.count++
	switch {
	case e.Loss:
		j.losses.add(e)
	case e.Level == cloud.Warning:
		j.warnings.add(e)
	}
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// Recent returns the entries that the ring holds, oldest first.
func (j *Journal) Recent() []cloud.Entry {
	entries, _, _, _ := j.since(0)
	return entries
}

// Subscribe yields every entry appended after the call to Subscribe, until ctx
// ends. A reader that falls behind by more than the journal's capacity misses the
// oldest entries. In their place, it receives a Warning from the service
// "journal" that states how many it missed.
func (j *Journal) Subscribe(ctx context.Context) iter.Seq[cloud.Entry] {
	j.mu.Lock()
	start := j.count
	j.mu.Unlock()
	return func(yield func(cloud.Entry) bool) {
		for next := start; ; {
			entries, missed, end, changed := j.since(next)
			if missed > 0 && !yield(missedEntry(missed)) {
				return
			}
			for _, e := range entries {
				if ctx.Err() != nil || !yield(e) {
					return
				}
			}
			next = end
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
		}
	}
}

// since returns the entries from number first on that are still in the ring, the
// count of those that no longer are, the number of the next entry, and a channel
// that is closed when that entry is appended.
func (j *Journal) since(first uint64) (entries []cloud.Entry, missed, next uint64, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := uint64(len(j.ring))
	oldest := j.count - min(j.count, size)
	if first < oldest {
		missed, first = oldest-first, oldest
	}
	for n := first; n < j.count; n++ {
		entries = append(entries, j.ring[n%size])
	}
	if j.changed == nil {
		j.changed = make(chan struct{})
	}
	return entries, missed, j.count, j.changed
}

func missedEntry(n uint64) cloud.Entry {
	return cloud.Entry{
		Time:    time.Now(),
		Level:   cloud.Warning,
		Service: "journal",
		Message: fmt.Sprintf("missed %d entries: they were appended faster than they were read", n),
	}
}
