package serverless

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionArgs describe a Function.
type FunctionArgs struct {
	// Code is a zip archive that holds the program as "bootstrap". Required.
	Code pulumi.Archive
	// Architecture the code is built for: "arm64" or "x86_64". Default "arm64".
	Architecture string
	// MemoryMB is the memory of one invocation in MB, 128 to 10240; processor
	// time grows with it. Default 128.
	MemoryMB int
	// TimeoutSeconds ends an invocation, 1 to 900 seconds. Default 10.
	TimeoutSeconds int
	// EphemeralMB is the size of /tmp in MB, 512 to 10240. Default 512.
	EphemeralMB int
	// ReservedConcurrency is how many invocations there may be at the same time;
	// no other function can take them. AWS keeps 100 of an account's unreserved.
	// Default: what the account has left.
	ReservedConcurrency int
	// Retries is how often Lambda tries a failed asynchronous invocation again,
	// 0 to 2. Default 2.
	Retries *int
	// MaxEventAgeSeconds is when Lambda gives an asynchronous event up, 60 to
	// 21600 seconds. Default 21600, six hours.
	MaxEventAgeSeconds int
	// Environment variables, besides those that say what the function is part of:
	// NAMESPACE, the project; SERVICE, the name given here; and ENVIRONMENT, the
	// stack. Default none.
	Environment pulumi.StringMap
}

// Function is a Lambda function on the runtime provided.al2023, with a role that
// may write its own log group, traces and failures, and nothing else until it is
// granted. What invokes it invokes its alias.
type Function struct {
	pulumi.ResourceState

	Name     pulumi.StringOutput // "handle-message-1a2b3c4"
	ARN      pulumi.StringOutput // of the alias
	LogGroup pulumi.StringOutput // "/aws/lambda/<project>-<stack>-<name>"
	// Failures holds events that Lambda gave up, each with the reason.
	//
	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
	Failures *Queue

	env       *Environment
	name      string
	role      *iam.Role
	alias     pulumi.StringOutput // its name
	invokeARN pulumi.StringOutput // what API Gateway calls the alias by
}

// live is the alias of the version that serves.
const live = "live"

// NewFunction creates the function after its log group and the permission to
// write there, so that not a line is lost.
func NewFunction(env *Environment, name string, args *FunctionArgs, opts ...pulumi.ResourceOption) (*Function, error) {
	f := &Function{env: env, name: name}
	if err := checkName("function", name, longestFunction); err != nil {
		return nil, err
	}
	variables, err := f.variables(args.Environment)
	if err != nil {
		return nil, err
	}
	if err := env.register("Function", name, f, opts...); err != nil {
		return nil, err
	}
	logs, err := env.logGroup(name, pulumi.Sprintf("/aws/lambda/%s-%s-%s", env.ctx.Project(), env.ctx.Stack(), name), f)
	if err != nil {
		return nil, err
	}
	f.LogGroup = logs.Name
	f.role, err = iam.NewRole(env.ctx, name, &iam.RoleArgs{AssumeRolePolicy: assumableBy("lambda.amazonaws.com")}, pulumi.Parent(f))
	if err != nil {
		return nil, err
	}
	own, err := f.grantOwn(logs.Arn)
	if err != nil {
		return nil, err
	}
	function, err := lambda.NewFunction(env.ctx, name, &lambda.FunctionArgs{
		Architectures:    pulumi.ToStringArray([]string{cmp.Or(args.Architecture, "arm64")}),
		Code:             args.Code,
		Environment:      variables,
		EphemeralStorage: lambda.FunctionEphemeralStorageArgs{Size: pulumi.Int(cmp.Or(args.EphemeralMB, 512))},
		Handler:          pulumi.String("bootstrap"),
		KmsKeyArn:        env.customerKey(),
		LoggingConfig: lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("JSON"), LogGroup: logs.Name,
			ApplicationLogLevel: pulumi.String("INFO"), SystemLogLevel: pulumi.String("INFO"),
		},
		MemorySize: pulumi.Int(cmp.Or(args.MemoryMB, 128)),
		Publish:    pulumi.Bool(true),
		// To AWS none is a number too: zero would let nobody invoke it.
		ReservedConcurrentExecutions: pulumi.Int(cmp.Or(args.ReservedConcurrency, -1)),
		Role:                         f.role.Arn,
		Runtime:                      pulumi.String("provided.al2023"),
		Timeout:                      pulumi.Int(cmp.Or(args.TimeoutSeconds, 10)),
		TracingConfig:                lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")},
	}, pulumi.Parent(f), pulumi.DependsOn(own))
	if err != nil {
		return nil, err
	}
	f.Name = function.Name
	alias, err := lambda.NewAlias(env.ctx, name, &lambda.AliasArgs{
		Name:            pulumi.String(live),
		FunctionName:    function.Name,
		FunctionVersion: function.Version,
	}, pulumi.Parent(f))
	if err != nil {
		return nil, err
	}
	f.ARN, f.alias, f.invokeARN = alias.Arn, alias.Name, alias.InvokeArn
	if err := f.keepFailures(args); err != nil {
		return nil, err
	}
	if err := f.watch(args); err != nil {
		return nil, err
	}
	return f, env.ctx.RegisterResourceOutputs(f, pulumi.Map{"name": f.Name, "arn": f.ARN, "logGroup": f.LogGroup})
}

// grantOwn lets the function do what every function does.
func (f *Function) grantOwn(logs pulumi.StringOutput) ([]pulumi.Resource, error) {
	write, err := f.grant("logs", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, pulumi.Sprintf("%s:*", logs))
	if err != nil {
		return nil, err
	}
	// X-Ray has no ARNs for what these actions write to:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
	trace, err := f.grant("traces", []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, pulumi.String("*"))
	if err != nil || !f.env.args.CustomerKey {
		return []pulumi.Resource{write, trace}, err
	}
	key, err := f.grant("key", []string{"kms:Decrypt", "kms:GenerateDataKey"}, f.env.key.Arn)
	return []pulumi.Resource{write, trace, key}, err
}

// keepFailures makes Lambda put the events that it gives up into a queue. It
// sends them with the function's role.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (f *Function) keepFailures(args *FunctionArgs) (err error) {
	f.Failures, err = newQueue(f.env, f.name+"-failures", sender{principal: principal(f.role.Arn)}, f)
	if err != nil {
		return err
	}
	send, err := f.grant("failures", []string{"sqs:SendMessage"}, f.Failures.ARN)
	if err != nil {
		return err
	}
	retries := 2
	if args.Retries != nil {
		retries = *args.Retries
	}
	_, err = lambda.NewFunctionEventInvokeConfig(f.env.ctx, f.name, &lambda.FunctionEventInvokeConfigArgs{
		FunctionName:             f.Name,
		Qualifier:                f.alias,
		MaximumRetryAttempts:     pulumi.Int(retries),
		MaximumEventAgeInSeconds: pulumi.Int(maxEventAge(args)),
		DestinationConfig: lambda.FunctionEventInvokeConfigDestinationConfigArgs{
			OnFailure: lambda.FunctionEventInvokeConfigDestinationConfigOnFailureArgs{Destination: f.Failures.ARN},
		},
	}, pulumi.Parent(f), pulumi.DependsOn([]pulumi.Resource{send, f.Failures.policy}))
	return err
}

func maxEventAge(args *FunctionArgs) int { return cmp.Or(args.MaxEventAgeSeconds, 21600) }

// Grant lets the function do the actions ("sns:Publish") to the resources,
// given by ARN. The name tells its grants apart.
func (f *Function) Grant(name string, actions []string, resources ...pulumi.StringInput) error {
	_, err := f.grant(name, actions, resources...)
	return err
}

func (f *Function) grant(name string, actions []string, resources ...pulumi.StringInput) (*iam.RolePolicy, error) {
	if len(actions) == 0 || len(resources) == 0 {
		return nil, fmt.Errorf("grant %s of function %s: name at least one action and one resource", name, f.name)
	}
	return iam.NewRolePolicy(f.env.ctx, f.name+"-"+name, &iam.RolePolicyArgs{
		Role:   f.role.Name,
		Policy: document(statement{Action: actions, Resource: resources}),
	}, pulumi.Parent(f))
}

// invokeBy lets an AWS service invoke the function's alias on behalf of one
// resource.
func (f *Function) invokeBy(name, service string, source pulumi.StringInput, opts ...pulumi.ResourceOption) (*lambda.Permission, error) {
	return lambda.NewPermission(f.env.ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  f.Name,
		Qualifier: f.alias,
		Principal: pulumi.String(service),
		SourceArn: source.ToStringOutput(),
	}, opts...)
}
