package serverless

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SubscriptionArgs are the arguments of Subscribe.
type SubscriptionArgs struct {
	// FilterPolicy selects the messages to deliver. Default: all.
	//
	// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
	FilterPolicy pulumi.MapInput
	// FilterPolicyScope is the part of a message that FilterPolicy applies to:
	// "MessageAttributes" or "MessageBody". Default: "MessageAttributes".
	FilterPolicyScope string
	// RawMessageDelivery makes SNS deliver the message without its JSON
	// envelope. Only queues support this. Default: false.
	//
	// https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
	RawMessageDelivery bool
	// Buffer puts a queue between the topic and a function, which absorbs bursts and
	// passes messages on in batches. Default: none; SNS invokes the function with each
	// message.
	Buffer *BufferArgs
}

// Subscription is the delivery of a topic's messages to a subscriber.
type Subscription struct {
	// Buffer is the queue between the topic and the function, or nil.
	Buffer *Queue
	// Redrive holds the messages that SNS could not deliver.
	Redrive *Queue
}

// Subscriber is a component that can receive the messages of a topic: a
// *Function or a *Queue.
type Subscriber interface {
	// identity returns the component's environment and name.
	identity() (env *Environment, name string)
	// refuse returns an error if the component does not support the delivery.
	refuse(*delivery) error
	// accept permits the delivery and creates the subscription, or makes
	// Complete create it.
	accept(*delivery) error
}

// delivery is a subscription that is being created.
type delivery struct {
	topic    *Topic
	name     string // "numbers-handle-message"
	args     sns.TopicSubscriptionArgs
	raw      bool
	opts     []pulumi.ResourceOption
	redrive  *Queue      // for the messages that SNS cannot deliver
	buffer   *BufferArgs // of the arguments
	buffered *Queue      // between the topic and the function, once it exists
}

// Subscribe creates a subscription, which delivers every message of the topic
// to a function or a queue at least once. The options apply to every resource
// that it creates. Complete creates the subscription of a queue, after the
// queue's policy.
func (t *Topic) Subscribe(to Subscriber, args *SubscriptionArgs, opts ...pulumi.ResourceOption) (*Subscription, error) {
	if args == nil {
		args = &SubscriptionArgs{}
	}
	env, subscriber := to.identity()
	d := &delivery{topic: t, name: t.name + "-" + subscriber, raw: args.RawMessageDelivery, buffer: args.Buffer, opts: opts}
	if env != t.env {
		return nil, fmt.Errorf("subscription %s: the topic is in the environment %s and the subscriber in %s", d.name, t.env.name, env.name)
	}
	if err := errors.Join(env.checkOpen("subscribe "+subscriber), to.refuse(d), d.filter(args)); err != nil {
		return nil, err
	}
	if err := env.checkName("subscription", d.name, part{"queue", "-redrive"}, part{"statement ID", ""}); err != nil {
		return nil, err
	}
	if err := d.storeFailures(); err != nil {
		return nil, err
	}
	if err := to.accept(d); err != nil {
		return nil, err
	}
	return &Subscription{Buffer: d.buffered, Redrive: d.redrive}, nil
}

// filter checks the filter policy of the arguments and adds it to the delivery.
func (d *delivery) filter(args *SubscriptionArgs) error {
	if args.FilterPolicy == nil {
		if args.FilterPolicyScope != "" {
			return fmt.Errorf("subscription %s: FilterPolicyScope has no effect without FilterPolicy", d.name)
		}
		return nil
	}
	d.args.FilterPolicy = pulumi.JSONMarshal(args.FilterPolicy)
	if args.FilterPolicyScope != "" {
		if !slices.Contains([]string{"MessageAttributes", "MessageBody"}, args.FilterPolicyScope) {
			return fmt.Errorf("subscription %s: FilterPolicyScope must be MessageAttributes or MessageBody, not %q", d.name, args.FilterPolicyScope)
		}
		d.args.FilterPolicyScope = pulumi.String(args.FilterPolicyScope)
	}
	return nil
}

// storeFailures creates the redrive queue, for the messages that SNS cannot
// deliver. Only the topic may send to it.
func (d *delivery) storeFailures() (err error) {
	t := d.topic
	d.redrive, err = newFailureQueue(t.env, d.name+"-redrive", sender{service("sns.amazonaws.com"), from(t.ARN)}, t, d.opts...)
	if err != nil {
		return err
	}
	d.args.RedrivePolicy = pulumi.JSONMarshal(pulumi.StringMap{"deadLetterTargetArn": d.redrive.ARN})
	d.after(d.redrive.policy)
	return nil
}

// after makes the subscription depend on a resource.
func (d *delivery) after(r pulumi.Resource) {
	d.opts = slices.Concat([]pulumi.ResourceOption{pulumi.DependsOn([]pulumi.Resource{r})}, d.opts)
}

// create creates the subscription, with a protocol and an endpoint.
func (d *delivery) create(protocol string, endpoint pulumi.StringInput) error {
	d.args.Topic, d.args.Protocol, d.args.Endpoint = d.topic.ARN, pulumi.String(protocol), endpoint
	_, err := sns.NewTopicSubscription(d.topic.env.ctx, d.topic.env.child(d.name), &d.args,
		slices.Concat([]pulumi.ResourceOption{pulumi.Parent(d.topic)}, d.opts)...)
	return err
}

func (f *Function) identity() (*Environment, string) { return f.env, f.name }

func (f *Function) refuse(d *delivery) error {
	if d.raw {
		return fmt.Errorf("subscription %s: RawMessageDelivery requires a queue; the subscriber is a function", d.name)
	}
	return nil
}

// accept creates the subscription after the permission to invoke the function,
// because SNS does not retry a delivery that Lambda refuses. With a buffer, it makes
// Complete create the subscription of the buffer.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
func (f *Function) accept(d *delivery) error {
	d.redrive.function = f.ARN
	if d.buffer != nil {
		return f.acceptBuffered(d)
	}
	permission, err := f.invokeBy(d.name, "sns.amazonaws.com", d.topic.ARN, d.topic, d.opts...)
	if err != nil {
		return err
	}
	d.after(permission)
	return d.create("lambda", f.ARN)
}

func (q *Queue) identity() (*Environment, string) { return q.env, q.name }

func (q *Queue) refuse(d *delivery) error {
	if q.internal {
		return fmt.Errorf("subscription %s: the queue %s is part of a component and cannot be subscribed", d.name, q.name)
	}
	if d.buffer != nil {
		return fmt.Errorf("subscription %s: Buffer requires a function; the subscriber is a queue", d.name)
	}
	return nil
}

// accept adds a statement for the topic to the queue's policy, and makes
// Complete create the subscription.
//
// https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
func (q *Queue) accept(d *delivery) error {
	q.statements = append(q.statements, statement{
		Principal: service("sns.amazonaws.com"), Condition: from(d.topic.ARN),
		Action: []string{"sqs:SendMessage"}, Resource: []pulumi.StringInput{q.ARN},
	})
	if d.raw {
		d.args.RawMessageDelivery = pulumi.Bool(true)
	}
	q.env.pending = append(q.env.pending, func() error {
		d.after(q.policy)
		return d.create("sqs", q.ARN)
	})
	return nil
}
