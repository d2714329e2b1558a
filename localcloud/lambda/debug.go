package lambda

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tally/localcloud/cloud"
)

// unlimited is how long a function that is being debugged may run, start and be idle.
const unlimited = 24 * time.Hour

// Debug prepares a function for a debugger that its bundle contains: until ctx ends, its
// timeouts and those of its callers are suspended, it may use as much memory as Lambda
// offers, and it has one environment at a time, because a debugger listens on one port.
// Debug starts that environment, calls ready, and returns when ctx ends; invocations that
// still run then time out.
func (s *Service) Debug(ctx context.Context, function, qualifier string, ready func()) error {
	to, err := s.Resolve(function, qualifier)
	if err == nil {
		_, err = s.Lookup(to)
	}
	if err != nil {
		return err
	}
	if _, taken := s.debugged.LoadOrStore(to.Name, ctx); taken {
		return cloud.Errorf(http.StatusConflict, "ResourceConflictException", "function %s is being debugged already", to.Name)
	}
	defer s.endDebug(to.Name)
	if err := s.warm(to); err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	return nil
}

// warm starts an environment of the function unless one is idle.
func (s *Service) warm(to Reference) error {
	inst, err := s.acquire(to)
	if err != nil {
		return err
	}
	defer s.release(inst)
	if inst.env != nil {
		return nil
	}
	if inst.log == nil {
		if err := s.open(inst); err != nil {
			return err
		}
	}
	took := s.initialize(inst)
	s.opened(inst, took)
	if took == 0 {
		return fmt.Errorf("function %s did not start: see its log", to.Name)
	}
	return nil
}

// endDebug makes the limits apply again, also to idle environments.
func (s *Service) endDebug(function string) {
	s.debugged.Delete(function)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pools[function]; p != nil {
		for _, inst := range p.idle {
			inst.idle.Reset(s.options.IdleTimeout)
		}
	}
}

func (s *Service) isDebugged(function string) bool {
	_, yes := s.debugged.Load(function)
	return yes
}

// within returns a context for an initialization or an invocation, which ends at the deadline or when the
// function is no longer debugged.
func (s *Service) within(f Function, deadline time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadline(s.life, deadline)
	debug, yes := s.debugged.Load(f.Name)
	if !yes {
		return ctx, cancel
	}
	ctx, timeOut := context.WithCancelCause(ctx)
	stop := context.AfterFunc(debug.(context.Context), func() { timeOut(context.DeadlineExceeded) })
	return ctx, func() {
		stop()
		cancel()
	}
}

// limit returns a timeout of the function, which is suspended while it is being debugged.
func (s *Service) limit(f Function, timeout time.Duration) time.Duration {
	if s.isDebugged(f.Name) {
		return unlimited
	}
	return timeout
}

// memoryMB returns the limit of an environment's memory in MiB.
func (s *Service) memoryMB(f Function) int {
	if s.isDebugged(f.Name) {
		return 10_240
	}
	return f.MemoryMB
}
