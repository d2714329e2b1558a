// Package backlog holds tasks on disk until they have succeeded, and runs each when it
// is due. A task that a crash interrupts runs again; none is lost.
//
// Tasks are in lanes: those of one lane never delay those of another. Only the tasks of
// each lane that are due first are in memory, so memory does not grow with the number of
// tasks.
package backlog

import (
	"fmt"
	"sync"
	"time"

	"tally/localcloud/store"
)

// Options configure a Backlog. Name and Run are required.
type Options struct {
	Store *store.Store
	Name  string // of the tasks in the store
	// Run runs a task and returns what follows. It is called concurrently.
	Run func(Task) Result
	// Workers is how many tasks of a lane run at the same time; 0 means 1. If tasks
	// take long, it grows up to MaxWorkers.
	Workers, MaxWorkers int
	// MaxTasks and MaxBytes are how much a lane may hold before Room makes its users
	// wait; 0 means no limit.
	MaxTasks, MaxBytes int
	// Report receives the errors of the store, after which the backlog tries again.
	// It may be nil.
	Report func(error)
}

// Task is something to do.
type Task struct {
	Lane string // without zero bytes
	Size int    // bytes that count towards MaxBytes
	Data []byte // describes the task; small, because it may be in memory
	// Memo may hold, at the first run of a small task that Add received a moment ago,
	// what Run would otherwise read from the store. It is never stored.
	Memo any

	due   time.Time
	delay time.Duration // of the schedule: from when the task was added to due
	seq   uint64        // in the order of arrival
}

// Result is what follows after a task has run. The zero Result removes the task.
type Result struct {
	// Again keeps the task, to run with Data after Delay.
	Again bool
	Delay time.Duration
	Data  []byte
	// Interrupted leaves the task as it is, to run after the next start.
	Interrupted bool
	// End returns changes to make together with the removal of the task; nil makes
	// none. It is not called concurrently.
	End func() ([]store.Change, error)
}

// Backlog holds the tasks of one service. Its methods may be called concurrently.
type Backlog struct {
	options Options
	clock   clock
	stored  *store.Values // tasks by their keys, in the order in which they are due
	workers sync.WaitGroup
	stop    chan struct{} // closed by Close

	mu      sync.Mutex
	started bool
	closed  bool
	lanes   map[string]*lane // those that hold tasks
	seq     uint64           // of the newest task
	freed   chan struct{}    // closed and replaced when a lane has room again
}

// maxWindow is how many waiting tasks of a lane are in memory.
const maxWindow = 512

// retryPause is the time between attempts to change the store.
const retryPause = time.Second

// New opens the tasks in the store. They wait for Start.
func New(o Options) (*Backlog, error) {
	o.Workers = max(o.Workers, 1)
	o.MaxWorkers = max(o.MaxWorkers, o.Workers)
	b := &Backlog{
		options: o, clock: clock{time.Now()}, stored: store.NewValues(o.Store, o.Name),
		stop: make(chan struct{}), lanes: map[string]*lane{}, freed: make(chan struct{}),
	}
	return b, b.load()
}

// load counts the stored tasks. It corrects those that were scheduled before the
// machine's clock was set back, so that none waits for longer than its schedule wants.
func (b *Backlog) load() error {
	now := b.Now()
	var corrections []store.Change
	var failed error
	err := b.stored.Ascend("", "", func(key string, value []byte) bool {
		var t Task
		if t, failed = parse(key, value); failed != nil {
			return false
		}
		if latest := now.Add(t.delay); t.due.After(latest) {
			t.due = latest
			corrections = append(corrections, b.stored.Unset(key), b.stored.Set(t.key(), t.value()))
		}
		if len(corrections) >= maxWindow {
			failed = b.options.Store.Apply(corrections...)
			corrections = nil
		}
		l := b.lane(t.Lane)
		l.more = true
		b.count(l, 1, t.Size)
		b.seq = max(b.seq, t.seq)
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		err = b.options.Store.Apply(corrections...)
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", b.options.Name, err)
	}
	return nil
}

// Now returns the time at which tasks are scheduled. Within one process, it advances
// steadily even if the clock of the machine is set.
func (b *Backlog) Now() time.Time { return b.clock.now() }

// Start begins to run tasks.
func (b *Backlog) Start() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.started = true
	for _, l := range b.lanes {
		b.dispatch(l)
	}
}

// Close waits for the tasks that are running. The others remain in the store, and tasks
// can still be added, for the next start.
func (b *Backlog) Close() {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.stop)
	}
	b.mu.Unlock()
	b.workers.Wait()
}

// Add stores tasks, which are due at once, together with other changes. They are soon
// on disk, in the order of all changes: to wait for that, sync the store.
func (b *Backlog) Add(tasks []Task, others ...store.Change) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	changes := make([]store.Change, 0, len(tasks)+len(others))
	changes = append(changes, others...)
	now := b.Now()
	for i := range tasks {
		b.seq++
		tasks[i].seq, tasks[i].due = b.seq, now
		changes = append(changes, b.stored.Set(tasks[i].key(), tasks[i].value()))
	}
	if err := b.options.Store.Apply(changes...); err != nil {
		return err
	}
	for _, t := range tasks {
		l := b.lane(t.Lane)
		b.count(l, 1, t.Size)
		l.insert(t)
		b.dispatch(l)
	}
	return nil
}

// Lens returns the number of tasks of each lane that has any.
func (b *Backlog) Lens() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	lens := make(map[string]int, len(b.lanes))
	for name, l := range b.lanes {
		lens[name] = l.tasks
	}
	return lens
}

func (b *Backlog) report(err error) {
	if b.options.Report != nil {
		b.options.Report(err)
	}
}

// clock is a clock that is set once.
type clock struct{ start time.Time }

func (c clock) now() time.Time { return c.start.Add(time.Since(c.start)) }
