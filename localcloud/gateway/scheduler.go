package gateway

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/scheduler"
)

// schedulerOperations are the operations of EventBridge Scheduler.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
func schedulerOperations() operations {
	const prefix = "scheduler:"
	return operations{
		"CreateSchedule":      authorized(prefix+"CreateSchedule", ofSchedule[putScheduleInput], createSchedule).at("POST /schedules/{Name}"),
		"GetSchedule":         authorized(prefix+"GetSchedule", ofSchedule[scheduleInput], getSchedule).at("GET /schedules/{Name}"),
		"UpdateSchedule":      authorized(prefix+"UpdateSchedule", ofSchedule[putScheduleInput], updateSchedule).at("PUT /schedules/{Name}"),
		"DeleteSchedule":      authorized(prefix+"DeleteSchedule", ofSchedule[scheduleInput], deleteSchedule).at("DELETE /schedules/{Name}"),
		"ListSchedules":       authorized(prefix+"ListSchedules", noResource[listSchedulesInput], listSchedules).at("GET /schedules"),
		"CreateScheduleGroup": authorized(prefix+"CreateScheduleGroup", ofScheduleGroup[createScheduleGroupInput], createScheduleGroup).at("POST /schedule-groups/{Name}"),
		"GetScheduleGroup":    authorized(prefix+"GetScheduleGroup", ofScheduleGroup[scheduleGroupInput], getScheduleGroup).at("GET /schedule-groups/{Name}"),
		"DeleteScheduleGroup": authorized(prefix+"DeleteScheduleGroup", ofScheduleGroup[scheduleGroupInput], deleteScheduleGroup).at("DELETE /schedule-groups/{Name}"),
		"ListScheduleGroups":  authorized(prefix+"ListScheduleGroups", noResource[listScheduleGroupsInput], listScheduleGroups).at("GET /schedule-groups"),
		"ListTagsForResource": authorized(prefix+"ListTagsForResource", tagsOfScheduleGroup[scheduleGroupTagsInput], listTagsOfScheduleGroup).at("GET /tags/{ResourceArn}"),
		"TagResource":         authorized(prefix+"TagResource", tagsOfScheduleGroup[tagScheduleGroupInput], tagScheduleGroup).at("POST /tags/{ResourceArn}"),
		"UntagResource":       authorized(prefix+"UntagResource", tagsOfScheduleGroup[untagScheduleGroupInput], untagScheduleGroup).at("DELETE /tags/{ResourceArn}"),
	}
}

// schedulerService is the principal to which the role of a schedule is passed.
const schedulerService = "scheduler.amazonaws.com"

type (
	flexibleTimeWindow struct {
		MaximumWindowInMinutes *int `json:",omitempty"`
		Mode                   string
	}
	scheduleTarget struct {
		ARN              string `json:"Arn"`
		DeadLetterConfig *struct {
			ARN string `json:"Arn"`
		} `json:",omitempty"`
		Input       string       `json:",omitempty"`
		RetryPolicy *retryPolicy `json:",omitempty"`
		RoleARN     string       `json:"RoleArn"`
	}
	retryPolicy struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts *int }

	// scheduleSettings are the members of a schedule that requests and responses share.
	scheduleSettings struct {
		ActionAfterCompletion      string `json:",omitempty"`
		Description                string `json:",omitempty"`
		EndDate                    *instant
		FlexibleTimeWindow         flexibleTimeWindow
		GroupName                  string
		KmsKeyARN                  string `json:"KmsKeyArn,omitempty"`
		ScheduleExpression         string
		ScheduleExpressionTimezone string
		StartDate                  *instant
		State                      string
		Target                     scheduleTarget
	}
	putScheduleInput struct {
		Name string `path:"Name"`
		Body struct {
			scheduleSettings
			ClientToken string
		} `payload:"json"`
	}
	scheduleInput struct {
		Name        string `path:"Name"`
		GroupName   string `query:"groupName"`
		ClientToken string `query:"clientToken"`
	}
)

func (in putScheduleInput) key() (group, name string) { return in.Body.GroupName, in.Name }
func (in scheduleInput) key() (group, name string)    { return in.GroupName, in.Name }

// ofSchedule is the target of an operation on a schedule.
func ofSchedule[In interface{ key() (string, string) }](c *call, in In) (target, error) {
	group, name := in.key()
	return target{resource: c.Scheduler.ARN(cmp.Or(group, scheduler.DefaultGroup), name).String()}, nil
}

// schedule checks what a scheduler.Schedule cannot represent, and returns the schedule.
func (in putScheduleInput) schedule() (scheduler.Schedule, error) {
	w := in.Body
	window, err := w.FlexibleTimeWindow.minutes()
	if err != nil {
		return scheduler.Schedule{}, err
	}
	s := scheduler.Schedule{
		Group: w.GroupName, Name: in.Name, Description: w.Description, Expression: w.ScheduleExpression, Timezone: w.ScheduleExpressionTimezone,
		Start: timeOf(w.StartDate), End: timeOf(w.EndDate), Window: window, State: w.State, Completion: w.ActionAfterCompletion, KMSKeyARN: w.KmsKeyARN,
		Token:  w.ClientToken,
		Target: scheduler.Target{ARN: w.Target.ARN, RoleARN: w.Target.RoleARN, Input: w.Target.Input},
	}
	if w.Target.DeadLetterConfig != nil {
		s.Target.DeadLetters = w.Target.DeadLetterConfig.ARN
	}
	if p := w.Target.RetryPolicy; p != nil {
		s.Target.Retries = p.MaximumRetryAttempts
		if age := p.MaximumEventAgeInSeconds; age != nil {
			s.Target.MaxAge = *age
			return s, scheduler.CheckMaxAge(*age)
		}
	}
	return s, nil
}

func (w flexibleTimeWindow) minutes() (int, error) {
	n := 0
	if w.MaximumWindowInMinutes != nil {
		n = *w.MaximumWindowInMinutes
		if err := scheduler.CheckWindow(n); err != nil {
			return 0, err
		}
	}
	return n, scheduler.CheckFlexibleWindow(w.Mode, n)
}

func timeOf(t *instant) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

type scheduleCreated struct {
	ScheduleARN string `json:"ScheduleArn"`
}

func createSchedule(c *call, in putScheduleInput) (any, error) {
	return putSchedule(c, in, c.Scheduler.Create)
}
func updateSchedule(c *call, in putScheduleInput) (any, error) {
	return putSchedule(c, in, c.Scheduler.Update)
}

func putSchedule(c *call, in putScheduleInput, put func(context.Context, cloud.Caller, scheduler.Schedule) (scheduler.Schedule, error)) (any, error) {
	s, err := in.schedule()
	if err != nil {
		return nil, err
	}
	if err := scheduler.CheckRoleARN(s.Target.RoleARN); err != nil {
		return nil, err
	}
	if err := c.passRole(s.Target.RoleARN, schedulerService); err != nil {
		return nil, err
	}
	s, err = put(c.Context(), c.caller, s)
	return scheduleCreated{s.ARN}, err
}

// describedSchedule is a schedule in the response of GetSchedule.
type describedSchedule struct {
	scheduleSettings
	ARN                  string `json:"Arn"`
	CreationDate         instant
	LastModificationDate instant
	Name                 string
}

func getSchedule(c *call, in scheduleInput) (any, error) {
	s, err := c.Scheduler.Find(in.GroupName, in.Name)
	if err != nil {
		return nil, err
	}
	d := describedSchedule{scheduleSettings{
		ActionAfterCompletion: s.Completion, Description: s.Description, FlexibleTimeWindow: flexibleTimeWindow{Mode: "OFF"}, GroupName: s.Group, KmsKeyARN: s.KMSKeyARN,
		ScheduleExpression: s.Expression, ScheduleExpressionTimezone: s.Timezone, State: s.State,
		Target: scheduleTarget{ARN: s.Target.ARN, Input: s.Target.Input, RoleARN: s.Target.RoleARN, RetryPolicy: &retryPolicy{&s.Target.MaxAge, s.Target.Retries}},
	}, s.ARN, instant{s.Created}, instant{s.Modified}, s.Name}
	if s.Window > 0 {
		d.FlexibleTimeWindow = flexibleTimeWindow{&s.Window, "FLEXIBLE"}
	}
	if !s.Start.IsZero() {
		d.StartDate = &instant{s.Start}
	}
	if !s.End.IsZero() {
		d.EndDate = &instant{s.End}
	}
	if s.Target.DeadLetters != "" {
		d.Target.DeadLetterConfig = &struct {
			ARN string `json:"Arn"`
		}{s.Target.DeadLetters}
	}
	return d, nil
}

func deleteSchedule(c *call, in scheduleInput) (any, error) {
	return struct{}{}, c.Scheduler.Delete(in.GroupName, in.Name)
}

type listSchedulesInput struct {
	GroupName  string `query:"ScheduleGroup"`
	MaxResults *int
	NamePrefix string
	NextToken  string
	State      string
}

// listSchedules lists the schedules of a group, or of all groups.
func listSchedules(c *call, in listSchedulesInput) (any, error) {
	if err := cloud.CheckOptional(in.State, scheduler.CheckState); err != nil {
		return nil, err
	}
	all, err := c.Scheduler.List(scheduler.Filter{Group: in.GroupName, NamePrefix: in.NamePrefix, State: in.State})
	if err != nil {
		return nil, err
	}
	some, next, err := schedulerPage(all, in.NextToken, in.MaxResults, func(s scheduler.Schedule) string { return s.Group + "/" + s.Name })
	type targetSummary struct {
		ARN string `json:"Arn"`
	}
	type summary struct {
		ARN                                string `json:"Arn"`
		CreationDate, LastModificationDate instant
		GroupName, Name, State             string
		Target                             targetSummary
	}
	return struct {
		NextToken string `json:",omitempty"`
		Schedules []summary
	}{next, listOf(some, func(s scheduler.Schedule) summary {
		return summary{s.ARN, instant{s.Created}, instant{s.Modified}, s.Group, s.Name, s.State, targetSummary{s.Target.ARN}}
	})}, err
}

// schedulerPage returns a page of at most 100 items.
func schedulerPage[T any](items []T, token string, size *int, key func(T) string) (first []T, next string, err error) {
	n := 100
	if size != nil {
		if n = *size; n < 1 || n > 100 {
			return nil, "", cloud.Violated("ValidationException", n, "maxResults", "Member must have value between 1 and 100")
		}
	}
	first, next, ok := page(items, token, n, key)
	if !ok {
		return nil, "", cloud.Errorf(http.StatusBadRequest, "ValidationException", "Invalid NextToken.")
	}
	return first, next, nil
}
