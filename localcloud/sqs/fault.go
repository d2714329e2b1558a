package sqs

import (
	"cmp"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// Standard queues deliver a message at least once: a server that is unavailable while the
// message is received or deleted keeps its copy, which is then received again, whatever
// the visibility timeout. The order is best-effort. Faults make the queues do so.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html

// FailWith makes the service inject faults. Call it before the service is used.
func (s *Service) FailWith(f cloud.Faults) { s.faults = f }

// lateBy is how many messages that arrive later, in all queues together, can overtake a
// late one.
const lateBy = 16

// rank orders available messages: by arrival, apart from late ones.
func (m *message) rank() uint64 {
	if m.isLate {
		return m.number + lateBy
	}
	return m.number
}

func (m *message) victim(queue string) cloud.Victim {
	return cloud.Victim{Service: "sqs", Resource: queue, Number: cmp.Or(uint64(m.arrival), m.number)}
}

// reorder numbers a new message, and decides whether others overtake it.
func (s *Service) reorder(q Queue, id string, m *message) {
	m.arrival = uint32(s.faults.Number("sqs", q.Name))
	v := m.victim(q.Name)
	v.ID = id
	if _, m.isLate = s.faults.Decide(cloud.FaultReorder, v); m.isLate {
		s.faults.Injected(cloud.FaultReorder, v, "messages sent soon after message %s overtake it", id)
	}
}

// copied is a message that a client has received and that stays available.
type copied struct {
	cloud.Victim
	hidden string // for how long it should have been hidden
}

// keep returns what the queue keeps of a message that a client receives as next: the
// same or, because of a fault, a copy that is available at once and that the client does
// not delete. It is the first receive of the message then, and the second one would not
// move it to a dead-letter queue, so that a fault alone never does that.
func (r *receiving) keep(m *message, next message) message {
	if m.receives > 0 || r.hidden <= 0 || r.dead != nil && int(next.receives) >= r.tries {
		return next
	}
	v := m.victim(r.q.Name)
	if _, again := r.faults.Decide(cloud.FaultDuplicate, v); !again {
		return next
	}
	if raw, err := r.contents.Get(key(r.q.Name, m.number)); err == nil {
		c, _, _ := decodeContent(raw) // the ID is only for people
		v.ID = c.ID
	}
	r.copies = append(r.copies, copied{v, r.hidden.String()})
	next.available, next.receipt = r.now.process, uuid.New() // as if somebody else had received it
	return next
}

// reportCopies reports the copies once they are available. Whoever waits for messages has
// been woken when they became available the first time.
func (r *receiving) reportCopies() {
	for _, c := range r.copies {
		r.faults.Injected(cloud.FaultDuplicate, c.Victim, "message %s was received and remains available, although it should be hidden for %s", c.ID, c.hidden)
	}
}
