package serverless

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionArgs are the arguments of NewFunction.
type FunctionArgs struct {
	// Code is a zip archive that contains the program as "bootstrap". Required.
	Code pulumi.Archive
	// Architecture is the one that the code is built for: "arm64" or "x86_64".
	// Default: "arm64".
	Architecture pulumi.StringPtrInput
	// MemoryMB is the memory of one invocation in MB, 128 to 10240. Lambda
	// allocates processor time in proportion to it. Default: 128.
	MemoryMB pulumi.IntPtrInput
	// TimeoutSeconds is the invocation timeout in seconds, 1 to 900. Default:
	// 10.
	TimeoutSeconds pulumi.IntPtrInput
	// EphemeralMB is the size of /tmp in MB, 512 to 10240. Default: 512.
	EphemeralMB pulumi.IntPtrInput
	// ReservedConcurrency is the number of concurrent invocations that are
	// reserved for the function and also its limit; 0 stops the function. AWS
	// requires 100 of an account's concurrency to remain unreserved. Default:
	// the function shares the unreserved concurrency.
	ReservedConcurrency pulumi.IntPtrInput
	// Retries is the number of retries after a failed asynchronous invocation, 0
	// to 2. Default: 2.
	Retries pulumi.IntPtrInput
	// MaxEventAgeSeconds is the age in seconds at which Lambda gives up on an
	// asynchronous event, 60 to 21600. Default: 21600, six hours.
	MaxEventAgeSeconds pulumi.IntPtrInput
	// LogLevel is the lowest level of the function's lines that Lambda keeps:
	// "TRACE", "DEBUG", "INFO", "WARN", "ERROR" or "FATAL". A line counts as
	// INFO unless it is a JSON object with a level and a timestamp. Lambda's own
	// lines, such as the report of each invocation, are kept at every level.
	// Default: "INFO".
	//
	// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
	LogLevel pulumi.StringPtrInput
	// Environment holds environment variables, in addition to those that the
	// component sets: NAMESPACE, the project; SERVICE, the function's name as
	// given to NewFunction; and ENVIRONMENT, "<stack>-<environment>". Default:
	// none.
	Environment pulumi.StringMap
	// Gradual means that something other than this program moves the alias to new
	// versions, such as cmd/rollout, share by share: after its creation, a
	// deployment leaves the alias at its version. Default: false, the alias points
	// to the newest version.
	Gradual bool
}

// Function is a Lambda function with the runtime provided.al2023. Its role
// allows writing to its own log group, to X-Ray and to its failure queue;
// grants add other permissions. Callers invoke its alias.
type Function struct {
	pulumi.ResourceState

	Name     pulumi.StringOutput // "<project>-<stack>-<environment>-handle-message-1a2b3c4"
	ARN      pulumi.StringOutput // of the alias
	LogGroup pulumi.StringOutput // "/aws/lambda/<project>-<stack>-<environment>-<name>"
	// Failures holds the events that Lambda gave up on, each with the reason, and the
	// messages of a Buffer that the function failed to process. See OnFailure, which
	// passes them to another function first.
	//
	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
	Failures *Queue

	env       *Environment
	name      string
	role      *iam.Role
	timeout   pulumi.IntOutput    // in seconds
	buffered  bool                // a subscription has a Buffer
	onFailure *Queue              // receives what Failures holds before Failures does; nil for none
	alias     pulumi.StringOutput // the alias's name
	invokeARN pulumi.StringOutput // the URI by which API Gateway invokes the alias
}

// live is the name of the alias that callers invoke.
const live = "live"

// NewFunction creates a function. Its log group and the permission to write to
// it exist before the function, so that no line is lost.
func NewFunction(env *Environment, name string, args *FunctionArgs, opts ...pulumi.ResourceOption) (*Function, error) {
	f := &Function{env: env, name: name}
	if args == nil || args.Code == nil {
		return nil, fmt.Errorf("function %q: Code is required", name)
	}
	if err := env.checkName("function", name, part{"function", ""}, part{"role", ""}, part{"queue", "-failures"}); err != nil {
		return nil, err
	}
	variables, err := f.variables(args.Environment)
	if err != nil {
		return nil, err
	}
	if err := env.register("Function", name, f, nil, opts); err != nil {
		return nil, err
	}
	logs, err := env.logGroup(env.child(name), pulumi.String("/aws/lambda/"+env.physical(name)), f)
	if err != nil {
		return nil, err
	}
	f.LogGroup = logs.Name
	if f.role, err = env.role(env.child(name), assumableBy("lambda.amazonaws.com"), f); err != nil {
		return nil, err
	}
	own, err := f.grantOwn(logs.Arn)
	if err != nil {
		return nil, err
	}
	l := f.limits(args)
	f.timeout = l.timeout
	if err := f.create(args, l, variables, own); err != nil {
		return nil, err
	}
	if err := f.storeFailures(l); err != nil {
		return nil, err
	}
	if err := f.watch(l); err != nil {
		return nil, err
	}
	return f, env.ctx.RegisterResourceOutputs(f, pulumi.Map{"name": f.Name, "arn": f.ARN, "logGroup": f.LogGroup})
}

// create creates the function and its alias after own, the permissions that the
// function needs from its first invocation on.
func (f *Function) create(args *FunctionArgs, l functionLimits, variables lambda.FunctionEnvironmentArgs, own []pulumi.Resource) error {
	ctx, id := f.env.ctx, f.env.child(f.name)
	function, err := lambda.NewFunction(ctx, id, &lambda.FunctionArgs{
		Architectures:    pulumi.StringArray{f.architecture(args)},
		Code:             args.Code,
		Environment:      variables,
		EphemeralStorage: lambda.FunctionEphemeralStorageArgs{Size: l.ephemeralMB},
		Handler:          pulumi.String("bootstrap"),
		KmsKeyArn:        f.env.customerKey(),
		LoggingConfig: lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("JSON"), LogGroup: f.LogGroup,
			ApplicationLogLevel: f.logLevel(args), SystemLogLevel: pulumi.String("INFO"),
		},
		MemorySize:                   l.memoryMB,
		Publish:                      pulumi.Bool(true),
		ReservedConcurrentExecutions: l.concurrency,
		Role:                         f.role.Arn,
		Runtime:                      pulumi.String("provided.al2023"),
		Tags:                         f.env.tags,
		Timeout:                      l.timeout,
		TracingConfig:                lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")},
	}, pulumi.Parent(f), pulumi.DependsOn(own))
	if err != nil {
		return err
	}
	f.Name = function.Name
	alias, err := lambda.NewAlias(ctx, id, &lambda.AliasArgs{
		Name:            pulumi.String(live),
		FunctionName:    function.Name,
		FunctionVersion: function.Version,
	}, pulumi.Parent(f), pulumi.IgnoreChanges(movedByOthers(args.Gradual)))
	if err != nil {
		return err
	}
	f.ARN, f.alias, f.invokeARN = alias.Arn, alias.Name, alias.InvokeArn
	return nil
}

// movedByOthers returns the properties of the alias that deployments do not change,
// so that they undo neither a rollout nor a rollback. A rollback of a function that
// is not Gradual consists of weights: the alias points to the newest version, as the
// program requires, with a weight of 1 for the earlier one.
func movedByOthers(gradual bool) []string {
	if gradual {
		return []string{"description", "routingConfig", "functionVersion"}
	}
	return []string{"description", "routingConfig"}
}

// architecture returns the architecture of the arguments, or the default.
func (f *Function) architecture(args *FunctionArgs) pulumi.StringInput {
	if args.Architecture == nil {
		return pulumi.String("arm64")
	}
	return text("function "+f.name, "Architecture", args.Architecture, architectureForm)
}

// logLevel returns the log level of the arguments, or the default.
func (f *Function) logLevel(args *FunctionArgs) pulumi.StringInput {
	if args.LogLevel == nil {
		return pulumi.String("INFO")
	}
	return text("function "+f.name, "LogLevel", args.LogLevel, logLevelForm)
}

// functionLimits are the numeric arguments of a function, checked.
type functionLimits struct {
	memoryMB, ephemeralMB pulumi.IntOutput
	timeout               pulumi.IntOutput // in seconds
	retries               pulumi.IntOutput
	maxAge                pulumi.IntOutput // in seconds
	concurrency           pulumi.IntOutput // -1 if none is reserved
	reserved              bool             // the arguments reserve concurrency
}

// limits checks the numeric arguments and adds their defaults.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
func (f *Function) limits(args *FunctionArgs) functionLimits {
	within := func(property string, in pulumi.IntPtrInput, l limits) pulumi.IntOutput {
		return number("function "+f.name, property, in, l)
	}
	return functionLimits{
		memoryMB:    within("MemoryMB", args.MemoryMB, limits{128, 128, 10240}),
		ephemeralMB: within("EphemeralMB", args.EphemeralMB, limits{512, 512, 10240}),
		timeout:     within("TimeoutSeconds", args.TimeoutSeconds, limits{10, 1, 900}),
		retries:     within("Retries", args.Retries, limits{2, 0, 2}),
		maxAge:      within("MaxEventAgeSeconds", args.MaxEventAgeSeconds, limits{21600, 60, 21600}),
		concurrency: within("ReservedConcurrency", args.ReservedConcurrency, limits{fallback: -1}),
		reserved:    args.ReservedConcurrency != nil,
	}
}

// storeFailures creates the failure queue. Complete makes Lambda send the events that
// it gives up on to it, or to the queue of OnFailure.
func (f *Function) storeFailures(l functionLimits) (err error) {
	if f.Failures, err = newStore(f.env, f.name+"-failures", &sqs.QueueArgs{}, f); err != nil {
		return err
	}
	f.Failures.function = f.ARN
	f.Failures.accepts(f.asSender())
	f.env.queues = append(f.env.queues, f.Failures)
	f.env.pending = append(f.env.pending, func() error {
		if err := f.Failures.connectSources(); err != nil {
			return err
		}
		return f.invokeAsynchronously(l)
	})
	return nil
}

// asSender returns the function's role as the sender to a queue.
func (f *Function) asSender() sender { return sender{principal: principal(f.role.Arn)} }

// firstFailures returns the queue that receives first what the function could not
// process.
func (f *Function) firstFailures() *Queue {
	if f.onFailure != nil {
		return f.onFailure
	}
	return f.Failures
}

// invokeAsynchronously limits the retries of events, and makes Lambda send those that
// it gives up on to a queue. Lambda uses the function's role for this.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (f *Function) invokeAsynchronously(l functionLimits) error {
	to := f.firstFailures()
	send, err := f.grant("failures", statement{Action: []string{"sqs:SendMessage"}, Resource: []pulumi.StringInput{to.ARN}})
	if err != nil {
		return err
	}
	_, err = lambda.NewFunctionEventInvokeConfig(f.env.ctx, f.env.child(f.name), &lambda.FunctionEventInvokeConfigArgs{
		FunctionName:             f.Name,
		Qualifier:                f.alias,
		MaximumRetryAttempts:     l.retries,
		MaximumEventAgeInSeconds: l.maxAge,
		DestinationConfig: lambda.FunctionEventInvokeConfigDestinationConfigArgs{
			OnFailure: lambda.FunctionEventInvokeConfigDestinationConfigOnFailureArgs{Destination: to.ARN},
		},
	}, pulumi.Parent(f), pulumi.DependsOn([]pulumi.Resource{send, to.policy}))
	return err
}
