package serverless

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TopicArgs are the arguments of NewTopic.
type TopicArgs struct {
	// Email is the address that receives every message, once its owner has
	// confirmed the subscription. Default: none.
	Email pulumi.StringPtrInput
	// Webhook is the HTTPS URL that receives every message, once its server has
	// confirmed the subscription. Default: none.
	//
	// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
	Webhook pulumi.StringPtrInput

	key       pulumi.StringInput // the key's ARN; nil for the default of the environment
	filter    *SubscriptionArgs  // selects the messages for Email and Webhook; nil for all
	publisher *statement         // allows publishing from outside the account; Resource is set to the topic
}

// Topic is an SNS topic that is encrypted, refuses plain HTTP, logs failed
// deliveries and is traced. SNS can write its part of a trace only if the account's
// X-Ray resource policy allows it. The component does not create that policy, because
// AWS allows only five in an account and region.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html
type Topic struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput

	env  *Environment
	name string
}

// NewTopic creates a topic that only identities of its own account may use.
func NewTopic(env *Environment, name string, args *TopicArgs, opts ...pulumi.ResourceOption) (*Topic, error) {
	t := &Topic{env: env, name: name}
	if args == nil {
		args = &TopicArgs{}
	}
	if err := env.checkName("topic", name, part{"topic", ""}, part{"role", "-feedback"}); err != nil {
		return nil, err
	}
	if err := env.register("Topic", name, t, nil, opts); err != nil {
		return nil, err
	}
	feedback, err := env.role(env.child(name+"-feedback"), assumableBy("sns.amazonaws.com"), t)
	if err != nil {
		return nil, err
	}
	topic, err := sns.NewTopic(env.ctx, env.child(name), &sns.TopicArgs{
		KmsMasterKeyId:               t.key(args),
		SignatureVersion:             pulumi.Int(2), // SHA-256
		HttpFailureFeedbackRoleArn:   feedback.Arn,
		LambdaFailureFeedbackRoleArn: feedback.Arn,
		SqsFailureFeedbackRoleArn:    feedback.Arn,
		TracingConfig:                pulumi.String("Active"),
		Tags:                         env.tags,
	}, env.protected(t)...)
	if err != nil {
		return nil, err
	}
	t.ARN = topic.Arn
	if err := t.restrict(args.publisher); err != nil {
		return nil, err
	}
	if err := t.logFailures(feedback); err != nil {
		return nil, err
	}
	if err := t.watch(topic.Name); err != nil {
		return nil, err
	}
	if err := t.notify(args); err != nil {
		return nil, err
	}
	return t, env.ctx.RegisterResourceOutputs(t, pulumi.Map{"arn": t.ARN})
}

// key returns the ARN or alias of the key that encrypts the topic.
func (t *Topic) key(args *TopicArgs) pulumi.StringInput {
	if args.key != nil {
		return args.key
	}
	if t.env.args.CustomerKey {
		return t.env.key
	}
	return pulumi.String("alias/aws/sns")
}

// restrict creates the topic's policy. It requires TLS, and leaves the use of
// the topic to identity policies and the publisher. The policy names
// sns:Publish because SNS allows no "sns:*" in the policy of a topic.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html#enforce-encryption-data-in-transit
func (t *Topic) restrict(publisher *statement) error {
	statements := []statement{denyPlainHTTP("sns:Publish", t.ARN)}
	if publisher != nil {
		allowed := *publisher
		allowed.Resource = []pulumi.StringInput{t.ARN}
		statements = append(statements, allowed)
	}
	_, err := sns.NewTopicPolicy(t.env.ctx, t.env.child(t.name), &sns.TopicPolicyArgs{Arn: t.ARN, Policy: document(statements...)}, pulumi.Parent(t))
	return err
}

// logFailures creates the log group of failed deliveries and allows SNS to write
// to it. SNS would otherwise create the group without a retention.
//
// https://docs.aws.amazon.com/sns/latest/dg/topics-attrib.html
func (t *Topic) logFailures(feedback *iam.Role) error {
	group := t.ARN.ApplyT(func(arn string) string {
		parts := strings.SplitN(arn, ":", 6) // arn:aws:sns:REGION:ACCOUNT:NAME
		return "sns/" + strings.Join(parts[3:], "/") + "/Failure"
	}).(pulumi.StringOutput).ToStringPtrOutput()
	logs, err := t.env.logGroup(t.env.child(t.name+"-failures"), group, t)
	if err != nil {
		return err
	}
	_, err = iam.NewRolePolicy(t.env.ctx, t.env.child(t.name+"-feedback"), &iam.RolePolicyArgs{
		Role: feedback.Name,
		Policy: document(statement{
			Action:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resource: []pulumi.StringInput{pulumi.Sprintf("%s:*", logs.Arn)},
		}),
	}, pulumi.Parent(t))
	return err
}

// watch creates the topic's alarms and graph. The alarms are raised if a message
// could not be delivered.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
func (t *Topic) watch(name pulumi.StringOutput) error {
	count := func(what string) metric {
		return metric{"AWS/SNS", what, "Sum", pulumi.StringMap{"TopicName": name}}
	}
	failed, lost := count("NumberOfNotificationsFailed"), count("NumberOfNotificationsFailedToRedriveToDlq")
	t.env.show("Messages of topic "+t.name, count("NumberOfMessagesPublished"), count("NumberOfNotificationsDelivered"), failed, lost)
	return t.env.watch("topic", t.env.child(t.name), t,
		alarm{name: "failed", metric: failed, atLeast: pulumi.Float64(1),
			meaning: pulumi.String("SNS could not deliver a message of the topic " + t.name + ": the log of delivery failures contains the reason, and the subscription's redrive queue contains the message.")},
		alarm{name: "lost", metric: lost, atLeast: pulumi.Float64(1),
			meaning: pulumi.String("SNS could not send an undelivered message of the topic " + t.name + " to the subscription's redrive queue, so the message is lost: check the queue's policy.")})
}

// notify subscribes the webhook and the email address of the arguments.
func (t *Topic) notify(args *TopicArgs) error {
	filter := args.filter
	if filter == nil {
		filter = &SubscriptionArgs{}
	}
	if args.Webhook != nil {
		d := &delivery{topic: t, name: t.name + "-webhook"}
		if err := d.filter(filter); err != nil {
			return err
		}
		if err := d.storeFailures(); err != nil {
			return err
		}
		if err := d.create("https", text("topic "+t.name, "Webhook", args.Webhook, webhookForm)); err != nil {
			return err
		}
	}
	if args.Email == nil {
		return nil
	}
	// No redrive queue: SNS supports none for email.
	d := &delivery{topic: t, name: t.name + "-email"}
	if err := d.filter(filter); err != nil {
		return err
	}
	return d.create("email", text("topic "+t.name, "Email", args.Email, emailForm))
}

// GrantPublish allows the function to publish to the topic.
func (t *Topic) GrantPublish(f *Function, opts ...pulumi.ResourceOption) error {
	return f.grantUse(t.env, "publish-"+t.name, []string{"sns:Publish"}, t.ARN, opts)
}
