package serverless

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SubscriptionArgs describe a Subscription.
type SubscriptionArgs struct {
	// FilterPolicy tells which messages are delivered. Default all.
	//
	// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
	FilterPolicy map[string]any
	// FilterPolicyScope is what the policy is about: "MessageAttributes" or
	// "MessageBody". Default "MessageAttributes".
	FilterPolicyScope string
}

// Subscription delivers the messages of a topic.
type Subscription struct {
	// Redrive holds the messages that SNS could not deliver.
	Redrive *Queue
}

// Subscribe invokes the function with every message of the topic, at least
// once and asynchronously. The permission comes first: SNS does not retry a
// delivery that Lambda refuses, but puts the message into the redrive queue.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
func (t *Topic) Subscribe(f *Function, args *SubscriptionArgs) (*Subscription, error) {
	name := t.name + "-" + f.name
	permission, err := f.invokeBy(name, "sns.amazonaws.com", t.ARN, pulumi.Parent(t))
	if err != nil {
		return nil, err
	}
	return t.subscribe(name, &sns.TopicSubscriptionArgs{Protocol: pulumi.String("lambda"), Endpoint: f.ARN}, args,
		pulumi.DependsOn([]pulumi.Resource{permission}))
}

// tell subscribes those who are outside of the stack.
func (t *Topic) tell(args *TopicArgs) error {
	if args.Webhook != "" {
		_, err := t.subscribe(t.name+"-webhook", &sns.TopicSubscriptionArgs{
			Protocol: pulumi.String("https"), Endpoint: pulumi.String(args.Webhook),
		}, nil)
		if err != nil {
			return err
		}
	}
	if args.Email == "" {
		return nil
	}
	_, err := sns.NewTopicSubscription(t.env.ctx, t.name+"-email", &sns.TopicSubscriptionArgs{
		Topic: t.ARN, Protocol: pulumi.String("email"), Endpoint: pulumi.String(args.Email),
	}, pulumi.Parent(t))
	return err
}

// subscribe creates the queue, which admits the topic alone, and then what may
// need it.
func (t *Topic) subscribe(name string, s *sns.TopicSubscriptionArgs, args *SubscriptionArgs, opts ...pulumi.ResourceOption) (*Subscription, error) {
	if args != nil && args.FilterPolicy != nil {
		s.FilterPolicy = pulumi.JSONMarshal(args.FilterPolicy)
		if args.FilterPolicyScope != "" {
			s.FilterPolicyScope = pulumi.String(args.FilterPolicyScope)
		}
	} else if args != nil && args.FilterPolicyScope != "" {
		return nil, fmt.Errorf("subscription %s: a filter policy scope without a filter policy has no effect", name)
	}
	redrive, err := newQueue(t.env, name+"-redrive", sender{service("sns.amazonaws.com"), from(t.ARN)}, t)
	if err != nil {
		return nil, err
	}
	s.Topic = t.ARN
	s.RedrivePolicy = pulumi.JSONMarshal(pulumi.StringMap{"deadLetterTargetArn": redrive.ARN})
	if _, err := sns.NewTopicSubscription(t.env.ctx, name, s, append(opts, pulumi.Parent(t), pulumi.DependsOn([]pulumi.Resource{redrive.policy}))...); err != nil {
		return nil, err
	}
	return &Subscription{Redrive: redrive}, nil
}
