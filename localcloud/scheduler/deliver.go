package scheduler

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/store"
)

// fire queues an invocation of a schedule's target.
func (s *Service) fire(key string, at time.Time, change store.Change) error {
	return s.deliveries.Add([]timetable.Event{{Key: key, ID: uuid.NewString(), At: at}}, change)
}

// courier delivers the events of schedules.
type courier struct{ *Service }

// RetryPolicy implements [timetable.Courier].
func (s courier) RetryPolicy(e timetable.Event) (timetable.RetryPolicy, bool) {
	schedule, ok := s.schedules.Get(e.Key)
	if !ok {
		return timetable.RetryPolicy{}, false
	}
	return timetable.RetryPolicy{Attempts: *schedule.Target.Retries, Age: schedule.Target.longAge()}, true
}

// Permanent implements [timetable.Courier]. AWS retries every error.
func (courier) Permanent(error) bool { return false }

// Send implements [timetable.Courier]. The role's permissions are checked for each attempt.
func (s courier) Send(e timetable.Event) error {
	schedule, ok := s.schedules.Get(e.Key)
	if !ok {
		return nil
	}
	err := s.attempt(schedule, e)
	counts := []cloud.MetricValue{cloud.Counted("InvocationAttemptCount", 1)}
	if err != nil {
		s.note(cloud.Warning, schedule.Name, "attempt %d to invoke %s failed: %v", e.Attempts+1, schedule.Target.ARN, err)
		counts = append(counts, cloud.Counted("TargetErrorCount", 1))
		if throttled(err) {
			counts = append(counts, cloud.Counted("TargetErrorThrottledCount", 1))
		}
	} else {
		s.note(cloud.Info, schedule.Name, "invoked %s for %s", schedule.Target.ARN, e.Time())
	}
	s.measure(schedule, counts...)
	return err
}

func (s courier) attempt(schedule Schedule, e timetable.Event) error {
	role, err := s.assume(s.life, schedule)
	if err != nil {
		return err
	}
	defer s.options.Roles.Revoke(role.AccessKeyID)
	if err := s.decrypt(schedule, role.Caller); err != nil {
		return err
	}
	return s.options.Targets.Observed(s.life, s.options.Journal, schedule.ARN, role.Caller, schedule.Target.ARN, s.payload(schedule, e, executionID()))
}

// decrypt checks that the role may read the input.
func (s courier) decrypt(schedule Schedule, role cloud.Caller) error {
	if schedule.KMSKeyARN == "" {
		return nil
	}
	return s.options.Keys.DecryptWith(s.life, schedule.KMSKeyARN, role, s.ARN(schedule.Group, schedule.Name))
}

// executionID returns a random ID of the form that AWS's have.
func executionID() string { return strings.ToLower(rand.Text()[:16]) }

// throttled reports whether a target refused a request because there were too many.
func throttled(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() == http.StatusTooManyRequests
}

// Bury implements [timetable.Courier]. The role sends the dead letter.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
func (s courier) Bury(e timetable.Event) error {
	schedule, ok := s.schedules.Get(e.Key)
	if !ok {
		return nil
	}
	to := schedule.Target.DeadLetters
	if to == "" {
		s.measure(schedule, cloud.Counted("InvocationDroppedCount", 1))
		s.lose(schedule, "the event of %s is lost after %d attempts: %s: %s", e.Time(), e.Attempts, e.Code, e.Message)
		return nil
	}
	role, err := s.assume(s.life, schedule)
	if err == nil {
		defer s.options.Roles.Revoke(role.AccessKeyID)
		_, err = s.options.Targets.Sender.SendMessage(s.life, role.Caller, to, s.deadLetter(schedule, e))
	}
	switch {
	case err == nil:
		s.measure(schedule, cloud.Counted("InvocationDroppedCount", 1), cloud.Counted("InvocationsSentToDeadLetterCount", 1))
		s.note(cloud.Warning, schedule.Name, "sent the event of %s to %s after %d attempts: %s: %s", e.Time(), to, e.Attempts, e.Code, e.Message)
	case refused(err):
		s.measure(schedule, cloud.Counted("InvocationDroppedCount", 1), cloud.Counted("InvocationsFailedToBeSentToDeadLetterCount", 1),
			cloud.Counted("InvocationsFailedToBeSentToDeadLetterCount_"+cloud.ErrorCode(err), 1))
		s.lose(schedule, "the event of %s is lost: cannot send it to %s: %v", e.Time(), to, err)
	default:
		return err
	}
	return nil
}

// refused reports whether sending again would not help.
func refused(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() < http.StatusInternalServerError && e.HTTPStatus() != http.StatusTooManyRequests
}

// deadLetter returns the message for the dead-letter queue.
func (s courier) deadLetter(schedule Schedule, e timetable.Event) cloud.QueueMessage {
	attributes := map[string]cloud.MessageAttribute{}
	set := func(name, value string) {
		if value != "" {
			attributes[name] = cloud.MessageAttribute{DataType: "String", StringValue: value}
		}
	}
	set("ERROR_CODE", e.Code)
	set("ERROR_MESSAGE", e.Message)
	set("EXECUTION_ID", executionID())
	set("EXHAUSTED_RETRY_CONDITION", e.Ended)
	set("IS_PAYLOAD_TRUNCATED", "false")
	set("RETRY_ATTEMPTS", strconv.Itoa(e.Attempts-1))
	set("SCHEDULED_TIME", e.Time())
	set("SCHEDULE_ARN", schedule.ARN)
	set("TARGET_ARN", schedule.Target.ARN)
	last := e
	last.Attempts--
	return cloud.QueueMessage{Body: s.payload(schedule, last, attributes["EXECUTION_ID"].StringValue), Attributes: attributes}
}

// Done implements [timetable.Courier]: it deletes a schedule that has ended, if it is to be
// deleted then, and none of its other events is still to be delivered. AWS does not delete
// a recurring schedule without an end.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html
func (s courier) Done(e timetable.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	schedule, ok := s.schedules.Get(e.Key)
	if !ok || schedule.Completion != DeleteAfter || schedule.State == Disabled || !s.clock.Ended(e.Key) || s.deliveries.Pending(e.Key) > 1 {
		return
	}
	if schedule.End.IsZero() && !schedule.plan().Expression.Once() {
		return
	}
	if err := s.clock.Stop(e.Key, s.schedules.Unset(e.Key)); err != nil {
		s.note(cloud.Warning, schedule.Name, "the schedule has ended, but cannot be deleted: %v", err)
		return
	}
	s.note(cloud.Info, schedule.Name, "deleted the schedule, which has ended")
}

func (s *Service) lose(schedule Schedule, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{Level: cloud.Warning, Loss: true, Service: "scheduler", Resource: schedule.Name, Message: fmt.Sprintf(format, args...)})
}

// measure reports metrics of the schedule's group.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
func (s *Service) measure(schedule Schedule, values ...cloud.MetricValue) {
	s.options.Metrics.Report("AWS/Scheduler", time.Now(), [][]cloud.Dimension{{{Name: "ScheduleGroup", Value: schedule.Group}}}, values)
}
