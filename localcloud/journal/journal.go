// Package journal remembers what happened lately between the services of the
// local cloud, for the console and for whoever follows along.
package journal

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"tally/localcloud/cloud"
)

// Journal keeps the newest entries in a ring. It is a [cloud.Journal].
type Journal struct {
	mu      sync.Mutex
	ring    []cloud.Entry
	count   uint64        // entries ever recorded; number n stands at ring[n % len(ring)]
	changed chan struct{} // closed, and replaced, by the next Append
}

// New makes a journal that remembers the last capacity entries, at least one.
func New(capacity int) *Journal {
	return &Journal{ring: make([]cloud.Entry, max(capacity, 1)), changed: make(chan struct{})}
}

// Append adds the entry, with the present time where it has none.
func (j *Journal) Append(e cloud.Entry) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring[j.count%uint64(len(j.ring))] = e
	j.count++
	close(j.changed)
	j.changed = make(chan struct{})
}

// Recent returns the remembered entries, oldest first.
func (j *Journal) Recent() []cloud.Entry {
	entries, _, _, _ := j.since(0)
	return entries
}

// Subscribe yields every entry recorded after this call, until ctx ends. A
// reader slower than the ring is long loses the oldest, and is told so by a
// Warning of the service "journal" that says how many it missed.
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

// since returns what is left of the entries from number first on, how many of
// them the ring no longer holds, the number of the next entry to come, and a
// channel that closes when it comes.
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
	return entries, missed, j.count, j.changed
}

func missedEntry(n uint64) cloud.Entry {
	return cloud.Entry{
		Time:    time.Now(),
		Level:   cloud.Warning,
		Service: "journal",
		Message: fmt.Sprintf("%d entries were missed: they came faster than they were read", n),
	}
}
