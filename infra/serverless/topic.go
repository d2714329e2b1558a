package serverless

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TopicArgs describe a Topic.
type TopicArgs struct {
	// Email gets a mail with every message, once its owner has confirmed.
	// Default none.
	Email string
	// Webhook is the HTTPS URL that gets every message, once what answers there
	// has confirmed. Default none.
	//
	// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
	Webhook string

	key       pulumi.StringInput // its ARN; default AWS's own or the environment's
	publisher *statement         // who may publish besides the account's own; its Resource is the topic
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
	if err := checkName("topic", name, longestTopic); err != nil {
		return nil, err
	}
	if err := env.register("Topic", name, t, opts...); err != nil {
		return nil, err
	}
	feedback, err := iam.NewRole(env.ctx, name+"-feedback", &iam.RoleArgs{AssumeRolePolicy: assumableBy("sns.amazonaws.com")}, pulumi.Parent(t))
	if err != nil {
		return nil, err
	}
	topic, err := sns.NewTopic(env.ctx, name, &sns.TopicArgs{
		KmsMasterKeyId:               t.key(args),
		SignatureVersion:             pulumi.Int(2), // SHA-256
		HttpFailureFeedbackRoleArn:   feedback.Arn,
		LambdaFailureFeedbackRoleArn: feedback.Arn,
		SqsFailureFeedbackRoleArn:    feedback.Arn,
	}, env.keep(t)...)
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
	if err := t.tell(args); err != nil {
		return nil, err
	}
	return t, env.ctx.RegisterResourceOutputs(t, pulumi.Map{"arn": t.ARN})
}

// key is the key that encrypts the topic.
func (t *Topic) key(args *TopicArgs) pulumi.StringInput {
	if args.key != nil {
		return args.key
	}
	if t.env.args.CustomerKey {
		return t.env.key.Arn
	}
	return pulumi.String("alias/aws/sns")
}

// restrict leaves it to identity policies who may use the topic, and requires
// TLS. A topic's policy may name no action but SNS's own for topics: no "sns:*".
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html#enforce-encryption-data-in-transit
func (t *Topic) restrict(publisher *statement) error {
	statements := []statement{denyPlainText("sns:Publish", t.ARN)}
	if publisher != nil {
		allowed := *publisher
		allowed.Resource = []pulumi.StringInput{t.ARN}
		statements = append(statements, allowed)
	}
	_, err := sns.NewTopicPolicy(t.env.ctx, t.name, &sns.TopicPolicyArgs{Arn: t.ARN, Policy: document(statements...)}, pulumi.Parent(t))
	return err
}

// logFailures lets SNS write the log group that it would else create without a
// retention.
//
// https://docs.aws.amazon.com/sns/latest/dg/topics-attrib.html
func (t *Topic) logFailures(feedback *iam.Role) error {
	group := t.ARN.ApplyT(func(arn string) string {
		parts := strings.SplitN(arn, ":", 6) // arn:aws:sns:REGION:ACCOUNT:NAME
		return "sns/" + strings.Join(parts[3:], "/") + "/Failure"
	}).(pulumi.StringOutput)
	logs, err := t.env.logGroup(t.name+"-failures", group, t)
	if err != nil {
		return err
	}
	_, err = iam.NewRolePolicy(t.env.ctx, t.name+"-feedback", &iam.RolePolicyArgs{
		Role: feedback.Name,
		Policy: document(statement{
			Action:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resource: []pulumi.StringInput{pulumi.Sprintf("%s:*", logs.Arn)},
		}),
	}, pulumi.Parent(t))
	return err
}

// watch raises an alarm when a message did not arrive.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
func (t *Topic) watch(name pulumi.StringOutput) error {
	count := func(what string) metric {
		return metric{"AWS/SNS", what, "Sum", pulumi.StringMap{"TopicName": name}}
	}
	failed, lost := count("NumberOfNotificationsFailed"), count("NumberOfNotificationsFailedToRedriveToDlq")
	t.env.show("Messages of topic "+t.name, count("NumberOfMessagesPublished"), count("NumberOfNotificationsDelivered"), failed, lost)
	return t.env.watch(t.name, t,
		alarm{name: "failed", metric: failed, atLeast: 1,
			meaning: "SNS could not deliver a message of the topic " + t.name + ": its log of failures says why, and the subscription's queue holds the message."},
		alarm{name: "lost", metric: lost, atLeast: 1,
			meaning: "SNS could not put an undelivered message of the topic " + t.name + " into the subscription's queue, so it is lost: look at the queue's policy."})
}

// GrantPublish lets the function publish to the topic.
func (t *Topic) GrantPublish(f *Function) error {
	return f.Grant("publish-"+t.name, []string{"sns:Publish"}, t.ARN)
}
