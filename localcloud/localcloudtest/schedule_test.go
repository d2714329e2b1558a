package localcloudtest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	awssqs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestScheduleOfAProgram deploys a schedule with the real engine, which sends to a queue every
// ten minutes, that is, every ten seconds here.
func TestScheduleOfAProgram(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	c := Start(t)
	stack := c.Deploy(t.Context(), Program{Project: "hourly", Run: func(ctx *pulumi.Context) error {
		q, err := awssqs.NewQueue(ctx, "work", nil)
		if err != nil {
			return err
		}
		group, err := scheduler.NewScheduleGroup(ctx, "work", nil)
		if err != nil {
			return err
		}
		role, err := iam.NewRole(ctx, "work", &iam.RoleArgs{AssumeRolePolicy: pulumi.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceArn":"%s"}}}]}`, group.Arn)})
		if err != nil {
			return err
		}
		_, err = iam.NewRolePolicy(ctx, "work", &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"%s"}]}`, q.Arn)})
		if err != nil {
			return err
		}
		_, err = scheduler.NewSchedule(ctx, "work", &scheduler.ScheduleArgs{
			GroupName: group.Name, ScheduleExpression: pulumi.String("rate(10 minutes)"), FlexibleTimeWindow: scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
			Target: scheduler.ScheduleTargetArgs{Arn: q.Arn, RoleArn: role.Arn, Input: pulumi.String(`{"at":"<aws.scheduler.scheduled-time>"}`)},
		})
		ctx.Export("queue", q.Url)
		return err
	}})
	url := stack.Output(t.Context(), "queue")
	var times []time.Time
	for len(times) < 2 {
		out, err := sqs.NewFromConfig(c.AWSConfig()).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(url), WaitTimeSeconds: 20})
		if err != nil || len(out.Messages) == 0 {
			t.Fatalf("%d messages after %v, %v", len(out.Messages), times, err)
		}
		for _, m := range out.Messages {
			var got struct{ At time.Time }
			if err := json.Unmarshal([]byte(*m.Body), &got); err != nil {
				t.Fatalf("%s: %v", *m.Body, err)
			}
			times = append(times, got.At)
		}
	}
	if apart := times[1].Sub(times[0]).Abs().Round(time.Minute); apart != 10*time.Minute || time.Since(times[0]).Abs() > time.Hour {
		t.Errorf("the times are %v", times)
	}
	if _, err := stack.Refresh(t.Context(), optrefresh.ExpectNoChanges()); err != nil {
		t.Error(err)
	}
	if _, err := stack.Preview(t.Context(), optpreview.ExpectNoChanges()); err != nil {
		t.Error(err)
	}
	if _, err := stack.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
}
