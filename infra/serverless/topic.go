package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Topic is an SNS topic.
type Topic struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput

	ctx  *pulumi.Context
	name string
}

// NewTopic creates a topic that only its own account may use.
func NewTopic(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*Topic, error) {
	t := &Topic{ctx: ctx, name: name}
	if err := ctx.RegisterComponentResource("tally:serverless:Topic", name, t, opts...); err != nil {
		return nil, err
	}
	topic, err := sns.NewTopic(ctx, name, nil, pulumi.Parent(t))
	if err != nil {
		return nil, err
	}
	t.ARN = topic.Arn
	return t, ctx.RegisterResourceOutputs(t, pulumi.Map{"arn": t.ARN})
}

// Subscribe invokes the function with every message of the topic, at least
// once and asynchronously. The permission comes first: SNS does not retry a
// delivery that Lambda refuses.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
func (t *Topic) Subscribe(f *Function) error {
	name := t.name + "-" + f.name
	permission, err := f.invokeBy(name, "sns.amazonaws.com", t.ARN, pulumi.Parent(t))
	if err != nil {
		return err
	}
	_, err = sns.NewTopicSubscription(t.ctx, name, &sns.TopicSubscriptionArgs{
		Topic:    t.ARN,
		Protocol: pulumi.String("lambda"),
		Endpoint: f.ARN,
	}, pulumi.Parent(t), pulumi.DependsOn([]pulumi.Resource{permission}))
	return err
}

// GrantPublish lets the function publish to the topic.
func (t *Topic) GrantPublish(f *Function) error {
	return f.Grant("publish-"+t.name, []string{"sns:Publish"}, t.ARN)
}
