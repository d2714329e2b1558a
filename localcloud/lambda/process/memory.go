//go:build unix

package process

import "time"

// memoryInterval is the time between two checks of a running function's memory.
const memoryInterval = 20 * time.Millisecond

// watchMemory kills the process once it has used more memory than its limit. It
// watches until stop is called or the process has ended.
func (e *environment) watchMemory() (stop func()) {
	ticker := time.NewTicker(memoryInterval)
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				e.sampleTree()
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

// overLimit reports whether the process has ever used more memory than its
// limit. The kernel tracks the peak, so a spike between two checks still counts.
// For a process that has ended, overLimit uses the last peak that was read.
func (e *environment) overLimit() bool {
	peak, _ := peakMemory(e.pid())
	e.raisePeak(peak)
	return e.peak.Load() > e.limitBytes()
}

func (e *environment) limitBytes() int64 { return int64(e.limit) << 20 }

// sampleTree adds to the peak what all processes of the environment use together.
func (e *environment) sampleTree() { e.raisePeak(treeMemory(e.root(), e.limitBytes())) }

// raisePeak raises the peak to at least that many bytes. The watcher and the end of an
// invocation may call it concurrently.
func (e *environment) raisePeak(peak int64) {
	for old := e.peak.Load(); peak > old && !e.peak.CompareAndSwap(old, peak); {
		old = e.peak.Load()
	}
}
