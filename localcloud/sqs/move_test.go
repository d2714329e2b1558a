package sqs_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

const otherARN = "arn:aws:sqs:us-east-1:000000000000:other"

// moving returns a service that continues the tasks in the store.
func moving(t *testing.T, st *store.Store) *sqs.Service {
	t.Helper()
	s := newService(t, st)
	s.Start()
	return s
}

// createForMoves creates the queues work and other, whose dead-letter queue is dead.
func createForMoves(t *testing.T, s *sqs.Service) {
	t.Helper()
	redrive := `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":1}`
	for _, q := range []sqs.Queue{{Name: "dead"}, {Name: "work", RedrivePolicy: redrive}, {Name: "other", RedrivePolicy: redrive}, {Name: "apart"}} {
		if _, err := s.CreateQueue(q); err != nil {
			t.Fatal(err)
		}
	}
}

// fail sends messages to a queue and receives them until they are in the dead-letter queue.
func failMessages(t *testing.T, s *sqs.Service, queue string, n int) {
	t.Helper()
	for i := range n {
		if _, err := s.Send(t.Context(), developer, s.URL(queue), sqs.Entry{QueueMessage: cloud.QueueMessage{Body: fmt.Sprint(queue, " ", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	zero := 0
	for range 2 * n {
		if _, err := s.Receive(t.Context(), developer, s.URL(queue), sqs.ReceiveRequest{MaxMessages: 10, VisibilityTimeoutSeconds: &zero, WaitSeconds: &zero}); err != nil {
			t.Fatal(err)
		}
	}
}

func available(t *testing.T, s *sqs.Service, queue string) int {
	t.Helper()
	c, err := s.Count(s.URL(queue))
	if err != nil {
		t.Fatal(err)
	}
	return c.Available
}

func onlyMove(t *testing.T, s *sqs.Service) sqs.MoveTask {
	t.Helper()
	tasks, err := s.Moves(deadARN)
	if err != nil || len(tasks) == 0 {
		t.Fatalf("%v %v", tasks, err)
	}
	return tasks[0]
}

// Messages return to the queues that they came from, as new messages.
func TestMoveBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := moving(t, nil)
		createForMoves(t, s)
		failMessages(t, s, "work", 3)
		failMessages(t, s, "other", 2)
		if n := available(t, s, "dead"); n != 5 {
			t.Fatalf("%d messages in the dead-letter queue", n)
		}
		if _, err := s.StartMove(sqs.MoveTask{Source: deadARN}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if w, o, d := available(t, s, "work"), available(t, s, "other"), available(t, s, "dead"); w != 3 || o != 2 || d != 0 {
			t.Errorf("%d, %d and %d messages", w, o, d)
		}
		if got := onlyMove(t, s); got.Status != "COMPLETED" || got.Moved != 5 || got.ToMove != 5 {
			t.Errorf("%+v", got)
		}
		zero := 0
		messages, err := s.Receive(t.Context(), developer, s.URL("work"), sqs.ReceiveRequest{MaxMessages: 1, WaitSeconds: &zero})
		if err != nil || len(messages) != 1 || messages[0].Body != "work 0" || messages[0].System["ApproximateReceiveCount"] != "1" || messages[0].System["DeadLetterQueueSourceArn"] != "" {
			t.Errorf("%+v, %v", messages, err)
		}
		_ = s.Close()
	})
}

// A task keeps to its rate, can be canceled, and excludes others.
func TestMoveRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := moving(t, nil)
		createForMoves(t, s)
		failMessages(t, s, "work", 30)
		task, err := s.StartMove(sqs.MoveTask{Source: deadARN, Destination: "arn:aws:sqs:us-east-1:000000000000:apart", PerSecond: 2})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.StartMove(sqs.MoveTask{Source: deadARN})
		wantCode(t, err, "InvalidParameterValue: There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
		time.Sleep(5*time.Second - time.Millisecond)
		synctest.Wait()
		if n := available(t, s, "apart"); n != 10 {
			t.Errorf("%d messages after 5 s", n)
		}
		if moved, err := s.CancelMove(task.ID, deadARN); err != nil || moved != 10 {
			t.Errorf("%d, %v", moved, err)
		}
		time.Sleep(time.Minute)
		if got := onlyMove(t, s); got.Status != "CANCELLED" || got.Moved != 10 || available(t, s, "dead") != 20 {
			t.Errorf("%+v", got)
		}
		_, err = s.CancelMove(task.ID, deadARN)
		wantCode(t, err, "InvalidParameterValue: Only active tasks can be cancelled.")
		_ = s.Close()
	})
}

// After a restart, a task continues. No message is lost, and none moves twice.
func TestMoveSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		s := moving(t, st)
		createForMoves(t, s)
		failMessages(t, s, "work", 20)
		if _, err := s.StartMove(sqs.MoveTask{Source: deadARN, PerSecond: 1}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5500 * time.Millisecond)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n := available(t, s, "work"); n != 6 {
			t.Errorf("%d messages before the restart", n)
		}
		s = moving(t, st)
		time.Sleep(time.Minute)
		if got := onlyMove(t, s); got.Status != "COMPLETED" || got.Moved != 20 || available(t, s, "work") != 20 {
			t.Errorf("%+v, %d messages", got, available(t, s, "work"))
		}
		_ = s.Close()
	})
}

func TestMoveErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := moving(t, nil)
		createForMoves(t, s)
		for want, task := range map[string]sqs.MoveTask{
			"ResourceNotFoundException: The resource that you specified for the SourceArn parameter doesn't exist.":                                   {Source: deadARN + "x"},
			"InvalidParameterValue: Source queue must be configured as a Dead Letter Queue.":                                                          {Source: workARN},
			"ResourceNotFoundException: The resource that you specified for the DestinationArn parameter doesn't exist.":                              {Source: deadARN, Destination: deadARN + "x"},
			"InvalidParameterValue: Value 501 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if provided.": {Source: deadARN, PerSecond: 501},
		} {
			_, err := s.StartMove(task)
			wantCode(t, err, want)
		}
		// A message that was sent to the dead-letter queue itself came from nowhere.
		if _, err := s.Send(t.Context(), developer, s.URL("dead"), sqs.Entry{QueueMessage: cloud.QueueMessage{Body: "1"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StartMove(sqs.MoveTask{Source: deadARN}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := onlyMove(t, s); got.Status != "FAILED" || got.Failure != "CouldNotDetermineMessageSource" {
			t.Errorf("%+v", got)
		}
		for range 12 {
			if _, err := s.StartMove(sqs.MoveTask{Source: deadARN, Destination: otherARN}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if tasks, err := s.Moves(deadARN); err != nil || len(tasks) != 10 || slices.ContainsFunc(tasks, sqs.MoveTask.IsRunning) {
			t.Errorf("%v %v", tasks, err)
		}
		_ = s.Close()
	})
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
