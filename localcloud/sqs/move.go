package sqs

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// MoveTask moves the messages of a dead-letter queue to another queue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
type MoveTask struct {
	ID          string
	Source      string // ARN of the dead-letter queue
	Destination string // ARN; "" moves each message to the queue that it came from
	PerSecond   int    // 1 to 500; 0 means as fast as possible
	Started     time.Time
	Status      string // one of the constants below
	Moved       int
	ToMove      int    // messages in the queue at the start
	Failure     string // why the task failed
}

// The states of a MoveTask.
const (
	moveRunning    = "RUNNING"
	moveCompleted  = "COMPLETED"
	moveCanceling  = "CANCELLING"
	moveCanceled   = "CANCELLED"
	moveFailed     = "FAILED"
	maxMovesPerSec = 500
	maxMoveTasks   = 10 // of a queue that are kept
)

func notFound(format string, args ...any) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", format, args...)
}

// Start continues the tasks that an earlier process left. Call it once.
func (s *Service) Start() {
	for _, t := range s.moves.All() {
		if t.isActive() {
			s.startMove(t.ID)
		}
	}
}

// IsRunning reports whether the task can be canceled.
func (t MoveTask) IsRunning() bool { return t.Status == moveRunning }

func (t MoveTask) isActive() bool { return t.Status == moveRunning || t.Status == moveCanceling }

// CheckMove checks a task before its callers are authorized for both queues. It fails with
// ResourceNotFoundException and InvalidParameterValue.
func (s *Service) CheckMove(t MoveTask) error {
	if _, ok := s.byARN(t.Source); !ok {
		return notFound("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	if len(s.Sources(t.Source)) == 0 {
		return refusal("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
	}
	if _, ok := s.byARN(t.Destination); t.Destination != "" && !ok {
		return notFound("The resource that you specified for the DestinationArn parameter doesn't exist.")
	}
	if t.Destination == t.Source {
		return refusal("InvalidParameterValue", "Source queue arn and destination queue arn cannot be the same.")
	}
	if t.PerSecond < 0 || t.PerSecond > maxMovesPerSec {
		return invalid(t.PerSecond, "MaxNumberOfMessagesPerSecond", "Must be between 1 and %d, if provided.", maxMovesPerSec)
	}
	return nil
}

// StartMove starts a task: it sets the fields that follow PerSecond. The task continues
// after a restart, and moves no message twice. StartMove fails with the errors of CheckMove,
// and with InvalidParameterValue if the queue has an active task.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
func (s *Service) StartMove(t MoveTask) (MoveTask, error) {
	if err := s.CheckMove(t); err != nil {
		return MoveTask{}, err
	}
	source, _ := s.byARN(t.Source)
	counts, err := s.Count(s.URL(source.Name))
	if err != nil {
		return MoveTask{}, err
	}
	t.ID, t.Started, t.Status, t.ToMove = uuid.NewString(), time.Now().UTC().Truncate(time.Millisecond), moveRunning, counts.Available
	if err := s.addMove(t); err != nil {
		return MoveTask{}, err
	}
	s.startMove(t.ID)
	return t, s.store.Sync()
}

// addMove adds a task, and removes the oldest ones of the queue.
func (s *Service) addMove(t MoveTask) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tasks := s.movesOf(t.Source)
	if slices.ContainsFunc(tasks, MoveTask.isActive) {
		return refusal("InvalidParameterValue",
			"There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	changes := []store.Change{s.moves.Set(t.ID, t)}
	for _, old := range tasks[min(len(tasks), maxMoveTasks-1):] {
		changes = append(changes, s.moves.Unset(old.ID))
	}
	return s.store.Apply(changes...)
}

// Moves returns the tasks of a dead-letter queue, the most recent first. It fails with
// ResourceNotFoundException.
func (s *Service) Moves(source string) ([]MoveTask, error) {
	if _, ok := s.byARN(source); !ok {
		return nil, notFound("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	return s.movesOf(source), nil
}

func (s *Service) movesOf(source string) []MoveTask {
	tasks := slices.DeleteFunc(s.moves.All(), func(t MoveTask) bool { return t.Source != source })
	slices.SortFunc(tasks, func(a, b MoveTask) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.ID, b.ID)) })
	return tasks
}

// CancelMove ends an active task. The messages that it has moved remain where they are. It
// fails with ResourceNotFoundException and InvalidParameterValue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html
func (s *Service) CancelMove(id, source string) (moved int, err error) {
	if moved, err = s.cancelMove(id, source); err != nil {
		return 0, err
	}
	return moved, s.store.Sync()
}

func (s *Service) cancelMove(id, source string) (moved int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.moves.Get(id)
	if !ok || t.Source != source {
		return 0, notFound("Task does not exist.")
	}
	if t.Status != moveRunning {
		return 0, refusal("InvalidParameterValue", "Only active tasks can be cancelled.")
	}
	t.Status = moveCanceling
	return t.Moved, s.store.Apply(s.moves.Set(id, t))
}

// startMove runs a task until it ends or the service closes.
func (s *Service) startMove(id string) {
	s.running.Go(func() {
		tick := time.Second / maxMovesPerSec
		if t, _ := s.moves.Get(id); t.PerSecond > 0 {
			tick = time.Second / time.Duration(t.PerSecond)
		}
		timer := time.NewTicker(tick)
		defer timer.Stop()
		for s.moveOne(id) {
			select {
			case <-timer.C:
			case <-s.done:
				return
			}
		}
	})
}

// moveOne moves the next message, or ends the task. It reports whether the task continues.
func (s *Service) moveOne(id string) bool {
	s.mu.Lock() // CancelMove and StartMove change tasks, too
	defer s.mu.Unlock()
	t, ok := s.moves.Get(id)
	if !ok {
		return false
	}
	if t.Status == moveCanceling {
		t.Status = moveCanceled
		return s.store.Apply(s.moves.Set(id, t)) != nil // then it tries again
	}
	moved, err := s.moveNext(t)
	switch {
	case err != nil:
		t.Status, t.Failure = moveFailed, cmp.Or(cloud.ErrorCode(err), err.Error())
	case moved:
		return true
	default:
		t.Status = moveCompleted
	}
	return s.store.Apply(s.moves.Set(id, t)) != nil
}

// moveNext moves the oldest message that is available, and counts it in the task, in one
// change. It reports false if there is none. The caller holds s.mu, so queues neither appear
// nor disappear.
func (s *Service) moveNext(t MoveTask) (bool, error) {
	source, ok := s.byARN(t.Source)
	b := s.backlogs[source.Name]
	if !ok || b == nil {
		return false, nonExistent()
	}
	for {
		first, ok, err := s.firstReady(source, b)
		if err != nil || !ok {
			return false, err
		}
		raw, err := s.contents.Get(key(source.Name, first))
		if err != nil {
			return false, err
		}
		if raw == nil {
			continue // it was deleted meanwhile
		}
		c, body, err := decodeContent(raw)
		if err != nil {
			return false, err
		}
		to, ok := s.byARN(cmp.Or(t.Destination, c.Source))
		switch {
		case t.Destination == "" && c.Source == "":
			return false, refusal("CouldNotDetermineMessageSource", "The message came from no other queue.")
		case !ok || s.backlogs[to.Name] == nil || to.Name == source.Name:
			return false, nonExistent()
		}
		c.ID, c.Source = uuid.NewString(), "" // it is a new message
		if moved, err := s.moveTo(t, b, s.backlogs[to.Name], first, encodeContent(c, body)); moved || err != nil {
			return moved, err
		}
	}
}

// firstReady returns the number of the oldest message that is available.
func (s *Service) firstReady(q row, b *backlog) (number uint64, ok bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := s.now().process
	if err := s.expire(q.Queue, b, now); err != nil {
		return 0, false, err
	}
	b.promote(now)
	m := b.ready.first()
	if m == nil || isExpired(q.Queue, m, now) {
		return 0, false, nil
	}
	return m.number, true, nil
}

// moveTo moves a message if it is still the first one. As AWS documents, it is a new message
// in the other queue.
func (s *Service) moveTo(t MoveTask, b, to *backlog, number uint64, content []byte) (bool, error) {
	defer lockBoth(b, to)()
	m := b.ready.first()
	if m == nil || m.number != number {
		return false, nil
	}
	now := s.now()
	next := &message{number: s.last.Add(1), size: m.size, sentAt: now.wall, sent: now.process, available: now.process}
	t.Moved++
	changes := append(s.unset(b.name, number), s.set(to.name, *next, now), s.contents.Set(key(to.name, next.number), content), s.moves.Set(t.ID, t))
	if err := s.store.Apply(changes...); err != nil {
		return false, err
	}
	b.remove(m)
	to.add(next, now.process)
	to.notify()
	return true, nil
}
