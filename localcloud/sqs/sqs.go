// Package sqs emulates Amazon SQS: standard queues with visibility timeouts, long
// polling and dead-letter queues. What a client's request changed is on disk before the
// client receives the response: a message sent, a receive counted, a message deleted.
package sqs

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Service holds the queues of one account and region, and their messages. Bodies are
// on disk only.
//
// The lock of the service guards which queues exist, and the lock of a backlog its
// messages. Neither is held while waiting for the disk: a change takes its place in the
// order of changes under the lock, and whoever acknowledges it waits afterwards.
type Service struct {
	place      cloud.Place
	authorizer cloud.Authorizer
	endpoint   func() string
	metrics    cloud.Metrics
	pace       cloud.Pace // of the waits for a consumer, in metrics
	keys       cloud.Keys // nil permits the use of any key
	faults     cloud.Faults
	store      *store.Store
	queues     *store.Table[row]      // by name
	moves      *store.Table[MoveTask] // by ID
	states     *store.Values          // of messages, by key
	contents   *store.Values          // of messages, by key

	wall  func() time.Time // time.Now, except in tests
	start time.Time
	last  atomic.Uint64 // the number of the newest message

	done    chan struct{} // closed by Close
	end     func()
	running sync.WaitGroup // the tasks that move messages

	mu       sync.Mutex          // locked before those of backlogs
	backlogs map[string]*backlog // by the queue's name
}

// New opens the queues in the store. The authorizer authorizes each operation on
// messages. The URLs of queues begin with what endpoint returns: the base URL of the
// gateway.
func New(place cloud.Place, st *store.Store, authorizer cloud.Authorizer, endpoint func() string) (*Service, error) {
	if st == nil {
		st = store.InMemory() // one for all, because changes concern several parts
	}
	s := &Service{
		place: place, authorizer: authorizer, endpoint: endpoint, metrics: cloud.NoMetrics{}, faults: cloud.NoFaults{}, store: st,
		states: store.NewValues(st, "sqs-states"), contents: store.NewValues(st, "sqs-contents"),
		wall: time.Now, start: time.Now(), done: make(chan struct{}), backlogs: map[string]*backlog{},
	}
	s.end = sync.OnceFunc(func() { close(s.done) })
	var err error
	if s.queues, err = store.NewTable[row](st, "sqs-queues"); err != nil {
		return nil, err
	}
	if s.moves, err = store.NewTable[MoveTask](st, "sqs-move-tasks"); err != nil {
		return nil, err
	}
	for _, q := range s.queues.All() {
		s.backlogs[q.Name] = newBacklog(q.Name)
	}
	return s, s.load()
}

// load fills the backlogs with the messages in the store.
func (s *Service) load() error {
	var bad error
	now := s.now()
	err := s.states.Ascend("", "", func(k string, raw []byte) bool {
		queue, number, ok := splitKey(k)
		b := s.backlogs[queue]
		m, decoded := decodeState(raw, now)
		if !ok || !decoded || b == nil {
			bad = fmt.Errorf("message %q in the queue %q: %w", k[len(queue):], queue, store.ErrUnusable)
			return false
		}
		m.number = number
		s.last.Store(max(s.last.Load(), number))
		b.add(&m, now.process)
		return true
	})
	return cmp.Or(err, bad)
}

// moment is a moment on two clocks.
type moment struct {
	wall    int64         // milliseconds since 1970, for clients and the next start
	process time.Duration // since the start, which no correction of the wall clock affects
}

// now returns the current moment. Within a process, timeouts and retention go by its own
// clock: a step of the wall clock neither hides nor expires a message.
func (s *Service) now() moment { return moment{s.wall().UnixMilli(), time.Since(s.start)} }

// Close ends the waits of receivers and interrupts the tasks that move messages, which
// continue after the next start. Services that close later can still send messages.
func (s *Service) Close() error {
	s.end()
	s.running.Wait()
	return nil
}

// backlog returns the backlog of a queue, or nil if there is none.
func (s *Service) backlog(queue string) *backlog {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.backlogs[queue]
}

// nameIn returns the name of the queue at a URL. It ignores the host, because this
// machine has several names and the port may change.
func (s *Service) nameIn(address string) (string, error) {
	account, name, err := splitURL(address)
	if err != nil {
		return "", err
	}
	if account != s.place.Account {
		return "", nonExistent()
	}
	return name, nil
}

// permit returns the queue at a URL if the caller may perform the action on it.
func (s *Service) permit(ctx context.Context, caller cloud.Caller, address, action string) (Queue, error) {
	q, err := s.Queue(address)
	if err != nil {
		return Queue{}, err
	}
	return q, s.permitTo(ctx, caller, q, action)
}

// permitTo returns nil if the caller may perform the action on the queue, and use its key
// for that.
func (s *Service) permitTo(ctx context.Context, caller cloud.Caller, q Queue, action string) error {
	if err := s.authorize(ctx, caller, q, action); err != nil {
		return err
	}
	return s.authorizeKey(ctx, caller, q, action)
}

func (s *Service) authorize(ctx context.Context, caller cloud.Caller, q Queue, action string) error {
	return s.authorizer.Authorize(ctx, cloud.Request{Caller: caller, Action: "sqs:" + action, Resource: q.ARN, ResourcePolicy: q.Policy})
}

const namespace = "AWS.SimpleQueueService." // prefix of the older error codes of SQS

func refusal(code, format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, code, format, args...)
}

func nonExistent() error {
	return refusal(namespace+"NonExistentQueue", "The specified queue does not exist.")
}

// missing returns the error for a parameter that is not set.
func missing(parameter string) error {
	return refusal("MissingParameter", "The request must contain the parameter %s.", parameter)
}

func invalidAddress(address string) error {
	return refusal("InvalidAddress", "The address %s is not valid for this endpoint.", address)
}

// invalid returns the error for the value of a parameter.
func invalid(value any, parameter, reason string, args ...any) error {
	return refusal("InvalidParameterValue", "Value %v for parameter %s is invalid. Reason: %s", value, parameter, fmt.Sprintf(reason, args...))
}
