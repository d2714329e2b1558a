package serverless

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ScheduleArgs are the arguments of NewSchedule.
type ScheduleArgs struct {
	// Expression determines when the function is invoked: "rate(1 hour)";
	// "cron(30 9 ? * MON-FRI *)", with minute, hour, day of month, month, day of week
	// and, optionally, year; or "at(2027-01-31T09:30:00)", once. A rate starts with the first
	// invocation, right after the deployment. Required.
	//
	// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
	Expression string
	// Timezone is the time zone of a cron or at expression, such as "Europe/Rome", as
	// the IANA database spells it. Default: "UTC".
	Timezone string
	// Input is the event of each invocation. Strings in it may contain
	// <aws.scheduler.scheduled-time> and other keywords. Default: the event that
	// EventBridge Scheduler sends (events.EventBridgeEvent).
	//
	// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
	Input pulumi.MapInput
	// Function is the function to invoke. Required.
	Function *Function
	// Retries is the number of retries while Lambda does not accept an event, 0 to 185.
	// Default: 185. The function's own Retries apply once Lambda has accepted it.
	Retries pulumi.IntPtrInput
	// MaxEventAgeSeconds is the age in seconds at which EventBridge Scheduler stops
	// retrying, 60 to 86400. Default: 3600, an hour.
	MaxEventAgeSeconds pulumi.IntPtrInput
}

// Schedule invokes a function at certain times, at least once each. The invocations are
// asynchronous: what the function fails to process goes to its Failures, or to the
// handler of OnFailure.
//
// A schedule has a group of its own. AWS lets a role's trust policy name a group, and not
// a schedule, and reports metrics per group.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
type Schedule struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput
	// Redrive holds the events that EventBridge Scheduler could not pass to Lambda.
	Redrive *Queue

	env   *Environment
	name  string
	group *scheduler.ScheduleGroup
	role  *iam.Role
}

// NewSchedule creates a schedule that may invoke only the alias of its function.
func NewSchedule(env *Environment, name string, args *ScheduleArgs, opts ...pulumi.ResourceOption) (*Schedule, error) {
	s := &Schedule{env: env, name: name}
	if args == nil {
		args = &ScheduleArgs{}
	}
	if err := errors.Join(env.checkName("schedule", name, part{"schedule", ""}, part{"role", "-schedule"}, part{"queue", "-redrive"}), s.check(args)); err != nil {
		return nil, err
	}
	if err := env.register("Schedule", name, s, nil, opts); err != nil {
		return nil, err
	}
	if err := s.createGroup(); err != nil {
		return nil, err
	}
	if err := s.storeFailures(args.Function); err != nil {
		return nil, err
	}
	permission, err := s.permit(args.Function)
	if err != nil {
		return nil, err
	}
	if err := s.create(args, permission); err != nil {
		return nil, err
	}
	if err := s.watch(); err != nil {
		return nil, err
	}
	return s, env.ctx.RegisterResourceOutputs(s, pulumi.Map{"arn": s.ARN})
}

// check returns an error if AWS would refuse the expression or the time zone, or if the
// function is missing or in another environment.
func (s *Schedule) check(args *ScheduleArgs) error {
	if args.Function == nil {
		return fmt.Errorf("schedule %s: Function is required", s.name)
	}
	if args.Function.env != s.env {
		return fmt.Errorf("schedule %s: the schedule is in the environment %s and the function in %s", s.name, s.env.name, args.Function.env.name)
	}
	if err := checkExpression(args.Expression); err != nil {
		return fmt.Errorf("schedule %s: Expression %q: %w", s.name, args.Expression, err)
	}
	if args.Timezone != "" && !isTimezone(args.Timezone) {
		return fmt.Errorf("schedule %s: Timezone must be the name of a time zone, such as Europe/Rome, not %q", s.name, args.Timezone)
	}
	return nil
}

// createGroup creates the group and the role, which EventBridge Scheduler may assume only
// for schedules of the group.
func (s *Schedule) createGroup() (err error) {
	e, id := s.env, s.env.child(s.name)
	if s.group, err = scheduler.NewScheduleGroup(e.ctx, id, &scheduler.ScheduleGroupArgs{Tags: e.tags}, pulumi.Parent(s)); err != nil {
		return err
	}
	// A suffix, because the function may have the name of its schedule, and its role has it, too.
	s.role, err = e.role(id+"-schedule", document(statement{
		Principal: service("scheduler.amazonaws.com"), Action: []string{"sts:AssumeRole"},
		Condition: pulumi.Map{"StringEquals": pulumi.StringMap{"aws:SourceAccount": e.account, "aws:SourceArn": s.group.Arn}},
	}), s)
	return err
}

// storeFailures creates the queue for the events that Lambda did not accept. EventBridge
// Scheduler sends them with the role.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
func (s *Schedule) storeFailures(f *Function) (err error) {
	s.Redrive, err = newFailureQueue(s.env, s.name+"-redrive", sender{principal: principal(s.role.Arn)}, s)
	if err != nil {
		return err
	}
	s.Redrive.function = f.ARN
	return nil
}

// permit allows the role to invoke the function's alias, to send to the queue, and to use
// the key that encrypts the queue and the schedule.
func (s *Schedule) permit(f *Function) (pulumi.Resource, error) {
	statements := []statement{
		{Action: []string{"lambda:InvokeFunction"}, Resource: []pulumi.StringInput{f.ARN}},
		{Action: []string{"sqs:SendMessage"}, Resource: []pulumi.StringInput{s.Redrive.ARN}},
	}
	if s.env.args.CustomerKey {
		statements = append(statements, statement{Action: useKey, Resource: []pulumi.StringInput{s.env.key}})
	}
	return iam.NewRolePolicy(s.env.ctx, s.env.child(s.name), &iam.RolePolicyArgs{Role: s.role.Name, Policy: document(statements...)}, pulumi.Parent(s))
}

// create creates the schedule after the permission, so that its first invocation does not
// fail.
func (s *Schedule) create(args *ScheduleArgs, permission pulumi.Resource) error {
	within := func(property string, in pulumi.IntPtrInput, l limits) pulumi.IntOutput {
		return number("schedule "+s.name, property, in, l)
	}
	target := scheduler.ScheduleTargetArgs{
		Arn:              args.Function.ARN,
		RoleArn:          s.role.Arn,
		DeadLetterConfig: scheduler.ScheduleTargetDeadLetterConfigArgs{Arn: s.Redrive.ARN},
		RetryPolicy: scheduler.ScheduleTargetRetryPolicyArgs{
			MaximumRetryAttempts:     within("Retries", args.Retries, limits{185, 0, 185}),
			MaximumEventAgeInSeconds: within("MaxEventAgeSeconds", args.MaxEventAgeSeconds, limits{3600, 60, 86400}),
		},
	}
	if args.Input != nil {
		target.Input = args.Input.ToMapOutput().ApplyT(literalJSON).(pulumi.StringPtrOutput)
	}
	timezone := args.Timezone
	if timezone == "" {
		timezone = "UTC"
	}
	schedule, err := scheduler.NewSchedule(s.env.ctx, s.env.child(s.name), &scheduler.ScheduleArgs{
		GroupName:                  s.group.Name,
		ScheduleExpression:         pulumi.String(args.Expression),
		ScheduleExpressionTimezone: pulumi.String(timezone),
		FlexibleTimeWindow:         scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
		KmsKeyArn:                  s.env.customerKey(),
		Target:                     target,
	}, pulumi.Parent(s), pulumi.DependsOn([]pulumi.Resource{permission, s.Redrive.policy}))
	if err != nil {
		return err
	}
	s.ARN = schedule.Arn
	return nil
}

// literalJSON returns the JSON of an input. It does not escape "<", with which the keywords
// start that EventBridge Scheduler replaces.
func literalJSON(input map[string]any) (*string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(input)
	text := strings.TrimSuffix(b.String(), "\n")
	return &text, err
}

// watch creates the schedule's alarms and graph. The alarms are raised if Lambda did not
// accept an event.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
func (s *Schedule) watch() error {
	count := func(name string) metric {
		return metric{"AWS/Scheduler", name, "Sum", pulumi.StringMap{"ScheduleGroup": s.group.Name}}
	}
	dropped, lost := count("InvocationDroppedCount"), count("InvocationsFailedToBeSentToDeadLetterCount")
	s.env.show("Invocations of schedule "+s.name, count("InvocationAttemptCount"), count("TargetErrorCount"), dropped, lost)
	once := pulumi.Float64(1)
	return s.env.watch("schedule", s.env.child(s.name), s,
		alarm{name: "failed", metric: dropped, atLeast: once,
			meaning: pulumi.String("EventBridge Scheduler gave up on an event of the schedule " + s.name + ": its redrive queue contains the event and the reason.")},
		alarm{name: "lost", metric: lost, atLeast: once,
			meaning: pulumi.String("EventBridge Scheduler could not send a failed event of the schedule " + s.name + " to its redrive queue, so the event is lost: check the permissions of the schedule's role.")})
}
