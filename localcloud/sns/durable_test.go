package sns_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
	"tally/localcloud/store"
)

// endpoints are targets and queues that store what they receive, like those of the local
// cloud: in the same store, without waiting for the disk.
type endpoints struct {
	st     *store.Store
	got    *store.Values           // counts, by recipient and message
	refuse func(what string) error // nil accepts all

	mu    sync.Mutex
	tries map[string]int
}

func newEndpoints(st *store.Store) *endpoints {
	return &endpoints{st: st, got: store.NewValues(st, "got"), tries: map[string]int{}}
}

func (e *endpoints) receive(what string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tries[what]++
	if e.refuse != nil {
		if err := e.refuse(what); err != nil {
			return err
		}
	}
	count, err := e.got.Get(what)
	if err != nil {
		return err
	}
	return e.st.Apply(e.got.Set(what, append(count, 1)))
}

func (e *endpoints) Deliver(_ context.Context, d sns.Delivery) (sns.Receipt, error) {
	return sns.Receipt{Response: "{}"}, e.receive(d.Subscription.Endpoint + " " + d.Body)
}

func (e *endpoints) SendMessage(_ context.Context, _ cloud.Caller, queue string, m cloud.QueueMessage) (string, error) {
	return "id", e.receive(queue + " " + m.Body)
}

func (e *endpoints) service(t *testing.T) *sns.Service {
	t.Helper()
	s, err := sns.New(sns.Options{
		Place: place, Store: e.st, Authorizer: authorizer(allow), Journal: silent{}, Queues: e,
		Targets: map[string]sns.Target{"lambda": e, "sqs": sns.SQSTarget(e)},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	return s
}

// delivery returns how often a message arrived at the subscriber, or in the dead-letter
// queue of its subscription.
func (e *endpoints) delivery(subscriber, body string) int {
	here, _ := e.got.Get(subscriber + " " + body)
	there, _ := e.got.Get(deadLetter + " " + body)
	if subscriber == function {
		return len(here)
	}
	return len(here) + len(there)
}

// TestNothingAcknowledgedIsLost interrupts publications and deliveries after every single
// change of the store, as a SIGKILL could, and checks that the next process delivers what
// the publisher relies on: at least once, and at most twice.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, log := store.InMemoryWithLog()
		e := newEndpoints(st)
		busy := cloud.Errorf(429, "TooManyRequestsException", "Rate Exceeded.")
		gone := cloud.Errorf(400, "AWS.SimpleQueueService.NonExistentQueue", "gone")
		e.refuse = func(what string) error {
			switch n := e.tries[what]; {
			case what == queue+" 3" || what == queue+" 5":
				return gone // these go to the dead-letter queue
			case what == deadLetter+" 5" && n < 3:
				return errors.New("the disk is full")
			case what == function+" 1" && n < 7:
				return busy
			}
			return nil
		}
		s := e.service(t)
		if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
			t.Fatal(err)
		}
		for _, sub := range []sns.Subscription{
			{Protocol: "lambda", Endpoint: function},
			{Protocol: "sqs", Endpoint: queue, RedrivePolicy: redrive, RawMessageDelivery: true},
		} {
			sub.TopicARN = numbers
			if _, err := s.Subscribe(sub); err != nil {
				t.Fatal(err)
			}
		}
		start := log.Len()
		var mu sync.Mutex
		acknowledged := map[string]int{} // body: changes that are on disk
		for i := range 8 {
			go func() {
				bodies := []string{fmt.Sprint(i)}
				var err error
				if i < 6 {
					_, err = s.Publish(t.Context(), developer(), numbers, sns.Message{Body: bodies[0]})
				} else {
					bodies = append(bodies, fmt.Sprint(i, "b"))
					_, err = s.PublishBatch(t.Context(), developer(), numbers, []sns.BatchEntry{
						{ID: "a", Message: sns.Message{Body: bodies[0]}}, {ID: "b", Message: sns.Message{Body: bodies[1]}},
					})
				}
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, body := range bodies {
					acknowledged[body] = log.Synced()
				}
			}()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if owed(s) != 0 || len(acknowledged) != 10 || log.Len() < start+40 {
			t.Fatalf("%d deliveries owed, %d acknowledged, %d changes", owed(s), len(acknowledged), log.Len()-start)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for n := start; n <= log.Len(); n++ {
			after := newEndpoints(log.At(n))
			s := after.service(t)
			time.Sleep(time.Hour)
			synctest.Wait()
			if owed(s) != 0 {
				t.Errorf("after %d changes: %d deliveries owed in the end", n, owed(s))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for body, onDisk := range acknowledged {
				for _, to := range []string{function, queue} {
					got := after.delivery(to, body)
					if n >= onDisk && got < 1 || got > 2 {
						t.Errorf("after %d changes, acknowledged after %d: message %s was delivered %d times to %s", n, onDisk, body, got, to)
					}
				}
			}
			for _, kind := range []string{"sns-messages", "sns-shares", "sns-deliveries"} {
				_ = store.NewValues(after.st, kind).Ascend("", "", func(key string, _ []byte) bool {
					t.Errorf("after %d changes: %s are left", n, kind)
					return false
				})
			}
		}
	})
}

// TestRetriesSurviveARestart checks that a retry keeps its place in the schedule.
func TestRetriesSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		var tries []time.Duration
		began := time.Now()
		open := func(fail bool) *sns.Service {
			return open(t, st, allow, &journal{}, target(func(sns.Delivery) error {
				tries = append(tries, time.Since(began))
				if fail {
					return errors.New("no response")
				}
				return nil
			}))
		}
		s := open(true)
		if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second) // 13 attempts; the next one follows 35.769 s after the first
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 30*time.Second {
			t.Errorf("Close waited: %v since the publication", waited)
		}
		before := len(tries)
		s = open(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(tries) != before+1 || tries[before].Round(time.Millisecond) != 35769*time.Millisecond || owed(s) != 0 {
			t.Errorf("%d attempts before, then %v; %d owed", before, tries[before:], owed(s))
		}
	})
}

// TestFullDisk checks that a message that cannot be stored is refused, and that
// deliveries continue once the disk has space again.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, log := store.InMemoryWithLog()
		delivered := 0
		s := open(t, st, allow, &journal{}, target(func(sns.Delivery) error {
			if delivered++; delivered == 1 {
				log.Refuse(store.ErrFull)
			}
			return nil
		}))
		if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
			t.Fatal(err)
		}
		sub, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function})
		if err != nil {
			t.Fatal(err)
		}
		publish := func() error {
			_, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"})
			return err
		}
		if err := publish(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := publish(); !errors.Is(err, store.ErrFull) || owed(s) != 1 || s.Owed()[sub.ARN] != 1 {
			t.Errorf("error %v, want ErrFull; %d owed", err, owed(s))
		}
		time.Sleep(time.Minute)
		log.Refuse(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := publish(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if owed(s) != 0 || delivered != 2 {
			t.Errorf("%d owed, delivered %d times", owed(s), delivered)
		}
	})
}

// TestDeletedSubscriptionReceivesNothing checks that what a subscription is owed is
// dropped with it, and not what others are.
func TestDeletedSubscriptionReceivesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		e := newEndpoints(st)
		e.refuse = func(string) error { return errors.New("no response") }
		s := e.service(t)
		defer s.Close()
		if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
			t.Fatal(err)
		}
		var subs []sns.Subscription
		for _, to := range []string{"a", "b"} {
			sub, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function + to})
			if err != nil {
				t.Fatal(err)
			}
			subs = append(subs, sub)
		}
		if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := s.Unsubscribe(subs[0].ARN); err != nil {
			t.Fatal(err)
		}
		e.mu.Lock()
		e.refuse = nil
		e.mu.Unlock()
		time.Sleep(time.Minute)
		if a, b := e.delivery(function+"a", "1"), e.delivery(function+"b", "1"); a != 0 || b != 1 || owed(s) != 0 {
			t.Errorf("delivered %d times to the deleted subscription, %d times to the other; %d owed", a, b, owed(s))
		}
	})
}

// TestPublishersWait checks that publishers wait while a target is slow, and are refused
// if that takes too long.
func TestPublishersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		s, _ := subscribed(t, allow, &journal{}, target(func(sns.Delivery) error { <-open; return nil }))
		publish := func() error {
			_, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"})
			return err
		}
		for range 10_000 {
			if err := publish(); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		err := publish()
		wantError(t, "too many", err, 400, "ThrottlingException", "Rate exceeded")
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("waited %v, want 5 s", waited)
		}
		go func() {
			time.Sleep(3 * time.Second)
			close(open)
		}()
		began = time.Now()
		if err := publish(); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("error %v after %v, want none after 3 s", err, time.Since(began))
		}
	})
}

// owed returns the number of deliveries that have not ended.
func owed(s *sns.Service) (n int) {
	for _, deliveries := range s.Owed() {
		n += deliveries
	}
	return n
}
