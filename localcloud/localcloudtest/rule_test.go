package localcloudtest

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	awssns "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	awssqs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestRuleOfAProgram deploys a rule with the real engine. Every ten minutes, that is, every
// ten seconds here, it sends to a queue, to a topic that sends on to the queue, and to a
// topic that does not allow it to, for which the queue is the dead-letter queue.
func TestRuleOfAProgram(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	c := Start(t)
	stack := c.Deploy(t.Context(), Program{Project: "ruled", Run: func(ctx *pulumi.Context) error {
		rule, err := cloudwatch.NewEventRule(ctx, "work", &cloudwatch.EventRuleArgs{ScheduleExpression: pulumi.String("rate(10 minutes)")})
		if err != nil {
			return err
		}
		q, err := awssqs.NewQueue(ctx, "work", nil)
		if err != nil {
			return err
		}
		open, err := awssns.NewTopic(ctx, "open", nil)
		if err != nil {
			return err
		}
		closed, err := awssns.NewTopic(ctx, "closed", nil)
		if err != nil {
			return err
		}
		allow := func(service, action string, resource, source pulumi.StringInput) pulumi.StringOutput {
			return pulumi.Sprintf(`{"Effect":"Allow","Principal":{"Service":"%s.amazonaws.com"},"Action":"%s","Resource":"%s","Condition":{"ArnEquals":{"aws:SourceArn":"%s"}}}`, service, action, resource, source)
		}
		policy, err := awssqs.NewQueuePolicy(ctx, "work", &awssqs.QueuePolicyArgs{QueueUrl: q.Url, Policy: pulumi.Sprintf(`{"Version":"2012-10-17","Statement":[%s,%s]}`,
			allow("events", "sqs:SendMessage", q.Arn, rule.Arn), allow("sns", "sqs:SendMessage", q.Arn, open.Arn))})
		if err != nil {
			return err
		}
		if _, err := awssns.NewTopicPolicy(ctx, "open", &awssns.TopicPolicyArgs{Arn: open.Arn, Policy: pulumi.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"%s"}]}`, open.Arn)}); err != nil {
			return err
		}
		if _, err := awssns.NewTopicSubscription(ctx, "open", &awssns.TopicSubscriptionArgs{Topic: open.Arn, Protocol: pulumi.String("sqs"), Endpoint: q.Arn, RawMessageDelivery: pulumi.Bool(true)},
			pulumi.DependsOn([]pulumi.Resource{policy})); err != nil {
			return err
		}
		for name, args := range map[string]*cloudwatch.EventTargetArgs{
			"queue":  {Arn: q.Arn, Input: pulumi.String(`"queue"`)},
			"topic":  {Arn: open.Arn, InputTransformer: cloudwatch.EventTargetInputTransformerArgs{InputPaths: pulumi.StringMap{"type": pulumi.String("$.detail-type")}, InputTemplate: pulumi.String(`"<type>"`)}},
			"closed": {Arn: closed.Arn, DeadLetterConfig: cloudwatch.EventTargetDeadLetterConfigArgs{Arn: q.Arn}},
		} {
			args.Rule = rule.Name
			if _, err := cloudwatch.NewEventTarget(ctx, name, args); err != nil {
				return err
			}
		}
		ctx.Export("queue", q.Url)
		return nil
	}})
	url := stack.Output(t.Context(), "queue")
	var got []string
	for len(got) < 3 {
		out, err := sqs.NewFromConfig(c.AWSConfig()).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(url), WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"}})
		if err != nil || len(out.Messages) == 0 {
			t.Fatalf("only %q, %v", got, err)
		}
		for _, m := range out.Messages {
			if code := m.MessageAttributes["ERROR_CODE"].StringValue; code != nil {
				got = append(got, *code)
			} else {
				got = append(got, *m.Body)
			}
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, []string{`"Scheduled Event"`, `"queue"`, "NO_PERMISSIONS"}) {
		t.Errorf("got %q", got)
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
