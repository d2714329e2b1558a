package sqs

import (
	"time"

	"github.com/google/uuid"
)

// StepWallClock sets the wall clock forward or back. The clock of the process does not
// change.
func (s *Service) StepWallClock(step time.Duration) {
	s.wall = func() time.Time { return time.Now().Add(step) }
}

// Crowd adds messages in flight to memory alone.
func (s *Service) Crowd(queue string, inFlight int) {
	b := s.backlog(queue)
	b.mu.Lock()
	defer b.mu.Unlock()
	for range inFlight {
		m := &message{number: s.last.Add(1), receives: 1, receipt: uuid.New(), available: s.now().process + time.Hour}
		b.add(m, s.now().process)
	}
}

// Handle returns the receipt handle of some message in flight.
func (s *Service) Handle(q Queue) string { return handle(q, *s.backlog(q.Name).hidden.first()) }
