//go:build unix

package process

import "time"

// memoryInterval is how often the memory of a running function is looked at.
const memoryInterval = 20 * time.Millisecond

// watchMemory kills the process as soon as it holds more than its limit, until
// stop is called.
func (e *environment) watchMemory() (stop func()) {
	ticker := time.NewTicker(memoryInterval)
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if e.overLimit() {
					e.kill()
					return
				}
			case <-stopped:
				return
			case <-e.life.Done():
				return
			}
		}
	}()
	return func() {
		close(stopped)
		<-ended
	}
}

// overLimit tells whether the process has ever held more memory than it may.
// The kernel keeps the peak, so that none passes between two looks; and the
// peak of a process that has ended is the last one seen.
func (e *environment) overLimit() bool {
	peak, _ := peakMemory(e.cmd.Process.Pid)
	// The watcher and the end of an invocation may both be here.
	for old := e.peak.Load(); peak > old && !e.peak.CompareAndSwap(old, peak); {
		old = e.peak.Load()
	}
	return e.peak.Load() > int64(e.limit)<<20
}
