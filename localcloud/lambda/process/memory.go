//go:build unix

package process

import (
	"math"
	"sync"
	"time"
)

const (
	// memoryInterval is the time between two checks of what a running function uses.
	memoryInterval = 20 * time.Millisecond
	// memoryAge is the time after which the peak is read, too, which takes longer.
	memoryAge = 100 * time.Millisecond
	// treeAge is the time after which what the other processes of the environment use is
	// read as well, which takes longest.
	treeAge = 250 * time.Millisecond
)

// sampler checks the memory of all environments of a Runner that run an event. What the
// function uses is also read at the end of each event: runtimes give memory back late, so
// that this is nearly always the most that it used. The kernel tracks the peak, which
// reveals any other spike at most memoryAge later.
type sampler struct {
	mu       sync.Mutex
	sampled  map[*environment]bool // whether it runs an event; if not, its last one may need a check
	sampling bool                  // a goroutine is checking them
}

// start checks the environment's memory from now on.
func (s *sampler) start(e *environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sampled == nil {
		s.sampled = map[*environment]bool{}
	}
	s.sampled[e] = true
	e.started = time.Now()
	if !s.sampling {
		s.sampling = true
		go s.run()
	}
}

// stop ends the checks, perhaps after one more.
func (s *sampler) stop(e *environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sampled[e] = false
}

// run checks the environments until there is none left.
func (s *sampler) run() {
	ticker := time.NewTicker(memoryInterval)
	defer ticker.Stop()
	for now := range ticker.C {
		due, more := s.due(now)
		for _, e := range due {
			if e.Alive() && e.overLimit(now) {
				e.kill()
			}
		}
		if !more {
			return
		}
	}
}

// due returns the environments to check now, and drops those that need no further
// check. If there are no more, the goroutine must end.
func (s *sampler) due(now time.Time) (due []*environment, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e, running := range s.sampled {
		switch {
		case running && now.Sub(e.started) >= memoryInterval:
			due = append(due, e)
		case !running && e.memoryAge(now) >= memoryAge:
			due = append(due, e)
			delete(s.sampled, e)
		}
	}
	s.sampling = len(s.sampled) > 0
	return due, s.sampling
}

// memoryAge returns how long ago the peak was read.
func (e *environment) memoryAge(now time.Time) time.Duration { return age(e.readAt.Load(), now) }

// age returns how long before now a time was, whatever happens to the machine's clock;
// nil is infinitely long ago.
func age(at *time.Time, now time.Time) time.Duration {
	if at == nil {
		return math.MaxInt64
	}
	return now.Sub(*at)
}

// overLimit reports whether the process has ever used more memory than its limit, as far
// as is known without reading the peak too often. For a process that has ended, it uses
// what was read last.
func (e *environment) overLimit(now time.Time) bool {
	if e.memoryAge(now) < memoryAge {
		e.raisePeak(e.resident.bytes())
	} else {
		e.readAt.Store(&now)
		peak, _ := peakMemory(e.pid())
		e.raisePeak(peak)
	}
	if last := e.treeReadAt.Load(); age(last, now) >= treeAge && e.treeReadAt.CompareAndSwap(last, &now) {
		e.raisePeak(treeMemory(e.root(), e.limitBytes()))
	}
	return e.peak.Load() > e.limitBytes()
}

func (e *environment) limitBytes() int64 { return int64(e.limit) << 20 }

// raisePeak raises the peak to at least that many bytes. The sampler and the end of an
// invocation may call it concurrently.
func (e *environment) raisePeak(peak int64) {
	for old := e.peak.Load(); peak > old && !e.peak.CompareAndSwap(old, peak); {
		old = e.peak.Load()
	}
}
