package scheduler

import (
	"context"
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
	schedule, _ := s.schedules.Get(key) // which stops its plan when it is deleted
	return s.deliveries.Add([]timetable.Event{{Key: schedule.eventKey(), ID: uuid.NewString(), At: at}}, change)
}

// eventKey returns the key of the events of a schedule, which those of an earlier schedule
// of that name do not have. Schedules that are older than this version have no creation.
func (s Schedule) eventKey() string { return strings.TrimSuffix(s.key()+"/"+s.Creation, "/") }

// parseEventKey returns the group and the name of the schedule that events belong to.
func parseEventKey(key string) (group, name string) {
	group, rest, _ := strings.Cut(key, "/")
	name, _, _ = strings.Cut(rest, "/")
	return group, name
}

// courier finds the schedules of events.
type courier struct{ *Service }

// Find implements [timetable.Courier].
func (s courier) Find(key string) timetable.Delivery {
	schedule, err := s.Service.Find(parseEventKey(key))
	if err != nil || schedule.eventKey() != key {
		return nil
	}
	return delivery{s.Service, schedule}
}

// Name implements [timetable.Courier].
func (s courier) Name(key string) string {
	group, name := parseEventKey(key)
	return group + "/" + name
}

// Dropped implements [timetable.Courier].
func (s courier) Dropped(e timetable.Event) {
	_, name := parseEventKey(e.Key)
	s.note(cloud.Warning, name, "the event of %s is dropped: the schedule was deleted before it was delivered", e.Time())
}

// delivery delivers the events of a schedule.
type delivery struct {
	*Service
	schedule Schedule
}

// Target implements [timetable.Delivery].
func (s delivery) Target() string { return s.schedule.Target.ARN }

// RetryPolicy implements [timetable.Delivery].
func (s delivery) RetryPolicy() timetable.RetryPolicy {
	return timetable.RetryPolicy{Attempts: *s.schedule.Target.Retries, Age: s.schedule.Target.longAge()}
}

// Permanent implements [timetable.Delivery]. AWS retries every error.
func (delivery) Permanent(error) bool { return false }

// Send implements [timetable.Delivery]. The role's permissions are checked for each attempt.
func (s delivery) Send(ctx context.Context, e timetable.Event) error {
	schedule := s.schedule
	err := s.attempt(ctx, schedule, e)
	if errors.Is(err, context.Canceled) {
		return err // not an attempt
	}
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

func (s delivery) attempt(ctx context.Context, schedule Schedule, e timetable.Event) error {
	role, err := s.assume(ctx, schedule)
	if err != nil {
		return err
	}
	defer s.options.Roles.Revoke(role.AccessKeyID)
	if err := s.decrypt(ctx, schedule, role.Caller); err != nil {
		return err
	}
	return s.options.Targets.Observed(ctx, s.options.Journal, schedule.ARN, role.Caller, schedule.Target.ARN, s.payload(schedule, e, executionID()))
}

// decrypt checks that the role may read the input.
func (s delivery) decrypt(ctx context.Context, schedule Schedule, role cloud.Caller) error {
	if schedule.KMSKeyARN == "" {
		return nil
	}
	return s.options.Keys.DecryptWith(ctx, schedule.KMSKeyARN, role, s.ARN(schedule.Group, schedule.Name))
}

// executionID returns a random ID of the form that AWS's have.
func executionID() string { return strings.ToLower(rand.Text()[:16]) }

// throttled reports whether a target refused a request because there were too many.
func throttled(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && e.HTTPStatus() == http.StatusTooManyRequests
}

// Bury implements [timetable.Delivery]. The role sends the dead letter.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
func (s delivery) Bury(ctx context.Context, e timetable.Event) error {
	schedule, to := s.schedule, s.schedule.Target.DeadLetters
	if to == "" {
		s.measure(schedule, cloud.Counted("InvocationDroppedCount", 1))
		s.lose(schedule, "the event of %s is lost after %d attempts: %s: %s", e.Time(), e.Attempts, e.Code, e.Message)
		return nil
	}
	role, err := s.assume(ctx, schedule)
	if err == nil {
		defer s.options.Roles.Revoke(role.AccessKeyID)
		_, err = s.options.Targets.Sender.SendMessage(ctx, role.Caller, to, s.deadLetter(schedule, e))
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

// deadLetter returns the message for the dead-letter queue: the request that failed, as AWS
// documents it for a target that is a queue. For functions and topics, AWS documents only
// that the body contains the details of the invocation, and the form of TARGET_ARN.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html#configuring-schedule-dlq-dead-letter-event
func (s delivery) deadLetter(schedule Schedule, e timetable.Event) cloud.QueueMessage {
	attributes := map[string]cloud.MessageAttribute{}
	set := func(name, value string) {
		if value != "" {
			attributes[name] = cloud.MessageAttribute{DataType: "String", StringValue: value}
		}
	}
	if e.Code == timetable.Internal {
		e.Code, e.Message = "AWS.Scheduler.InternalServerError", "Unexpected error occurred while processing the request"
	}
	set("ERROR_CODE", e.Code)
	set("ERROR_MESSAGE", e.Message)
	set("EXECUTION_ID", executionID())
	set("EXHAUSTED_RETRY_CONDITION", e.Ended)
	set("IS_PAYLOAD_TRUNCATED", "false")
	set("RETRY_ATTEMPTS", strconv.Itoa(e.Attempts-1))
	set("SCHEDULED_TIME", e.Time())
	set("SCHEDULE_ARN", schedule.ARN)
	last := e
	last.Attempts--
	action, body := s.request(schedule.Target, s.payload(schedule, last, attributes["EXECUTION_ID"].StringValue))
	set("TARGET_ARN", action)
	return cloud.QueueMessage{Body: body, Attributes: attributes}
}

// Done implements [timetable.Delivery]: it deletes a schedule that has ended, if it is to be
// deleted then, and is owed no event. AWS does not delete a recurring schedule without an end.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html
func (s delivery) Done(e timetable.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := s.schedule.key()
	schedule, ok := s.schedules.Get(key) // it may have changed meanwhile
	if !ok || schedule.eventKey() != e.Key || !schedule.deleted() {
		return
	}
	if !s.clock.Ended(key) || s.deliveries.Pending(e.Key) > 0 { // in this order: the last occurrence adds an event
		return
	}
	if err := s.clock.Stop(key, s.schedules.Unset(key)); err != nil {
		s.note(cloud.Warning, schedule.Name, "the schedule has ended, but cannot be deleted: %v", err)
		return
	}
	s.note(cloud.Info, schedule.Name, "deleted the schedule, which has ended")
}

// deleted reports whether a schedule is deleted once it has ended.
func (s Schedule) deleted() bool {
	return s.Completion == DeleteAfter && s.State != Disabled && (!s.End.IsZero() || s.plan().Expression.Once())
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
