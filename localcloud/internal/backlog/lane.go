package backlog

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// lane holds the tasks with one name. Backlog.mu guards it.
type lane struct {
	name  string
	tasks int
	bytes int

	// window holds the waiting tasks that are due first, in order. If more is set, the
	// waiting tasks whose keys are greater than last are on disk only.
	window []Task
	more   bool
	last   string

	running  int
	limit    int    // of running
	ended    uint64 // the number of tasks that have run
	timer    *time.Timer
	watching bool // whether watch is scheduled
}

// lane returns the lane with that name, and creates it if necessary.
func (b *Backlog) lane(name string) *lane {
	l := b.lanes[name]
	if l == nil {
		l = &lane{name: name, limit: b.options.Workers}
		b.lanes[name] = l
	}
	return l
}

// count adds to the number and the size of the tasks in a lane. It forgets the lane when
// that is empty.
func (b *Backlog) count(l *lane, tasks, bytes int) {
	wasFull := b.full(l)
	l.tasks += tasks
	l.bytes += bytes
	if wasFull && !b.full(l) {
		close(b.freed)
		b.freed = make(chan struct{})
	}
	if l.tasks == 0 {
		delete(b.lanes, l.name)
		if l.timer != nil {
			l.timer.Stop()
		}
	}
}

// insert adds a stored task to the window if it belongs there.
func (l *lane) insert(t Task) {
	key := t.key()
	if l.more && key > l.last {
		return
	}
	i, _ := slices.BinarySearchFunc(l.window, t, Task.compare)
	l.window = slices.Insert(l.window, i, t)
	if n := len(l.window); n > maxWindow {
		l.window[n-1] = Task{}
		l.window = l.window[:n-1]
		l.last, l.more = l.window[n-2].key(), true
	}
}

func (t Task) compare(u Task) int {
	if c := t.due.Compare(u.due); c != 0 {
		return c
	}
	return int(int64(t.seq - u.seq))
}

// refill reads the next tasks from disk if the window is empty.
func (b *Backlog) refill(l *lane) error {
	if len(l.window) > 0 || !l.more {
		return nil
	}
	more, last := false, l.last
	var failed error
	err := b.stored.Ascend(l.name+"\x00", last+"\x00", func(key string, value []byte) bool {
		if len(l.window) == maxWindow {
			more = true
			return false
		}
		var t Task
		if t, failed = parse(key, bytes.Clone(value)); failed != nil {
			return false
		}
		t.Lane = l.name // not a copy
		l.window = append(l.window, t)
		last = strings.Clone(key)
		return true
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		l.window = nil
		return err
	}
	l.more, l.last = more, last
	return nil
}
