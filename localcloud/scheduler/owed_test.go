package scheduler_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/scheduler"
)

// TestCompletion checks when a schedule that has ended is deleted.
func TestCompletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.open(t, 1)
		defer s.Close()
		for name, change := range map[string]func(*scheduler.Schedule){
			"kept": func(n *scheduler.Schedule) { n.Expression = "at(2000-01-01T00:01:00)" },
			"deleted": func(n *scheduler.Schedule) {
				n.Expression, n.Completion = "at(2000-01-01T00:01:00)", scheduler.DeleteAfter
			},
			"ended":   func(n *scheduler.Schedule) { n.End, n.Completion = time.Now().Add(time.Minute), scheduler.DeleteAfter },
			"endless": func(n *scheduler.Schedule) { n.Completion = scheduler.DeleteAfter },
			"recurring": func(n *scheduler.Schedule) {
				n.Expression, n.Completion = "cron(1 0 1 1 ? 2000)", scheduler.DeleteAfter // without an end
			},
			"disabled": func(n *scheduler.Schedule) { n.State, n.Completion = scheduler.Disabled, scheduler.DeleteAfter },
			"too late": func(n *scheduler.Schedule) {
				n.Expression, n.Completion = "at(1999-01-01T00:00:00)", scheduler.DeleteAfter
			},
		} {
			create(t, s, func(n *scheduler.Schedule) { change(n); n.Name = strings.ReplaceAll(name, " ", "-") })
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		all, err := s.List(scheduler.Filter{})
		var left []string
		for _, n := range all {
			left = append(left, n.Name)
		}
		if want := []string{"disabled", "endless", "kept", "recurring", "too-late"}; err != nil || !slices.Equal(left, want) {
			t.Errorf("left %q, %v; want %q", left, err, want)
		}
	})
}

// TestCompletionWaits checks that a schedule exists until its last event is delivered, even
// if a later one is delivered before an earlier one, which is retried.
func TestCompletionWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		failures := 0
		w.reach = func(string) error {
			if failures++; failures <= 7 { // for a minute and more
				return cloud.Errorf(500, "ServiceException", "down")
			}
			return nil
		}
		s := w.open(t, 1)
		defer s.Close()
		create(t, s, func(n *scheduler.Schedule) {
			n.Expression, n.Completion, n.End = "rate(1 minute)", scheduler.DeleteAfter, time.Now().Add(90*time.Second)
			n.Target.Input = `"<aws.scheduler.scheduled-time>"`
		})
		time.Sleep(time.Hour)
		synctest.Wait()
		var events []string
		for _, sent := range w.sent {
			_, event, _ := strings.Cut(sent, ": ")
			events = append(events, event)
		}
		slices.Sort(events)
		if want := []string{`"2000-01-01T00:00:00Z"`, `"2000-01-01T00:01:00Z"`}; !slices.Equal(events, want) {
			t.Errorf("sent %q, want %q", events, want)
		}
		if left, err := s.List(scheduler.Filter{}); err != nil || len(left) != 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}

// TestSuccessor checks that a schedule receives nothing that an earlier one of the same name
// is owed, and that the journal says what becomes of that.
func TestSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.reach = func(target string) error {
			if target == function {
				return cloud.Errorf(500, "ServiceException", "down")
			}
			return nil
		}
		s := w.open(t, 1)
		defer s.Close()
		create(t, s, nil)
		time.Sleep(time.Second / 2)
		if err := s.Delete("", "n"); err != nil {
			t.Fatal(err)
		}
		create(t, s, func(n *scheduler.Schedule) {
			n.Target.ARN, n.Target.Input = queue, "<aws.scheduler.scheduled-time> <aws.scheduler.attempt-number>"
			n.Expression, n.Completion = "at(2000-01-01T00:00:02)", scheduler.DeleteAfter
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []string{"2s sqs: 2000-01-01T00:00:02Z 1"}; !slices.Equal(w.sent, want) {
			t.Errorf("sent %q, want %q", w.sent, want)
		}
		if want := "the event of 2000-01-01T00:00:00Z is dropped: the schedule was deleted before it was delivered"; !slices.Contains(w.warnings, want) {
			t.Errorf("warnings %q lack %q", w.warnings, want)
		}
		if left, err := s.List(scheduler.Filter{}); err != nil || len(left) != 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}

// TestUpdateKeepsOwed checks that a schedule that was updated still receives its events.
func TestUpdateKeepsOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.reach = func(string) error { return cloud.Errorf(500, "ServiceException", "down") }
		s := w.open(t, 1)
		defer s.Close()
		create(t, s, nil)
		time.Sleep(time.Second / 2)
		w.change(func() { w.reach = nil })
		if _, err := s.Update(t.Context(), cloud.Caller{}, schedule(func(n *scheduler.Schedule) { n.State, n.Target.Input = scheduler.Disabled, "1" })); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []string{"1s lambda: 1"}; !slices.Equal(w.sent, want) {
			t.Errorf("sent %q, want %q", w.sent, want)
		}
	})
}
