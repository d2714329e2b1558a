package sqs

import (
	"cmp"
	"container/heap"
	"sync"
	"time"

	"github.com/google/uuid"
)

// message is what memory holds of a message: about 100 bytes. Times without a unit are
// on the clock of the process.
type message struct {
	number      uint64        // in the order of arrival, over all queues
	available   time.Duration // when its delay or visibility timeout is over
	sent        time.Duration // negative if before this process started
	lastReceive time.Duration
	sentAt      int64 // milliseconds since 1970
	receivedAt  int64 // for the first time, in milliseconds since 1970; 0 for never
	receives    uint32
	size        uint32    // in bytes, with the attributes
	receipt     uuid.UUID // part of the receipt handle of the last receive; uuid.Nil for none
	place       int32     // in backlog.ready or backlog.hidden
	age         int32     // the place in backlog.ages
	isHidden    bool
	isLate      bool   // a fault lets later messages overtake it, until the next start
	arrival     uint32 // for faults, see cloud.Faults; 0 if it is not known
}

// backlog holds the messages of a queue.
type backlog struct {
	name string

	mu       sync.Mutex
	deleted  bool
	ready    messages            // available, the first to arrive first
	hidden   messages            // delayed or in flight, the next to become available first
	ages     messages            // all, the oldest first
	inFlight int                 // of those hidden
	received map[uint64]*message // those with a receipt handle, by number
	expiring bool                // whether a goroutine expires messages
	changed  chan struct{}       // closed and replaced when receivers should try again
	purged   time.Time           // when Purge last removed all messages
	used     time.Time           // when the queue was last accessed
}

func newBacklog(name string) *backlog {
	b := &backlog{name: name, changed: make(chan struct{})}
	b.clear()
	return b
}

// clear removes all messages.
func (b *backlog) clear() {
	place := func(m *message) *int32 { return &m.place }
	b.ready = messages{less: func(m, n *message) bool { return m.rank() < n.rank() }, place: place}
	b.hidden = messages{less: func(m, n *message) bool { return m.available < n.available }, place: place}
	b.ages = messages{less: func(m, n *message) bool { return m.sent < n.sent }, place: func(m *message) *int32 { return &m.age }}
	b.inFlight = 0
	b.received = map[uint64]*message{}
}

// notify wakes the waiting receivers.
func (b *backlog) notify() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// add adds a message.
func (b *backlog) add(m *message, now time.Duration) {
	heap.Push(&b.ages, m)
	if m.receipt != uuid.Nil {
		b.received[m.number] = m
	}
	b.insert(m, now)
}

// insert makes a message ready or hides it.
func (b *backlog) insert(m *message, now time.Duration) {
	if m.isHidden = m.available > now; !m.isHidden {
		heap.Push(&b.ready, m)
		return
	}
	heap.Push(&b.hidden, m)
	if m.receives > 0 {
		b.inFlight++
	}
}

// take removes a message from where insert put it.
func (b *backlog) take(m *message) {
	if !m.isHidden {
		heap.Remove(&b.ready, int(m.place))
		return
	}
	heap.Remove(&b.hidden, int(m.place))
	if m.receives > 0 {
		b.inFlight--
	}
}

// remove removes a message.
func (b *backlog) remove(m *message) {
	b.take(m)
	heap.Remove(&b.ages, int(m.age))
	delete(b.received, m.number)
}

// promote makes the messages ready whose delay or visibility timeout is over.
func (b *backlog) promote(now time.Duration) {
	for m := b.hidden.first(); m != nil && m.available <= now; m = b.hidden.first() {
		b.take(m)
		b.insert(m, now)
	}
}

// lockBoth locks two backlogs, of which other may be nil, and returns what unlocks them.
// Calls that lock the same two do so in the same order.
func lockBoth(b, other *backlog) (unlock func()) {
	if other == nil {
		b.mu.Lock()
		return b.mu.Unlock
	}
	if cmp.Less(other.name, b.name) {
		b, other = other, b
	}
	b.mu.Lock()
	other.mu.Lock()
	return func() {
		other.mu.Unlock()
		b.mu.Unlock()
	}
}

// messages is a heap.Interface whose messages know their places.
type messages struct {
	all   []*message
	less  func(m, n *message) bool
	place func(*message) *int32
}

// first returns the first message, or nil if there is none.
func (h *messages) first() *message {
	if len(h.all) == 0 {
		return nil
	}
	return h.all[0]
}

func (h *messages) Len() int           { return len(h.all) }
func (h *messages) Less(i, j int) bool { return h.less(h.all[i], h.all[j]) }

func (h *messages) Swap(i, j int) {
	h.all[i], h.all[j] = h.all[j], h.all[i]
	*h.place(h.all[i]), *h.place(h.all[j]) = int32(i), int32(j)
}

func (h *messages) Push(m any) {
	*h.place(m.(*message)) = int32(len(h.all))
	h.all = append(h.all, m.(*message))
}

func (h *messages) Pop() any {
	last := len(h.all) - 1
	m := h.all[last]
	h.all[last] = nil
	h.all = h.all[:last]
	return m
}
