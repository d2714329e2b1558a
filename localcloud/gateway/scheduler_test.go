package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsscheduler "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// scheduling creates a role "scheduling" that EventBridge Scheduler may assume for
// schedules of the group g, and whose policies are as given.
func (k *kit) scheduling(t *testing.T, policy string) string {
	t.Helper()
	r := must(k.IAM.CreateRole(iam.Role{Name: "scheduling", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"000000000000",` +
		`"aws:SourceArn":"arn:aws:scheduler:us-east-1:000000000000:schedule-group/g"}}}]}`}))(t)
	if err := k.IAM.PutRolePolicy("scheduling", "all", policy); err != nil {
		t.Fatal(err)
	}
	return k.IAM.RoleARN(r).String()
}

func (k *kit) scheduler(keys cloud.Credentials) *awsscheduler.Client {
	return awsscheduler.NewFromConfig(k.config(keys))
}

// schedule returns the input of a schedule of the group g that occurs at once.
func schedule(name, target, role string) *awsscheduler.CreateScheduleInput {
	return &awsscheduler.CreateScheduleInput{
		Name: &name, GroupName: aws.String("g"), ScheduleExpression: aws.String("rate(1 day)"), FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: "OFF"},
		Target: &types.Target{Arn: &target, RoleArn: &role, Input: aws.String(`"<aws.scheduler.attempt-number>"`), RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(0)}},
	}
}

// TestSchedules takes a schedule through its life.
func TestSchedules(t *testing.T) {
	k := newKit(t)
	role, ctx, c := k.scheduling(t, everything), t.Context(), k.scheduler(developer)
	must(c.CreateScheduleGroup(ctx, &awsscheduler.CreateScheduleGroupInput{Name: aws.String("g")}))(t)
	in := schedule("n", here.ARN("sqs", "q").String(), role)
	start, end := time.Now().Add(time.Hour).Truncate(time.Second).UTC(), time.Now().Add(2*time.Hour).Truncate(time.Second).UTC()
	in.StartDate, in.EndDate, in.Description, in.ActionAfterCompletion = &start, &end, aws.String("d"), "DELETE"
	in.FlexibleTimeWindow = &types.FlexibleTimeWindow{Mode: "FLEXIBLE", MaximumWindowInMinutes: aws.Int32(15)}
	in.Target.DeadLetterConfig = &types.DeadLetterConfig{Arn: aws.String(here.ARN("sqs", "dead").String())}
	in.ClientToken = aws.String("token")
	made := must(c.CreateSchedule(ctx, in))(t)
	const arn = "arn:aws:scheduler:us-east-1:000000000000:schedule/g/n"
	if again := must(c.CreateSchedule(ctx, in))(t); *made.ScheduleArn != arn || *again.ScheduleArn != arn {
		t.Errorf("created %s, then %s", *made.ScheduleArn, *again.ScheduleArn)
	}
	in.ClientToken = nil
	if _, err := c.CreateSchedule(ctx, in); code(err) != "ConflictException: Schedule n already exists." {
		t.Error(err)
	}

	get := &awsscheduler.GetScheduleInput{Name: aws.String("n"), GroupName: aws.String("g")}
	got := must(c.GetSchedule(ctx, get))(t)
	if *got.Arn != arn || *got.GroupName != "g" || *got.ScheduleExpression != "rate(1 day)" || *got.ScheduleExpressionTimezone != "UTC" || got.State != "ENABLED" ||
		got.ActionAfterCompletion != "DELETE" || *got.Description != "d" || !got.StartDate.Equal(start) || !got.EndDate.Equal(end) || time.Since(*got.CreationDate) > time.Minute ||
		*got.FlexibleTimeWindow.MaximumWindowInMinutes != 15 || *got.Target.DeadLetterConfig.Arn != here.ARN("sqs", "dead").String() || *got.Target.RoleArn != role ||
		*got.Target.RetryPolicy.MaximumEventAgeInSeconds != 86400 || *got.Target.RetryPolicy.MaximumRetryAttempts != 0 || got.KmsKeyArn != nil {
		t.Errorf("got %+v", got)
	}

	must(c.UpdateSchedule(ctx, &awsscheduler.UpdateScheduleInput{Name: aws.String("n"), GroupName: aws.String("g"), ScheduleExpression: aws.String("cron(0 9 ? * MON *)"),
		ScheduleExpressionTimezone: aws.String("Europe/Rome"), State: "DISABLED", FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: "OFF"}, Target: &types.Target{Arn: in.Target.Arn, RoleArn: &role}}))(t)
	got = must(c.GetSchedule(ctx, get))(t)
	if *got.ScheduleExpression != "cron(0 9 ? * MON *)" || *got.ScheduleExpressionTimezone != "Europe/Rome" || got.State != "DISABLED" || got.StartDate != nil || got.Description != nil ||
		got.FlexibleTimeWindow.Mode != "OFF" || got.Target.DeadLetterConfig != nil || got.Target.Input != nil || *got.Target.RetryPolicy.MaximumRetryAttempts != 185 || got.ActionAfterCompletion != "NONE" {
		t.Errorf("updated to %+v", got)
	}

	for _, name := range []string{"a", "b"} {
		other := schedule(name, *in.Target.Arn, role)
		other.State = "DISABLED"
		must(c.CreateSchedule(ctx, other))(t)
	}
	names := func(in awsscheduler.ListSchedulesInput) string {
		t.Helper()
		var all []string
		for pages := awsscheduler.NewListSchedulesPaginator(c, &in); pages.HasMorePages(); {
			for _, s := range must(pages.NextPage(ctx))(t).Schedules {
				all = append(all, *s.Name)
			}
		}
		return strings.Join(all, " ")
	}
	for want, in := range map[string]awsscheduler.ListSchedulesInput{
		"a b n": {MaxResults: aws.Int32(2)}, "b": {NamePrefix: aws.String("b")}, "": {State: "ENABLED"},
	} {
		if got := names(in); got != want {
			t.Errorf("listed %s, want %s", got, want)
		}
	}

	must(c.DeleteSchedule(ctx, &awsscheduler.DeleteScheduleInput{Name: aws.String("n"), GroupName: aws.String("g")}))(t)
	for what, err := range map[string]error{
		"ResourceNotFoundException: Schedule n does not exist.":       second(c.GetSchedule(ctx, get)),
		"ResourceNotFoundException: Schedule group h does not exist.": second(c.ListSchedules(ctx, &awsscheduler.ListSchedulesInput{GroupName: aws.String("h")})),
		"ValidationException: Invalid NextToken.":                     second(c.ListSchedules(ctx, &awsscheduler.ListSchedulesInput{NextToken: aws.String("?")})),
	} {
		if code(err) != what {
			t.Errorf("got %v, want %s", err, what)
		}
	}
}

func TestScheduleGroups(t *testing.T) {
	k := newKit(t)
	role, ctx, c := k.scheduling(t, everything), t.Context(), k.scheduler(developer)
	made := must(c.CreateScheduleGroup(ctx, &awsscheduler.CreateScheduleGroupInput{Name: aws.String("g"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}))(t)
	if *made.ScheduleGroupArn != "arn:aws:scheduler:us-east-1:000000000000:schedule-group/g" {
		t.Error(*made.ScheduleGroupArn)
	}
	must(c.TagResource(ctx, &awsscheduler.TagResourceInput{ResourceArn: made.ScheduleGroupArn, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}))(t)
	must(c.UntagResource(ctx, &awsscheduler.UntagResourceInput{ResourceArn: made.ScheduleGroupArn, TagKeys: []string{"a"}}))(t)
	if tags := must(c.ListTagsForResource(ctx, &awsscheduler.ListTagsForResourceInput{ResourceArn: made.ScheduleGroupArn}))(t).Tags; len(tags) != 1 || *tags[0].Key != "b" {
		t.Errorf("tags %+v", tags)
	}
	if g := must(c.GetScheduleGroup(ctx, &awsscheduler.GetScheduleGroupInput{Name: aws.String("g")}))(t); g.State != "ACTIVE" || time.Since(*g.CreationDate) > time.Minute {
		t.Errorf("got %+v", g)
	}
	if all := must(c.ListScheduleGroups(ctx, nil))(t).ScheduleGroups; len(all) != 2 || *all[0].Name != "default" || *all[1].Name != "g" {
		t.Errorf("listed %+v", all)
	}
	in := schedule("n", here.ARN("sqs", "q").String(), role)
	in.State = "DISABLED"
	must(c.CreateSchedule(ctx, in))(t)
	must(c.DeleteScheduleGroup(ctx, &awsscheduler.DeleteScheduleGroupInput{Name: aws.String("g")}))(t)
	if all := must(c.ListSchedules(ctx, nil))(t).Schedules; len(all) != 0 {
		t.Errorf("the schedule is left: %+v", all)
	}
}

// TestScheduledInvocations checks that targets are invoked with the permissions of the
// role, and that a refusal goes to the dead-letter queue.
func TestScheduledInvocations(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "f"})
	events := make(chan runtimeapi.Event, 10)
	k.handled = func(e runtimeapi.Event) { events <- e }
	q := must(k.SQS.CreateQueue(sqs.Queue{Name: "q"}))(t)
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "t"}))(t)
	allow := func(action, resource string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"},{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"` + q.ARN + `"}]}`
	}
	role, ctx, c, queues := k.scheduling(t, allow("lambda:InvokeFunction", f.ARN)), t.Context(), k.scheduler(developer), awssqs.NewFromConfig(k.config(developer))
	must(c.CreateScheduleGroup(ctx, &awsscheduler.CreateScheduleGroupInput{Name: aws.String("g")}))(t)
	receive := func() string {
		t.Helper()
		out := must(queues.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: &q.URL, WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"}}))(t)
		if len(out.Messages) != 1 {
			t.Fatalf("%d messages", len(out.Messages))
		}
		m := out.Messages[0]
		must(queues.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: m.ReceiptHandle}))(t)
		return *m.Body + " " + aws.ToString(m.MessageAttributes["ERROR_CODE"].StringValue) + ": " + aws.ToString(m.MessageAttributes["ERROR_MESSAGE"].StringValue)
	}
	must(c.CreateSchedule(ctx, schedule("function", f.ARN, role)))(t)
	if e := <-events; string(e.Payload) != `"1"` || e.FunctionARN != f.ARN {
		t.Errorf("got %+v", e)
	}
	must(c.CreateSchedule(ctx, schedule("queue", q.ARN, role)))(t)
	if got := receive(); got != `"1" : ` {
		t.Errorf("got %s", got)
	}
	for target, want := range map[string]string{
		topic.ARN: `{"Message":"\"1\"","TopicArn":"` + topic.ARN + `"} AuthorizationError: User: arn:aws:sts::000000000000:assumed-role/scheduling/failing is not authorized to perform: SNS:Publish on resource: ` + topic.ARN,
		here.ARN("lambda", "function:other").String(): `{"FunctionName":"` + here.ARN("lambda", "function:other").String() + `","InvocationType":"Event","Payload":"\"1\""} AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/scheduling/failing is not authorized to perform: lambda:InvokeFunction`,
		here.ARN("sqs", "missing").String():           `{"MessageBody":"\"1\"","QueueUrl":"` + k.url + `/000000000000/missing"} AWS.SimpleQueueService.NonExistentQueue: `,
	} {
		in := schedule("failing", target, role)
		in.Target.DeadLetterConfig = &types.DeadLetterConfig{Arn: &q.ARN}
		must(c.CreateSchedule(ctx, in))(t)
		if got := receive(); !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
		must(c.DeleteSchedule(ctx, &awsscheduler.DeleteScheduleInput{Name: in.Name, GroupName: in.GroupName}))(t)
	}
	if err := k.IAM.PutRolePolicy("scheduling", "all", allow("sns:Publish", topic.ARN)); err != nil {
		t.Fatal(err)
	}
	must(k.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: q.ARN, RawMessageDelivery: true}))(t)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + q.ARN + `"}]}`
	must(queues.SetQueueAttributes(ctx, &awssqs.SetQueueAttributesInput{QueueUrl: &q.URL, Attributes: map[string]string{"Policy": policy}}))(t)
	must(c.CreateSchedule(ctx, schedule("topic", topic.ARN, role)))(t)
	if got := receive(); got != `"1" : ` {
		t.Errorf("got %s", got)
	}
}

// TestScheduleAuthorization checks what creating a schedule requires besides the permission
// for the action itself.
func TestScheduleAuthorization(t *testing.T) {
	k := newKit(t)
	role := k.scheduling(t, everything)
	must(k.Scheduler.CreateGroup("g", nil, ""))(t)
	must(k.Scheduler.CreateGroup("h", nil, ""))(t)
	const allowed = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Action":"scheduler:*","Resource":["arn:aws:scheduler:us-east-1:000000000000:schedule/g/*","arn:aws:scheduler:us-east-1:000000000000:schedule-group/g"]},` +
		`{"Effect":"Deny","Action":["scheduler:TagResource","scheduler:DeleteSchedule"],"Resource":"*"}`
	keys := k.role(t, allowed+`]}`)
	c, ctx := k.scheduler(keys), t.Context()
	in := schedule("n", here.ARN("sqs", "q").String(), role)
	in.State = "DISABLED"
	refused := func(err error, action, resource string) {
		t.Helper()
		if want := "User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: " + action + " on resource: " + resource; !strings.Contains(code(err), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	refused(second(c.CreateSchedule(ctx, in)), "iam:PassRole", role)
	pass := `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"scheduler.amazonaws.com"}}}]}`
	if err := k.IAM.PutRolePolicy("worker", "all", allowed+pass); err != nil {
		t.Fatal(err)
	}
	must(c.CreateSchedule(ctx, in))(t)
	in.GroupName = aws.String("h")
	refused(second(c.CreateSchedule(ctx, in)), "scheduler:CreateSchedule", "arn:aws:scheduler:us-east-1:000000000000:schedule/h/n")
	in.GroupName, in.Name = nil, aws.String("o")
	refused(second(c.CreateSchedule(ctx, in)), "scheduler:CreateSchedule", "arn:aws:scheduler:us-east-1:000000000000:schedule/default/o")
	refused(second(c.DeleteScheduleGroup(ctx, &awsscheduler.DeleteScheduleGroupInput{Name: aws.String("g")})), "scheduler:DeleteSchedule", "arn:aws:scheduler:us-east-1:000000000000:schedule/g/*")
	refused(second(c.CreateScheduleGroup(ctx, &awsscheduler.CreateScheduleGroupInput{Name: aws.String("g"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}})), "scheduler:TagResource", "arn:aws:scheduler:us-east-1:000000000000:schedule-group/g")

	// The trust policy of the role names another group.
	c = k.scheduler(developer)
	in.GroupName = aws.String("h")
	if _, err := c.CreateSchedule(ctx, in); code(err) != "ValidationException: The execution role you provide must allow AWS EventBridge Scheduler to assume the role." {
		t.Error(err)
	}
}
