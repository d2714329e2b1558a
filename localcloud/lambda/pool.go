package lambda

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"tally/localcloud/cloud"
)

// instance is one execution environment of a function. Its fields other than
// state and idle belong to the invocation that acquired it.
type instance struct {
	function Function // as it was when the environment was created
	state    state    // guarded by Service.mu
	idle     *time.Timer

	credentials cloud.Credentials
	log         *logStream  // nil until opened
	system      systemLog   // writes Lambda's own lines to log
	env         Environment // nil until its runtime has started

	traces   cloud.TraceDaemon // receives what the runtime records; nil for none
	untraced bool              // the role may not write traces
}

type state int

const (
	busy  state = iota
	idle        // can be acquired
	ended       // being closed
)

// acquire returns an environment of the given version of the function and marks
// it busy. This is the most recently used idle environment or, if there is none, a
// new one, which the caller must open. It fails with TooManyRequestsException if
// the concurrency, which all versions share, is exhausted, and with ServiceException if
// the code is missing.
func (s *Service) acquire(to Reference) (*instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	row, err := s.get(to.Name)
	if err != nil {
		return nil, err
	}
	f, ok := row.lookup(to.Qualifier, rand.Float64())
	if !ok {
		return nil, errNotFound(to.ARN)
	}
	if err := s.throttleLocked(row.Function); err != nil {
		return nil, err
	}
	for _, inst := range slices.Backward(s.live[to.Name]) {
		if inst.state == idle && inst.function.RevisionID == f.RevisionID && inst.env.Alive() {
			inst.state = busy
			inst.idle.Stop()
			return inst, nil
		}
	}
	if err := s.CheckCode(f); err != nil {
		return nil, err
	}
	inst := &instance{function: f}
	s.live[to.Name] = append(s.live[to.Name], inst)
	return inst, nil
}

// throttleLocked returns an error if the function's reserved concurrency or, for
// a function without a reservation, the account's unreserved concurrency is used
// up.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
func (s *Service) throttleLocked(f Function) error {
	if f.ReservedConcurrency >= 0 {
		if s.busyLocked(f.Name) >= f.ReservedConcurrency {
			return errThrottled("ReservedFunctionConcurrentInvocationLimitExceeded")
		}
		return nil
	}
	left := accountConcurrency
	for _, other := range s.functions.All() {
		if other.ReservedConcurrency >= 0 {
			left -= other.ReservedConcurrency
		} else {
			left -= s.busyLocked(other.Name)
		}
	}
	if left <= 0 {
		return errThrottled("ConcurrentInvocationLimitExceeded")
	}
	return nil
}

func errThrottled(reason string) error {
	return &cloud.Error{
		Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: http.StatusTooManyRequests,
		Fields: map[string]string{"Reason": reason, "Type": "User"},
	}
}

func (s *Service) busyLocked(name string) int {
	n := 0
	for _, inst := range s.live[name] {
		if inst.state == busy {
			n++
		}
	}
	return n
}

// release makes an acquired environment idle until the next event, or removes it
// if it cannot receive another one.
func (s *Service) release(inst *instance) {
	s.mu.Lock()
	name := inst.function.Name
	row, exists := s.functions.Get(name)
	current := exists && row.holds(inst.function)
	if s.closed || !current || inst.env == nil || !inst.env.Alive() {
		inst.state = ended
		s.mu.Unlock()
		s.retire(inst)
		return
	}
	inst.state = idle
	inst.idle = time.AfterFunc(s.options.IdleTimeout, func() { s.expire(inst) })
	s.live[name] = append(without(s.live[name], inst), inst)
	s.mu.Unlock()
}

// expire removes an environment that has been idle for too long.
func (s *Service) expire(inst *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if inst.state != idle || s.closed {
		return
	}
	inst.state = ended
	s.work.Go(func() { s.retire(inst) })
}

// takeIdleLocked marks the function's idle environments as ended, except those of
// the versions in current, and returns them. The caller must retire them after
// releasing the lock.
func (s *Service) takeIdleLocked(name string, current record) []*instance {
	var taken []*instance
	for _, inst := range s.live[name] {
		if inst.state == idle && !current.holds(inst.function) {
			inst.state = ended
			inst.idle.Stop()
			taken = append(taken, inst)
		}
	}
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
		s.live[name] = without(s.live[name], inst)
		if len(s.live[name]) == 0 {
			delete(s.live, name)
		}
		s.sweepLocked(name)
		s.mu.Unlock()
	}
}

func without(instances []*instance, closed *instance) []*instance {
	return slices.DeleteFunc(instances, func(inst *instance) bool { return inst == closed })
}
