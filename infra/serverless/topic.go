package serverless

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TopicArgs describe a Topic.
type TopicArgs struct {
	// Email receives an email with every message, once its owner has confirmed.
	// Default: none.
	Email pulumi.StringPtrInput
	// Webhook is the HTTPS URL that receives every message, once the server there
	// has confirmed. Default: none.
	//
	// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
	Webhook pulumi.StringPtrInput

	key       pulumi.StringInput // its ARN; default: AWS's own or the environment's
	publisher *statement         // who may publish besides the account; its Resource is the topic
}

// Topic is an SNS topic that is encrypted, refuses plain HTTP, and logs every
// delivery that failed.
type Topic struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput

	env  *Environment
	name string
}

// NewTopic creates a topic that only its own account may use.
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
	feedback, err := iam.NewRole(env.ctx, env.child(name+"-feedback"), &iam.RoleArgs{
		AssumeRolePolicy: assumableBy("sns.amazonaws.com"), Tags: env.tags,
	}, pulumi.Parent(t))
	if err != nil {
		return nil, err
	}
	topic, err := sns.NewTopic(env.ctx, env.child(name), &sns.TopicArgs{
		KmsMasterKeyId:               t.key(args),
		SignatureVersion:             pulumi.Int(2), // SHA-256
		HttpFailureFeedbackRoleArn:   feedback.Arn,
		LambdaFailureFeedbackRoleArn: feedback.Arn,
		SqsFailureFeedbackRoleArn:    feedback.Arn,
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

// restrict requires TLS, and leaves the use of the topic to identity policies. A
// topic's policy may only name SNS's actions on topics: no "sns:*".
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html#enforce-encryption-data-in-transit
func (t *Topic) restrict(publisher *statement) error {
	statements := []statement{denyPlainText("sns:Publish", t.ARN)}
	if publisher != nil {
		allowed := *publisher
		allowed.Resource = []pulumi.StringInput{t.ARN}
		statements = append(statements, allowed)
	}
	_, err := sns.NewTopicPolicy(t.env.ctx, t.env.child(t.name), &sns.TopicPolicyArgs{Arn: t.ARN, Policy: document(statements...)}, pulumi.Parent(t))
	return err
}

// logFailures lets SNS write to the log group that it would otherwise create
// without a retention.
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

// watch raises an alarm when a message could not be delivered.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
func (t *Topic) watch(name pulumi.StringOutput) error {
	count := func(what string) metric {
		return metric{"AWS/SNS", what, "Sum", pulumi.StringMap{"TopicName": name}}
	}
	failed, lost := count("NumberOfNotificationsFailed"), count("NumberOfNotificationsFailedToRedriveToDlq")
	t.env.show("Messages of topic "+t.name, count("NumberOfMessagesPublished"), count("NumberOfNotificationsDelivered"), failed, lost)
	return t.env.watch(t.env.child(t.name), t,
		alarm{name: "failed", metric: failed, atLeast: pulumi.Float64(1),
			meaning: pulumi.String("SNS could not deliver a message of the topic " + t.name + ": its log of failures says why, and the subscription's queue holds the message.")},
		alarm{name: "lost", metric: lost, atLeast: pulumi.Float64(1),
			meaning: pulumi.String("SNS could not put an undelivered message of the topic " + t.name + " into the subscription's queue, so it is lost: look at the queue's policy.")})
}

// notify subscribes an email address and a server outside of the stack.
func (t *Topic) notify(args *TopicArgs) error {
	if args.Webhook != nil {
		d := &delivery{topic: t, name: t.name + "-webhook"}
		if _, err := d.keepFailures(); err != nil {
			return err
		}
		if err := d.create("https", text("topic "+t.name, "Webhook", args.Webhook, webhookForm)); err != nil {
			return err
		}
	}
	if args.Email == nil {
		return nil
	}
	// SNS has no dead-letter queue for emails.
	d := &delivery{topic: t, name: t.name + "-email"}
	return d.create("email", text("topic "+t.name, "Email", args.Email, emailForm))
}

// GrantPublish allows the function to publish to the topic.
func (t *Topic) GrantPublish(f *Function, opts ...pulumi.ResourceOption) error {
	return f.grantUse(t.env, "publish-"+t.name, []string{"sns:Publish"}, t.ARN, opts)
}
