package lambda

import (
	"slices"
	"time"
)

// A burst of events that take a millisecond each is over before another environment
// has started, and the processes of environments compete for the machine's
// processors. An invocation therefore starts an environment at once, as on AWS, only
// while the function has few of them, or if its runs take longer than the start of
// an environment. Otherwise, it waits for a busy environment for as long as the start
// of another one takes. It waits longer while the processors have nothing left for
// another environment, or while many are being started.
const (
	// eagerPerProcessor is the number of environments of a function, for each
	// processor, that are started without waiting.
	eagerPerProcessor = 2
	// firstPatience is how long an invocation waits before it is known how long
	// starts take, and maxPatience the maximum.
	firstPatience = 50 * time.Millisecond
	maxPatience   = 100 * time.Millisecond
	// maxWait is the most that an invocation waits, whatever the reason.
	maxWait = 500 * time.Millisecond
)

// waiter is an invocation that waits for an environment.
type waiter struct {
	function Function
	ready    chan *instance // receives the environment; holds one
}

// median approximates the median of the latest durations. Unlike an average, it does
// not change much if everything takes long for a moment.
type median time.Duration

func (m *median) add(d time.Duration) {
	switch step := *m / 16; {
	case *m == 0:
		*m = median(d)
	case median(d) > *m:
		*m = min(*m+step+1, median(d))
	default:
		*m = max(*m-step, median(d))
	}
}

// patience returns how long an invocation of the version waits for a busy environment
// before it may start another one.
func (s *Service) patience(p *pool, f Function) time.Duration {
	n, free := 0, -len(p.waiting)
	for _, inst := range p.live {
		if inst.state != ended && inst.function.RevisionID == f.RevisionID {
			n++
			if inst.responded {
				free++
			}
		}
	}
	start := p.startTime()
	if free > 0 {
		return start
	}
	if n < s.eager || time.Duration(p.took) > start && !s.options.Saturated() {
		return 0
	}
	return start
}

// startTime returns how long the start of an environment takes, within limits.
func (p *pool) startTime() time.Duration {
	if p.cold == 0 {
		return firstPatience
	}
	return min(time.Duration(p.cold), maxPatience)
}

// mayStart reports whether another environment can be started now with any benefit.
func (s *Service) mayStart(p *pool) bool {
	return p.opening < max(s.eager, len(p.live)-p.opening) && !s.options.Saturated()
}

// handOver gives an environment to the invocation that has waited longest for one of
// that version. It reports whether there is one.
func (p *pool) handOver(inst *instance) bool {
	for i, w := range p.waiting {
		if w.function.RevisionID == inst.function.RevisionID {
			p.waiting = slices.Delete(p.waiting, i, i+1)
			w.ready <- inst
			return true
		}
	}
	return false
}

// waitLocked waits for an environment of the function and returns it, or a new one
// when the time is over. It releases the lock while it waits.
func (s *Service) waitLocked(p *pool, to Reference, roll float64, f Function, patience time.Duration) (*instance, error) {
	w := &waiter{f, make(chan *instance, 1)}
	p.waiting = append(p.waiting, w)
	for waited := time.Duration(0); ; patience = p.startTime() {
		if inst := s.await(w, patience); inst != nil {
			return inst, nil
		}
		waited += patience
		if s.closed || waited >= maxWait || s.mayStart(p) {
			break
		}
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(other *waiter) bool { return other == w })
	return s.replaceWaitLocked(p, to, roll)
}

// await waits until the waiter has an environment, for at most the given time. It
// holds the lock before and after, but not meanwhile. It returns nil if the time is
// over or the service closes.
func (s *Service) await(w *waiter, limit time.Duration) *instance {
	s.mu.Unlock()
	timer := time.NewTimer(limit)
	select {
	case inst := <-w.ready:
		timer.Stop()
		s.mu.Lock()
		return inst
	case <-timer.C:
	case <-s.life.Done():
		timer.Stop()
	}
	s.mu.Lock()
	select {
	case inst := <-w.ready: // in the last moment
		return inst
	default:
		return nil
	}
}

// replaceWaitLocked returns an environment for an invocation that has waited in vain.
// The function may have changed in the meantime.
func (s *Service) replaceWaitLocked(p *pool, to Reference, roll float64) (*instance, error) {
	row, f, err := s.targetLocked(to, roll)
	if err != nil {
		return nil, err
	}
	if inst := p.takeIdle(f); inst != nil {
		return inst, nil
	}
	return s.addLocked(p, row, f)
}
