//go:build unix

package process

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// memoryInterval is the time between two checks of a running function's memory.
const memoryInterval = 20 * time.Millisecond

// sampler checks the memory of all environments of a Runner that run an event. It reads
// the memory of each at most once per memoryInterval, however many events it runs.
type sampler struct {
	mu       sync.Mutex
	sampled  map[*environment]bool // whether it runs an event; if not, it did since its last check
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
	if !s.sampling {
		s.sampling = true
		go s.run()
	}
}

// stop ends the checks, after one more.
func (s *sampler) stop(e *environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sampled[e] = false
}

// run checks the environments until there is none left.
func (s *sampler) run() {
	ticker := time.NewTicker(memoryInterval)
	defer ticker.Stop()
	for range ticker.C {
		due := s.due()
		if due == nil {
			return
		}
		for _, e := range due {
			if e.Alive() && e.sampleMemory() {
				e.kill()
			}
		}
	}
}

// due returns the environments to check now, and drops those that do not run an event.
// It returns nil, and the goroutine must end, if there are none.
func (s *sampler) due() []*environment {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := slices.Collect(maps.Keys(s.sampled))
	maps.DeleteFunc(s.sampled, func(_ *environment, running bool) bool { return !running })
	s.sampling = due != nil
	return due
}

// sampleMemory is overLimit, if the memory was not read a moment ago. The kernel tracks
// the peak, so the next read still sees a spike in the meantime.
func (e *environment) sampleMemory() bool {
	now := time.Now().UnixNano()
	if last := e.sampledAt.Load(); now-last < int64(memoryInterval)*3/4 {
		return false
	}
	e.sampledAt.Store(now)
	return e.overLimit()
}

// overLimit reports whether the process has ever used more memory than its
// limit. The kernel tracks the peak, so a spike between two checks still counts.
// For a process that has ended, overLimit uses the last peak that was read.
func (e *environment) overLimit() bool {
	peak, _ := peakMemory(e.pid())
	// The sampler and the end of an invocation may call overLimit concurrently.
	for old := e.peak.Load(); peak > old && !e.peak.CompareAndSwap(old, peak); {
		old = e.peak.Load()
	}
	return e.peak.Load() > int64(e.limit)<<20
}
