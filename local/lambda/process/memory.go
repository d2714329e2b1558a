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
// The kernel keeps the peak, so that none passes between two looks.
func (e *environment) overLimit() bool {
	peak, ok := peakMemory(e.cmd.Process.Pid)
	if !ok {
		return false
	}
	if peak > e.peak.Load() {
		e.peak.Store(peak)
	}
	return peak > int64(e.limit)<<20
}
