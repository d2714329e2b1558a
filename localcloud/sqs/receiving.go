package sqs

import (
	"time"

	"github.com/google/uuid"

	"tally/localcloud/store"
)

// receiving takes messages from a backlog, which is locked, in one change.
type receiving struct {
	*Service
	q      Queue
	b      *backlog
	now    moment
	hidden time.Duration // how long the messages are hidden
	limit  int           // the number of messages

	dead  *backlog // of the dead-letter queue, locked; nil for none
	tries int      // the receives after which a message moves there

	ready   []*message // what was taken from b.ready, in order
	taken   []message  // those that the client receives, as it sees them
	kept    []message  // the same messages, as the queue keeps them
	copies  []copied   // those of them that stay available, because of a fault
	moved   []*message // those that move, as they arrive there
	bytes   int        // of the messages taken or moved
	changes []store.Change
}

// maxMoved is the number of messages that move to a dead-letter queue at once, so that
// nobody waits for long.
const maxMoved = 100

// run makes the change, or fails and changes nothing.
func (r *receiving) run() error {
	err := r.choose()
	if err == nil {
		err = r.store.Apply(r.changes...)
	}
	if err != nil {
		for _, m := range r.ready {
			r.b.insert(m, r.now.process)
		}
		return err
	}
	r.apply()
	return nil
}

// choose takes messages that are ready and adds to the changes what becomes of them.
func (r *receiving) choose() error {
	for len(r.taken) < r.limit && len(r.moved) < maxMoved {
		m := r.b.ready.first()
		if m == nil || isExpired(r.q, m, r.now.process) { // others are, too, and being removed
			return nil
		}
		if r.bytes += int(m.size); r.bytes > maxMessage && len(r.ready) > 0 {
			return nil
		}
		r.b.take(m)
		r.ready = append(r.ready, m)
		if r.dead != nil && int(m.receives) >= r.tries {
			if err := r.move(m); err != nil {
				return err
			}
			continue
		}
		r.receive(m)
	}
	return nil
}

// receive counts a receive of a message, hides it, and gives it a new receipt.
func (r *receiving) receive(m *message) {
	next := *m
	next.receives++
	if next.receivedAt == 0 {
		next.receivedAt = r.now.wall
	}
	next.lastReceive = r.now.process
	next.available = r.now.process + r.hidden
	next.receipt = uuid.New()
	r.taken = append(r.taken, next)
	kept := r.keep(m, next)
	r.kept = append(r.kept, kept)
	r.changes = append(r.changes, r.set(r.q.Name, kept, r.now))
}

// move moves a message to the dead-letter queue, where it is the newest. As on AWS, it
// retains the time at which it was sent and its receive count.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (r *receiving) move(m *message) error {
	raw, err := r.contents.Get(key(r.q.Name, m.number))
	if err != nil {
		return err
	}
	c, body, err := decodeContent(raw)
	if err != nil {
		return err
	}
	c.Source = r.q.ARN
	next := *m
	next.number, next.receipt, next.isLate = r.last.Add(1), uuid.Nil, false
	r.moved = append(r.moved, &next)
	r.changes = append(r.changes, r.unset(r.q.Name, m.number)...)
	r.changes = append(r.changes, r.set(r.dead.name, next, r.now), r.contents.Set(key(r.dead.name, next.number), encodeContent(c, body)))
	return nil
}

// apply changes the backlogs as the changes did the store.
func (r *receiving) apply() {
	kept := r.kept
	for _, m := range r.ready {
		if len(kept) > 0 && kept[0].number == m.number {
			next := kept[0]
			next.age = m.age
			*m = next
			r.b.received[m.number] = m
			r.b.insert(m, r.now.process)
			kept = kept[1:]
			continue
		}
		r.b.insert(m, r.now.process) // where remove looks for it
		r.b.remove(m)
	}
	for _, m := range r.moved {
		r.dead.add(m, r.now.process)
	}
	if len(r.moved) > 0 {
		r.dead.notify()
	}
	r.reportCopies()
}
