package sqs

import (
	"slices"
	"time"

	"tally/localcloud/store"
)

// change is a change of the messages of one queue, which is made on disk and in memory
// at once.
type change struct {
	b      *backlog
	now    moment
	onDisk []store.Change
	after  []func() // changes the backlog; runs if the change could be made on disk
}

// A step adds to a change, or fails and adds nothing.
type step func(*change) error

// add adds to the change. The function may be called after others that changed the
// same message.
func (c *change) add(inMemory func(), onDisk ...store.Change) {
	c.onDisk = append(c.onDisk, onDisk...)
	c.after = append(c.after, inMemory)
}

// change makes one change of the steps that succeed, and returns the error of each. If
// the change cannot be made, the others fail, too.
func (s *Service) change(queue string, steps []step) ([]error, error) {
	b := s.backlog(queue)
	if b == nil {
		return nil, nonExistent()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.deleted {
		return nil, nonExistent()
	}
	c := change{b: b, now: s.now()}
	b.promote(c.now.process)
	errs := make([]error, len(steps))
	for i, run := range steps {
		errs[i] = run(&c)
	}
	if err := s.store.Apply(c.onDisk...); err != nil {
		return failed(errs, err), nil
	}
	for _, do := range c.after {
		do()
	}
	b.used = time.Now()
	return errs, nil
}

// changeForClient is change, and returns once the change is on disk.
func (s *Service) changeForClient(queue string, steps ...step) ([]error, error) {
	errs, err := s.change(queue, steps)
	if err != nil {
		return nil, err
	}
	if slices.Contains(errs, nil) {
		errs = failed(errs, s.store.Sync())
	}
	return errs, nil
}

// failed sets the errors of the steps that have none.
func failed(errs []error, err error) []error {
	for i, e := range errs {
		if e == nil {
			errs[i] = err
		}
	}
	return errs
}

// single returns the error of a change of one step.
func single(errs []error, err error) error {
	if err != nil {
		return err
	}
	return errs[0]
}
