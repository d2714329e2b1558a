//go:build unix

package process

import (
	"sync"
	"time"
)

const (
	// memoryInterval is the time between two checks of a running function's memory.
	memoryInterval = 20 * time.Millisecond
	// memoryAge is how old a check may be at the end of an event that was shorter than
	// memoryInterval.
	memoryAge = 100 * time.Millisecond
)

// sampler checks the memory of all environments of a Runner that run an event. The
// kernel tracks the peak, so that events shorter than memoryInterval need no check each:
// a spike is found by the next one, at most memoryAge later.
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
			e.sampleTree()
			if e.Alive() && e.overLimit() {
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
		switch age := e.memoryAge(now); {
		case running && now.Sub(e.started) >= memoryInterval && age >= memoryInterval/2:
			due = append(due, e)
		case !running && age >= memoryAge:
			due = append(due, e)
			delete(s.sampled, e)
		}
	}
	s.sampling = len(s.sampled) > 0
	return due, s.sampling
}

// memoryAge returns how long ago the memory was read.
func (e *environment) memoryAge(now time.Time) time.Duration {
	return time.Duration(now.UnixNano() - e.readAt.Load())
}

// overLimitAtEnd is overLimit at the end of an event, unless the event was short and the
// memory was read a moment ago.
func (e *environment) overLimitAtEnd() bool {
	now := time.Now()
	if now.Sub(e.started) < memoryInterval && e.memoryAge(now) < memoryAge {
		return false
	}
	return e.overLimit()
}

// overLimit reports whether the process has ever used more memory than its
// limit. The kernel tracks the peak, so a spike between two checks still counts.
// For a process that has ended, overLimit uses the last peak that was read.
func (e *environment) overLimit() bool {
	e.readAt.Store(time.Now().UnixNano())
	peak, _ := peakMemory(e.pid())
	e.raisePeak(peak)
	return e.peak.Load() > e.limitBytes()
}

func (e *environment) limitBytes() int64 { return int64(e.limit) << 20 }

// sampleTree adds to the peak what all processes of the environment use together.
func (e *environment) sampleTree() { e.raisePeak(treeMemory(e.root(), e.limitBytes())) }

// raisePeak raises the peak to at least that many bytes. The sampler and the end of an
// invocation may call it concurrently.
func (e *environment) raisePeak(peak int64) {
	for old := e.peak.Load(); peak > old && !e.peak.CompareAndSwap(old, peak); {
		old = e.peak.Load()
	}
}
