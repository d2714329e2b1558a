package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/scheduler"
)

// schedule returns the type of schedules. Their ID is the names of the group and the
// schedule with a slash between.
//
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/scheduler/schedule/
func schedule(service *scheduler.Service, principals *iam.Service) *Resource {
	put := func(ctx context.Context, in schema.Values, put func(context.Context, cloud.Caller, scheduler.Schedule) (scheduler.Schedule, error)) (scheduler.Schedule, error) {
		caller, err := developer(principals)
		if err != nil {
			return scheduler.Schedule{}, err
		}
		return put(ctx, caller, wantedSchedule(in))
	}
	return &Resource{
		Type: scheduleType(),
		ID: func(in schema.Values) string {
			if in.Has("groupName") {
				return in.String("groupName") + "/" + in.String("name")
			}
			return scheduler.DefaultGroup + "/" + in.String("name")
		},
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			s, err := put(ctx, in, service.Create)
			return s.Group + "/" + s.Name, liveSchedule(s), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			group, name, err := splitSchedule(id)
			if err != nil {
				return "", nil, err
			}
			s, err := service.Find(group, name)
			return id, liveSchedule(s), err
		},
		Update: func(ctx context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			s, err := put(ctx, in, service.Update)
			return liveSchedule(s), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error {
			group, name, err := splitSchedule(id)
			if err != nil {
				return err
			}
			return service.Delete(group, name)
		},
	}
}

func splitSchedule(id string) (group, name string, err error) {
	group, name, ok := strings.Cut(id, "/")
	if !ok || group == "" || name == "" || strings.Contains(name, "/") {
		return "", "", fmt.Errorf("unexpected format of ID (%s), expected schedule-group-name/schedule-name", id)
	}
	return group, name, nil
}

func scheduleType() schema.Type {
	return schema.Type{
		Token: "aws:scheduler/schedule:Schedule", Noun: "EventBridge Scheduler Schedule",
		Inputs: []schema.Property{
			{Name: "name", AutoName: 64, ForceNew: true, Check: text(scheduler.CheckName)},
			{Name: "groupName", Computed: true, ForceNew: true, Check: text(scheduler.CheckGroupName)},
			{Name: "description", Check: text(scheduler.CheckDescription)},
			{Name: "scheduleExpression", Required: true, Check: text(scheduler.CheckExpression)},
			{Name: "scheduleExpressionTimezone", Default: "UTC", Check: text(scheduler.CheckTimezone)},
			{Name: "startDate", Check: text(checkRFC3339)},
			{Name: "endDate", Check: text(checkRFC3339)},
			{Name: "state", Default: scheduler.Enabled, Check: text(scheduler.CheckState)},
			{Name: "kmsKeyArn", Check: text(scheduler.CheckKMSKeyARN)},
			{Name: "flexibleTimeWindow", Kind: schema.Object, Required: true, Properties: []schema.Property{
				{Name: "mode", Required: true, Check: text(scheduler.CheckMode)},
				{Name: "maximumWindowInMinutes", Kind: schema.Int, Check: whole(scheduler.CheckWindow)},
			}},
			{Name: "target", Kind: schema.Object, Required: true, Properties: []schema.Property{
				{Name: "arn", Required: true, Check: text(scheduler.CheckTargetARN)},
				{Name: "roleArn", Required: true, Check: text(scheduler.CheckRoleARN)},
				{Name: "input"},
				{Name: "deadLetterConfig", Kind: schema.Object, Properties: []schema.Property{
					{Name: "arn", Required: true, Check: text(scheduler.CheckDeadLetters)}}},
				{Name: "retryPolicy", Kind: schema.Object, Computed: true, Properties: []schema.Property{
					{Name: "maximumEventAgeInSeconds", Kind: schema.Int, Default: scheduler.DefaultMaxAge, Check: whole(scheduler.CheckMaxAge)},
					{Name: "maximumRetryAttempts", Kind: schema.Int, Default: scheduler.DefaultRetries, Check: whole(scheduler.CheckRetries)}}},
			}, Unsupported: []string{"ecsParameters", "eventbridgeParameters", "kinesisParameters", "sagemakerPipelineParameters", "sqsParameters"}},
		},
		Outputs:     []schema.Output{{Name: "arn"}},
		Unsupported: []string{"namePrefix"},
		Together:    scheduleTogether,
	}
}

// scheduleTogether checks what depends on several inputs, once they are known.
func scheduleTogether(in schema.Values, fail schema.Fail) {
	window, to := in.Object("flexibleTimeWindow"), in.Object("target")
	if window.Has("mode") && window.Given("maximumWindowInMinutes") == window.Has("maximumWindowInMinutes") {
		if err := scheduler.CheckFlexibleWindow(window.String("mode"), window.Int("maximumWindowInMinutes")); err != nil {
			fail("flexibleTimeWindow", "%s", err)
		}
	}
	if to.Has("arn") && to.Has("input") {
		if err := scheduler.CheckTargetInput(to.String("arn"), to.String("input")); err != nil {
			fail("target.input", "%s", err)
		}
	}
}

// checkRFC3339 validates a time. The real provider accepts any offset, but reads the time
// back in UTC, and so would change the schedule again with every deployment.
func checkRFC3339(s string) error {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return errors.New("expected a valid RFC3339 date, such as 2027-01-31T09:30:00Z")
	}
	if utc := t.UTC().Format(time.RFC3339); utc != s {
		return fmt.Errorf("write it in UTC, as %s: AWS returns it so, and every deployment would change it", utc)
	}
	return nil
}

func wantedSchedule(in schema.Values) scheduler.Schedule {
	to := in.Object("target")
	s := scheduler.Schedule{
		Name: in.String("name"), Group: in.String("groupName"), Description: in.String("description"), Expression: in.String("scheduleExpression"),
		Timezone: in.String("scheduleExpressionTimezone"), Start: timeIn(in, "startDate"), End: timeIn(in, "endDate"), State: in.String("state"),
		KMSKeyARN: in.String("kmsKeyArn"), Window: in.Object("flexibleTimeWindow").Int("maximumWindowInMinutes"),
		Target: scheduler.Target{ARN: to.String("arn"), RoleARN: to.String("roleArn"), Input: to.String("input"), DeadLetters: to.Object("deadLetterConfig").String("arn")},
	}
	policy := to.Object("retryPolicy")
	s.Target.MaxAge = policy.Int("maximumEventAgeInSeconds")
	if policy.Has("maximumRetryAttempts") {
		retries := policy.Int("maximumRetryAttempts")
		s.Target.Retries = &retries
	}
	return s
}

func timeIn(in schema.Values, name string) time.Time {
	t, _ := time.Parse(time.RFC3339, in.String(name)) // zero if it is not set
	return t
}

func liveSchedule(s scheduler.Schedule) map[string]any {
	if s.Target.Retries == nil {
		return nil // there is none
	}
	window := map[string]any{"mode": "OFF"}
	if s.Window > 0 {
		window = map[string]any{"mode": "FLEXIBLE", "maximumWindowInMinutes": s.Window}
	}
	var letters any
	if s.Target.DeadLetters != "" {
		letters = map[string]any{"arn": s.Target.DeadLetters}
	}
	date := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"name": s.Name, "groupName": s.Group, "description": orNil(s.Description), "scheduleExpression": s.Expression, "scheduleExpressionTimezone": s.Timezone,
		"startDate": date(s.Start), "endDate": date(s.End), "state": s.State, "kmsKeyArn": orNil(s.KMSKeyARN), "flexibleTimeWindow": window, "arn": s.ARN,
		"target": map[string]any{
			"arn": s.Target.ARN, "roleArn": s.Target.RoleARN, "input": orNil(s.Target.Input), "deadLetterConfig": letters,
			"retryPolicy": map[string]any{"maximumEventAgeInSeconds": s.Target.MaxAge, "maximumRetryAttempts": *s.Target.Retries},
		},
	}
}
