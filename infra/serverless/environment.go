package serverless

import (
	"cmp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EnvironmentArgs describe an Environment.
type EnvironmentArgs struct {
	// Region is the AWS region. Required.
	Region string
	// Profile names the AWS credentials. Default: those of the process.
	Profile string
	// AllowedAccounts are the IDs of the AWS accounts that may be touched.
	// Default any.
	AllowedAccounts []string
	// Tags are on every resource, besides project and environment.
	Tags map[string]string
	// LogRetentionDays is how long logs are kept, one of the numbers of days
	// that CloudWatch Logs allows. Default 365.
	LogRetentionDays int
	// AlarmEmail gets a mail with every alarm, once its owner has confirmed.
	// Default none.
	AlarmEmail string
	// Protect makes Pulumi refuse to delete what holds data or is known outside.
	Protect bool
	// CustomerKey encrypts all data at rest with the environment's own key.
	// Default: the keys that AWS manages.
	CustomerKey bool
}

// Environment is what the components of one stack share: the provider with the
// default tags, the encryption key, and the topic that alarms go to.
type Environment struct {
	pulumi.ResourceState

	AlarmsTopicARN pulumi.StringOutput

	ctx     *pulumi.Context
	args    EnvironmentArgs
	options []pulumi.ResourceOption // of every component
	account pulumi.StringOutput
	root    pulumi.StringOutput // the ARN that stands for the account
	key     *kms.Key
	alarms  pulumi.StringPtrInput // nil while there is no topic for alarms
	widgets []widget              // of the dashboard
}

// NewEnvironment creates the shared resources. Resources that are not of an
// Environment have none of its tags.
func NewEnvironment(ctx *pulumi.Context, args *EnvironmentArgs) (*Environment, error) {
	e := &Environment{ctx: ctx, args: *args}
	if err := checkStack(ctx.Stack()); err != nil {
		return nil, err
	}
	provider, err := e.provider()
	if err != nil {
		return nil, err
	}
	e.options = []pulumi.ResourceOption{pulumi.Providers(provider)}
	if err := e.register("Environment", "environment", e); err != nil {
		return nil, err
	}
	identity := aws.GetCallerIdentityOutput(ctx, aws.GetCallerIdentityOutputArgs{}, pulumi.Provider(provider))
	e.account = identity.AccountId()
	e.root = identity.Arn().ApplyT(func(arn string) string {
		parts := strings.Split(arn, ":")
		return "arn:" + parts[1] + ":iam::" + parts[4] + ":root"
	}).(pulumi.StringOutput)
	if err := e.newKey(); err != nil {
		return nil, err
	}
	if err := e.newAlarms(); err != nil {
		return nil, err
	}
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{"alarmsTopicArn": e.AlarmsTopicARN})
}

// provider puts the tags on every resource that can have any.
func (e *Environment) provider() (*aws.Provider, error) {
	tags := pulumi.StringMap{"project": pulumi.String(e.ctx.Project()), "environment": pulumi.String(e.ctx.Stack())}
	for name, value := range e.args.Tags {
		tags[name] = pulumi.String(value)
	}
	args := &aws.ProviderArgs{
		Region:      pulumi.String(e.args.Region),
		DefaultTags: aws.ProviderDefaultTagsArgs{Tags: tags},
	}
	if e.args.Profile != "" {
		args.Profile = pulumi.String(e.args.Profile)
	}
	if len(e.args.AllowedAccounts) > 0 {
		args.AllowedAccountIds = pulumi.ToStringArray(e.args.AllowedAccounts)
	}
	return aws.NewProvider(e.ctx, "aws", args)
}

// register begins a component of the environment.
func (e *Environment) register(kind, name string, c pulumi.ComponentResource, opts ...pulumi.ResourceOption) error {
	return e.ctx.RegisterComponentResource("tally:serverless:"+kind, name, c, append(opts, e.options...)...)
}

// newKey creates the key of the environment. CloudWatch cannot publish to a
// topic that AWS's own key encrypts, so the alarms need it in any case.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
func (e *Environment) newKey() error {
	// In a key's policy "*" is that key alone: it has no ARN before it exists.
	itself := []pulumi.StringInput{pulumi.String("*")}
	use := func(name string, condition pulumi.Map) statement {
		return statement{Principal: service(name), Action: []string{"kms:Decrypt", "kms:GenerateDataKey*"}, Resource: itself, Condition: condition}
	}
	ours := pulumi.Map{"StringEquals": pulumi.StringMap{"aws:SourceAccount": e.account}}
	statements := []statement{
		// Who may use it is the business of the account's identity policies.
		{Principal: principal(e.root), Action: []string{"kms:*"}, Resource: itself},
		use("cloudwatch.amazonaws.com", ours),
	}
	if e.args.CustomerKey {
		logs := use("logs."+e.args.Region+".amazonaws.com", pulumi.Map{"ArnLike": pulumi.StringMap{
			"kms:EncryptionContext:aws:logs:arn": pulumi.Sprintf("arn:aws*:logs:%s:%s:log-group:*", e.args.Region, e.account)}})
		logs.Action = append(logs.Action, "kms:Encrypt", "kms:ReEncrypt*", "kms:DescribeKey")
		statements = append(statements, use("sns.amazonaws.com", ours), logs)
	}
	key, err := kms.NewKey(e.ctx, "key", &kms.KeyArgs{
		Description:          pulumi.Sprintf("Data at rest of %s %s", e.ctx.Project(), e.ctx.Stack()),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		Policy:               document(statements...),
	}, e.keep(e)...)
	if err != nil {
		return err
	}
	e.key = key
	_, err = kms.NewAlias(e.ctx, "key", &kms.AliasArgs{
		Name:        pulumi.Sprintf("alias/%s-%s", e.ctx.Project(), e.ctx.Stack()),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(e))
	return err
}

// keep is the option of children of parent that hold data or are known outside.
func (e *Environment) keep(parent pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(parent), pulumi.Protect(e.args.Protect)}
}

// customerKey is the key's ARN where it encrypts everything, else nil.
func (e *Environment) customerKey() pulumi.StringPtrInput {
	if !e.args.CustomerKey {
		return nil
	}
	return e.key.Arn
}

// logGroup is one that is encrypted and forgets.
func (e *Environment) logGroup(name string, physical pulumi.StringInput, parent pulumi.Resource) (*cloudwatch.LogGroup, error) {
	return cloudwatch.NewLogGroup(e.ctx, name, &cloudwatch.LogGroupArgs{
		Name:            physical.ToStringOutput(),
		RetentionInDays: pulumi.Int(cmp.Or(e.args.LogRetentionDays, 365)),
		KmsKeyId:        e.customerKey(),
	}, e.keep(parent)...)
}

// newAlarms creates the topic that CloudWatch alone may send to besides the
// account's own.
func (e *Environment) newAlarms() error {
	topic, err := NewTopic(e, "alarms", &TopicArgs{Email: e.args.AlarmEmail, key: e.key.Arn, publisher: &statement{
		Principal: service("cloudwatch.amazonaws.com"), Action: []string{"sns:Publish"},
		Condition: pulumi.Map{"StringEquals": pulumi.StringMap{"aws:SourceAccount": e.account}},
	}})
	if err != nil {
		return err
	}
	e.AlarmsTopicARN, e.alarms = topic.ARN, topic.ARN
	return nil
}
