package sqs

import (
	"time"

	"tally/localcloud/store"
)

// expireChunk is how many messages are removed at once, so that nobody waits for long.
const expireChunk = 1000

// isExpired reports whether a message is past the retention period.
func isExpired(q Queue, m *message, now time.Duration) bool {
	return now-m.sent >= time.Duration(q.RetentionSeconds)*time.Second
}

// expire removes messages past the retention period: a chunk of them now, and others
// soon. The caller has locked the backlog. It needs no wait for the disk: if a crash
// brings the messages back, they expire again.
func (s *Service) expire(q Queue, b *backlog, now time.Duration) error {
	more, err := s.expireSome(q, b, now)
	if more && !b.expiring {
		b.expiring = true
		go s.expireRest(q, b)
	}
	return err
}

func (s *Service) expireRest(q Queue, b *backlog) {
	for more := true; more; {
		b.mu.Lock()
		var err error
		more, err = s.expireSome(q, b, s.now().process)
		if more = more && err == nil; !more {
			b.expiring = false
			b.notify()
		}
		b.mu.Unlock()
	}
}

func (s *Service) expireSome(q Queue, b *backlog, now time.Duration) (more bool, err error) {
	var removed []*message
	var changes []store.Change
	for more = true; more && len(removed) < expireChunk; {
		m := b.ages.first()
		if more = m != nil && isExpired(q, m, now); more {
			removed = append(removed, m)
			changes = append(changes, s.unset(q.Name, m.number)...)
			b.remove(m)
		}
	}
	if err := s.store.Apply(changes...); err != nil {
		for _, m := range removed {
			b.add(m, now)
		}
		return false, err
	}
	return more, nil
}
