package serverless

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EnvironmentArgs describe an Environment.
type EnvironmentArgs struct {
	// Region is the AWS region, such as "us-east-1". Required, unless the options
	// give a provider.
	Region pulumi.StringPtrInput
	// Profile names the AWS credentials. Default: those of the process.
	Profile pulumi.StringPtrInput
	// AllowedAccounts are the IDs of the AWS accounts that may be changed.
	// Default: any.
	AllowedAccounts pulumi.StringArrayInput
	// Tags of every resource, besides project and environment, which are the
	// names of the project and the stack. Default: none.
	Tags pulumi.StringMapInput
	// LogRetentionDays is how long logs are kept, in days: one of the numbers
	// that CloudWatch Logs allows. Default: 365.
	//
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
	LogRetentionDays pulumi.IntPtrInput
	// AlarmEmail receives an email with every alarm, once its owner has
	// confirmed. Default: none.
	AlarmEmail pulumi.StringPtrInput
	// Protect makes Pulumi refuse to delete resources that hold data or are known
	// outside of the stack.
	Protect bool
	// CustomerKey encrypts all data at rest with the environment's own key.
	// Default: the keys that AWS manages.
	CustomerKey bool
}

// Environment is what components share: the provider, the tags, the encryption
// key, and the topic that alarms go to. A program may have several, for example
// one for each region or tenant.
type Environment struct {
	pulumi.ResourceState

	AlarmsTopicARN pulumi.StringOutput

	ctx      *pulumi.Context
	name     string
	args     EnvironmentArgs
	provider *aws.Provider
	region   pulumi.StringOutput
	tags     pulumi.StringMapInput // of each resource; nil if the provider adds them
	account  pulumi.StringOutput   // its ID
	root     pulumi.StringOutput   // the ARN that stands for the account
	key      pulumi.StringOutput   // the ARN of the environment's own
	alarms   pulumi.StringPtrInput // the topic's ARN; nil until there is one

	widgets  []widget       // of the dashboard
	queues   []*Queue       // whose policies Complete creates
	pending  []func() error // what Complete creates after them
	complete bool
}

// NewEnvironment creates the shared resources; call Complete when all components
// and relations have been declared. The name of every resource inside starts
// with the environment's.
//
// The environment creates a provider for its region, whose default tags reach
// every resource. If the options give a provider for AWS (pulumi.Provider,
// pulumi.Providers, or pulumi.Parent of a resource that has one), the environment
// uses that one instead: its default tags stay as they are, and the environment
// sets its tags on each resource itself.
func NewEnvironment(ctx *pulumi.Context, name string, args *EnvironmentArgs, opts ...pulumi.ResourceOption) (*Environment, error) {
	e := &Environment{ctx: ctx, name: name}
	if args != nil {
		e.args = *args
	}
	if err := errors.Join(checkStack(ctx.Project(), ctx.Stack()), checkForm("environment", name)); err != nil {
		return nil, err
	}
	if err := ctx.RegisterComponentResource("tally:serverless:Environment", name, e, opts...); err != nil {
		return nil, err
	}
	if err := e.chooseProvider(); err != nil {
		return nil, err
	}
	identity := aws.GetCallerIdentityOutput(ctx, aws.GetCallerIdentityOutputArgs{}, pulumi.Provider(e.provider))
	e.account = identity.AccountId()
	e.root = identity.Arn().ApplyT(func(arn string) string {
		parts := strings.Split(arn, ":")
		return "arn:" + parts[1] + ":iam::" + parts[4] + ":root"
	}).(pulumi.StringOutput)
	if err := e.newKey(); err != nil {
		return nil, err
	}
	return e, e.newAlarms()
}

// Complete creates what depends on every relation: the policies of queues, the
// subscriptions of queues, and the dashboard. It must be the last call: whatever
// is declared after it is an error.
func (e *Environment) Complete() error {
	if e.complete {
		return fmt.Errorf("environment %s: Complete has been called before", e.name)
	}
	e.complete = true
	for _, q := range e.queues {
		if err := q.createPolicy(); err != nil {
			return err
		}
	}
	for _, create := range e.pending {
		if err := create(); err != nil {
			return err
		}
	}
	dashboard, err := e.dashboard()
	if err != nil {
		return err
	}
	return e.ctx.RegisterResourceOutputs(e, pulumi.Map{"alarmsTopicArn": e.AlarmsTopicARN, "dashboard": dashboard.DashboardName})
}

// checkOpen refuses to do something after Complete.
func (e *Environment) checkOpen(what string) error {
	if e.complete {
		return fmt.Errorf("environment %s is complete: %s before the call of Complete", e.name, what)
	}
	return nil
}

// register begins a component of the environment, within parent, or within the
// environment if parent is nil.
func (e *Environment) register(kind, name string, c pulumi.ComponentResource, parent pulumi.Resource, opts []pulumi.ResourceOption) error {
	if err := e.checkOpen("create " + kind + " " + name); err != nil {
		return err
	}
	if parent == nil {
		parent = e
	}
	inherited := []pulumi.ResourceOption{pulumi.Parent(parent), pulumi.Provider(e.provider)}
	return e.ctx.RegisterComponentResource("tally:serverless:"+kind, e.child(name), c, append(inherited, opts...)...)
}

// own returns the options of a resource that belongs to the environment itself.
func (e *Environment) own() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(e), pulumi.Provider(e.provider)}
}

// protected returns the options of a child of parent that holds data or is known
// outside of the stack.
func (e *Environment) protected(parent pulumi.Resource) []pulumi.ResourceOption {
	if !e.args.Protect {
		return []pulumi.ResourceOption{pulumi.Parent(parent)} // from which it may inherit protection
	}
	return []pulumi.ResourceOption{pulumi.Parent(parent), pulumi.Protect(true)}
}

// logGroup creates a log group that is encrypted and has a retention.
func (e *Environment) logGroup(name string, physical pulumi.StringPtrInput, parent pulumi.Resource) (*cloudwatch.LogGroup, error) {
	var days pulumi.IntPtrInput = pulumi.Int(365)
	if e.args.LogRetentionDays != nil {
		days = e.args.LogRetentionDays
	}
	return cloudwatch.NewLogGroup(e.ctx, name, &cloudwatch.LogGroupArgs{
		Name:            physical,
		RetentionInDays: days,
		KmsKeyId:        e.customerKey(),
		Tags:            e.tags,
	}, e.protected(parent)...)
}

// newAlarms creates the topic that CloudWatch alone may publish to besides the
// account's own identities.
func (e *Environment) newAlarms() error {
	topic, err := NewTopic(e, "alarms", &TopicArgs{Email: e.args.AlarmEmail, key: e.key, publisher: &statement{
		Principal: service("cloudwatch.amazonaws.com"), Action: []string{"sns:Publish"},
		Condition: pulumi.Map{"StringEquals": pulumi.StringMap{"aws:SourceAccount": e.account}},
	}})
	if err != nil {
		return err
	}
	e.AlarmsTopicARN, e.alarms = topic.ARN, topic.ARN
	return nil
}
