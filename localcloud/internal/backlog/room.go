package backlog

import (
	"context"
	"time"
)

// Room returns once all the lanes have room for another task, and reports whether that
// is so. It waits at most for the given patience, and until ctx ends.
func (b *Backlog) Room(ctx context.Context, patience time.Duration, lanes ...string) bool {
	var deadline <-chan time.Time
	for {
		freed := b.crowded(lanes)
		if freed == nil {
			return true
		}
		if deadline == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			deadline = timer.C
		}
		select {
		case <-freed:
		case <-deadline:
			return b.crowded(lanes) == nil
		case <-ctx.Done():
			return false
		case <-b.stop:
			return false
		}
	}
}

// crowded returns nil if all the lanes have room, and otherwise a channel that is closed
// when a lane has room again.
func (b *Backlog) crowded(lanes []string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range lanes {
		if l := b.lanes[name]; l != nil && b.full(l) {
			return b.freed
		}
	}
	return nil
}

func (b *Backlog) full(l *lane) bool {
	o := b.options
	return o.MaxTasks > 0 && l.tasks >= o.MaxTasks || o.MaxBytes > 0 && l.bytes >= o.MaxBytes
}
