package serverless

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EnvironmentArgs are the arguments of NewEnvironment.
type EnvironmentArgs struct {
	// Region is the AWS region, such as "us-east-1". Required, unless the
	// options contain a provider.
	Region pulumi.StringPtrInput
	// Profile is the name of the profile of the AWS credentials. Default: the
	// credentials in the process's environment.
	Profile pulumi.StringPtrInput
	// AllowedAccounts are the IDs of the AWS accounts that may be deployed to.
	// Default: any.
	AllowedAccounts pulumi.StringArrayInput
	// Tags are the tags of every resource, in addition to the tags project and
	// environment, which hold the names of the project and the stack. Default:
	// none.
	Tags pulumi.StringMapInput
	// LogRetentionDays is the retention of logs in days, one of the values that
	// CloudWatch Logs allows. Default: 365.
	//
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
	LogRetentionDays pulumi.IntPtrInput
	// AlarmEmail is the address that is told when an alarm is raised and when it
	// is cleared, once its owner has confirmed the subscription. Default: none.
	AlarmEmail pulumi.StringPtrInput
	// AlarmWebhook is the HTTPS URL that is told the same, once its server has
	// confirmed the subscription. Default: none.
	//
	// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
	AlarmWebhook pulumi.StringPtrInput
	// Runbook is the https URL, without a fragment, of the page that describes
	// what to do about alarms. The description of each alarm ends with a link to
	// its section, whose fragment is one of api-5xx, api-latency, function-age,
	// function-concurrency, function-dropped, function-duration, function-errors,
	// function-throttles, function-undelivered, queue-age, queue-messages,
	// schedule-failed, schedule-lost, table-errors, table-throttles, topic-failed and
	// topic-lost. Default: none, for no link.
	Runbook pulumi.StringPtrInput
	// Protect makes Pulumi refuse to delete resources that hold data or that
	// clients outside the stack depend on. Default: false.
	Protect bool
	// CustomerKey makes the environment's own key encrypt all data at rest.
	// Default: false, for keys that AWS manages.
	CustomerKey bool
	// PermissionsBoundary is the ARN of a policy outside the stack. It limits what
	// the policies of the environment's roles can allow, so that whoever may deploy
	// the stack cannot give a role, and thereby themselves, any other permission.
	// Default: none.
	//
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
	PermissionsBoundary pulumi.StringPtrInput
}

// Environment holds what components share: the provider, the tags, the
// encryption key and the topic of alarms. A program may have several
// environments, for example one for each region or tenant.
type Environment struct {
	pulumi.ResourceState

	AlarmsTopicARN pulumi.StringOutput

	ctx      *pulumi.Context
	name     string
	args     EnvironmentArgs
	provider *aws.Provider
	region   pulumi.StringOutput
	tags     pulumi.StringMapInput // of each resource; nil if the provider adds them
	account  pulumi.StringOutput   // the account's ID
	root     pulumi.StringOutput   // the ARN of the account as a principal
	key      pulumi.StringOutput   // the ARN of the environment's key
	alarms   pulumi.StringPtrInput // the ARN of the topic of alarms; nil until it exists

	widgets  []widget       // of the dashboard
	queues   []*Queue       // the queues whose policies Complete creates
	failures []*Queue       // the queues for what components could not process
	pending  []func() error // create what depends on those policies
	complete bool
}

// NewEnvironment creates the shared resources. The program must call Complete
// after it has declared all components and relations. The name of every
// resource in the environment starts with the environment's name.
//
// The environment creates a provider for its region, whose default tags reach
// every resource. If the options contain an AWS provider (pulumi.Provider,
// pulumi.Providers, or pulumi.Parent with a resource that has one), the
// environment uses that provider instead. It leaves the provider's default tags
// unchanged and sets its own tags on each resource.
func NewEnvironment(ctx *pulumi.Context, name string, args *EnvironmentArgs, opts ...pulumi.ResourceOption) (*Environment, error) {
	e := &Environment{ctx: ctx, name: name}
	if args != nil {
		e.args = *args
	}
	if err := errors.Join(checkStack(ctx.Project(), ctx.Stack()), checkForm("environment", name), checkDistinct(ctx.Stack(), name)); err != nil {
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

// Complete creates what depends on all relations: the policies of queues, the
// subscriptions of queues, the destinations of failed events, and the dashboard. It
// must be the last call; any later declaration returns an error.
func (e *Environment) Complete() error {
	if e.complete {
		return fmt.Errorf("environment %s: Complete has already been called", e.name)
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

// checkOpen returns an error if Complete has been called. what is the rejected
// action, "create Topic numbers".
func (e *Environment) checkOpen(what string) error {
	if e.complete {
		return fmt.Errorf("environment %s is complete: %s before calling Complete", e.name, what)
	}
	return nil
}

// register registers a component of the environment. Its parent is parent, or
// the environment if parent is nil.
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

// own returns the options of a resource whose parent is the environment.
func (e *Environment) own() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(e), pulumi.Provider(e.provider)}
}

// protected returns the options of a child of parent that holds data or that
// clients outside the stack depend on.
func (e *Environment) protected(parent pulumi.Resource) []pulumi.ResourceOption {
	if !e.args.Protect {
		return []pulumi.ResourceOption{pulumi.Parent(parent)} // inherits the parent's protection, if any
	}
	return []pulumi.ResourceOption{pulumi.Parent(parent), pulumi.Protect(true)}
}

// role creates a role with a trust policy and the environment's permissions boundary.
func (e *Environment) role(name string, trust pulumi.StringInput, parent pulumi.Resource) (*iam.Role, error) {
	args := &iam.RoleArgs{AssumeRolePolicy: trust, Tags: e.tags}
	if e.args.PermissionsBoundary != nil {
		args.PermissionsBoundary = text("environment "+e.name, "PermissionsBoundary", e.args.PermissionsBoundary, policyForm).ToStringPtrOutput()
	}
	return iam.NewRole(e.ctx, name, args, pulumi.Parent(parent))
}

// logGroup creates a log group with the environment's key and retention.
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

// newAlarms creates the topic of alarms. CloudWatch and the account's identities
// may publish to it.
func (e *Environment) newAlarms() error {
	topic, err := NewTopic(e, "alarms", &TopicArgs{Email: e.args.AlarmEmail, Webhook: e.args.AlarmWebhook, key: e.key, filter: raisedOrCleared(), publisher: &statement{
		Principal: service("cloudwatch.amazonaws.com"), Action: []string{"sns:Publish"},
		Condition: pulumi.Map{"StringEquals": pulumi.StringMap{"aws:SourceAccount": e.account}},
	}})
	if err != nil {
		return err
	}
	e.AlarmsTopicARN, e.alarms = topic.ARN, topic.ARN
	return nil
}
