package lambda

import (
	"math/rand/v2"
	"slices"
	"time"

	"tally/localcloud/cloud"
)

// instance is one execution environment of a function. Its fields other than
// state and idle belong to the invocation that acquired it.
type instance struct {
	function Function // as it was when the environment was created
	state    state    // guarded by Service.mu
	// responded is whether its invocation has a response, and will be over in a moment;
	// guarded by Service.mu.
	responded bool
	idle      *time.Timer

	credentials cloud.Credentials
	log         *logStream    // nil until opened
	system      systemLog     // writes Lambda's own lines to log
	env         Environment   // nil until its runtime has started
	took        time.Duration // by the last run; 0 if there was none

	traces   cloud.TraceDaemon // receives what the runtime records; nil for none
	untraced bool              // the role may not write traces
}

type state int

const (
	opening state = iota // for its first invocation
	busy
	idle  // can be acquired
	ended // being closed
)

// pool holds the environments of one function, which all its versions share.
// Service.mu guards it.
type pool struct {
	live []*instance // all that have not been closed
	idle []*instance // the most recently used one last
	// busy counts the invocations without a response, which include those that wait.
	busy     int
	waiting  []*waiter // the one that has waited longest first
	opening  int       // environments that are being started
	reserved bool      // whether the function has reserved concurrency

	took, cold median // duration of runs and of starts
}

// poolLocked returns the pool of a function. It creates the pool if necessary.
func (s *Service) poolLocked(name string, reserved bool) *pool {
	p := s.pools[name]
	if p == nil {
		p = &pool{reserved: reserved}
		s.pools[name] = p
	}
	return p
}

// acquire returns an environment of the given version of the function and marks
// it busy. This is the most recently used idle environment or, if there is none, a
// new one, which the caller must open. If the function has many environments
// already, acquire first waits a moment for one of them: see wait. It fails with
// TooManyRequestsException if the concurrency is exhausted, and with
// ServiceException if the code is missing.
func (s *Service) acquire(to Reference) (*instance, error) {
	roll := rand.Float64()
	s.mu.Lock()
	defer s.mu.Unlock()
	row, f, err := s.targetLocked(to, roll)
	if err != nil {
		return nil, err
	}
	if err := s.throttleLocked(row.Function); err != nil {
		return nil, err
	}
	p := s.poolLocked(to.Name, row.ReservedConcurrency >= 0)
	s.countLocked(p, 1)
	inst := p.takeIdle(f)
	if inst == nil {
		if patience := s.patience(p, f); patience > 0 {
			inst, err = s.waitLocked(p, to, roll, f, patience)
		} else {
			inst, err = s.addLocked(p, row, f)
		}
	}
	if err != nil {
		s.countLocked(p, -1)
		s.dropLocked(to.Name)
	}
	return inst, err
}

// targetLocked returns a function and its version that the reference names; roll is
// that of lookup.
func (s *Service) targetLocked(to Reference, roll float64) (row record, f Function, err error) {
	if s.closed {
		return row, f, errClosed
	}
	if row, err = s.get(to.Name); err != nil {
		return row, f, err
	}
	f, ok := row.lookup(to.Qualifier, roll)
	if !ok {
		return row, f, errNotFound(to.ARN)
	}
	return row, f, nil
}

// takeIdle marks the most recently used idle environment of the version as busy and
// returns it. It returns nil if there is none.
func (p *pool) takeIdle(f Function) *instance {
	for i, inst := range slices.Backward(p.idle) {
		if inst.function.RevisionID == f.RevisionID && inst.env.Alive() {
			p.idle = slices.Delete(p.idle, i, i+1)
			inst.state = busy
			inst.idle.Stop()
			return inst
		}
	}
	return nil
}

// addLocked adds a new environment, which is to be opened, unless the code is missing, or
// all environments that the function may have are in use, perhaps only by invocations that
// have a response already.
func (s *Service) addLocked(p *pool, row record, f Function) (*instance, error) {
	if row.ReservedConcurrency >= 0 && p.inUse() >= row.ReservedConcurrency {
		return nil, errThrottled("ReservedFunctionConcurrentInvocationLimitExceeded")
	}
	if s.isDebugged(f.Name) && p.inUse() > 0 {
		return nil, errThrottled("ReservedFunctionConcurrentInvocationLimitExceeded")
	}
	if err := s.CheckCode(f); err != nil {
		return nil, err
	}
	inst := &instance{function: f}
	p.live = append(p.live, inst)
	p.opening++
	return inst, nil
}

// inUse returns the number of environments that are starting or have not requested the
// next event.
func (p *pool) inUse() (n int) {
	for _, inst := range p.live {
		if inst.state == opening || inst.state == busy {
			n++
		}
	}
	return n
}

// opened marks an environment as started, or as failed to start.
func (s *Service) opened(inst *instance, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pools[inst.function.Name]
	p.endOpening(inst)
	if took > 0 {
		p.cold.add(took)
	}
}

func (p *pool) endOpening(inst *instance) {
	if inst.state == opening {
		inst.state = busy
		p.opening--
	}
}

// responded marks the invocation of an environment as having a response. A client that
// sends the next request at once is neither throttled nor needs another environment.
func (s *Service) responded(inst *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	inst.responded = true
	s.countLocked(s.pools[inst.function.Name], -1)
}

// release makes an acquired environment available for the next event, or removes it
// if it cannot receive another one.
func (s *Service) release(inst *instance) {
	s.mu.Lock()
	name := inst.function.Name
	p := s.pools[name]
	if !inst.responded {
		s.countLocked(p, -1)
	}
	inst.responded = false
	p.endOpening(inst)
	if inst.took > 0 {
		p.took.add(inst.took)
	}
	row, exists := s.functions.Get(name)
	current := exists && row.holds(inst.function)
	if s.closed || !current || inst.env == nil || !inst.env.Alive() {
		inst.state = ended
		s.mu.Unlock()
		s.retire(inst)
		return
	}
	if !p.handOver(inst) {
		s.restLocked(p, inst)
	}
	s.mu.Unlock()
}

// restLocked makes an environment idle.
func (s *Service) restLocked(p *pool, inst *instance) {
	inst.state = idle
	p.idle = append(p.idle, inst)
	timeout := s.limit(inst.function, s.options.IdleTimeout)
	if inst.idle == nil {
		inst.idle = time.AfterFunc(timeout, func() { s.expire(inst) })
		return
	}
	inst.idle.Reset(timeout)
}

// expire removes an environment that has been idle for too long.
func (s *Service) expire(inst *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if inst.state != idle || s.closed {
		return
	}
	p := s.pools[inst.function.Name]
	p.idle = without(p.idle, inst)
	inst.state = ended
	s.work.Go(func() { s.retire(inst) })
}

// takeIdleLocked marks the function's idle environments as ended, except those of
// the versions in current, and returns them. The caller must retire them after
// releasing the lock.
func (s *Service) takeIdleLocked(name string, current record) []*instance {
	p := s.pools[name]
	if p == nil {
		return nil
	}
	var taken []*instance
	p.idle = slices.DeleteFunc(p.idle, func(inst *instance) bool {
		if current.holds(inst.function) {
			return false
		}
		inst.state = ended
		inst.idle.Stop()
		taken = append(taken, inst)
		return true
	})
	return taken
}

// retire closes ended environments and removes the code that only they used.
func (s *Service) retire(instances ...*instance) {
	for _, inst := range instances {
		if inst.env != nil {
			inst.env.Close()
		}
		if inst.traces != nil {
			inst.traces.Close()
		}
		if inst.log != nil {
			inst.log.close()
			s.options.Roles.Revoke(inst.credentials.AccessKeyID)
		}
		s.mu.Lock()
		name := inst.function.Name
		p := s.pools[name]
		p.live = without(p.live, inst)
		s.dropLocked(name)
		s.sweepLocked(name)
		s.mu.Unlock()
	}
}

// dropLocked forgets the pool of a function if nothing uses it.
func (s *Service) dropLocked(name string) {
	if p := s.pools[name]; len(p.live) == 0 && p.busy == 0 {
		delete(s.pools, name)
	}
}

func without(instances []*instance, closed *instance) []*instance {
	return slices.DeleteFunc(instances, func(inst *instance) bool { return inst == closed })
}
