//go:build unix

package process

import (
	"runtime"
	"sync"
	"time"
)

// loadInterval is the time over which the use of the processors is measured, at least.
const loadInterval = 50 * time.Millisecond

// Load measures how busy the machine's processors are, whatever keeps them busy.
type Load struct {
	read       func() (idle, total uint64, ok bool) // times since the start of the machine, in any unit
	processors int

	mu          sync.Mutex
	at          time.Time
	idle, total uint64
	saturated   bool
}

// NewLoad returns a Load of this machine. On other systems than Linux, it is never
// saturated.
func NewLoad() *Load { return &Load{read: processorTimes, processors: runtime.NumCPU()} }

// Saturated reports whether less than half of a processor was idle lately: since
// an earlier call, at least 50 ms ago. Without one in the last second, nothing is known,
// and it returns true: waiting another 50 ms is better than starting processes that
// nobody needs.
func (l *Load) Saturated() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.at) < loadInterval {
		return l.saturated
	}
	idle, total, ok := l.read()
	recent := now.Sub(l.at) < 20*loadInterval
	l.saturated = ok && (!recent || float64(idle-l.idle)*float64(l.processors) < float64(total-l.total)/2)
	l.at, l.idle, l.total = now, idle, total
	return l.saturated
}
