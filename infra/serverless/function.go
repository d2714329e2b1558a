package serverless

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
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
	// LogRetentionDays is how long logs are kept, one of the numbers of days
	// that CloudWatch Logs allows. Default 30.
	LogRetentionDays int
	// Environment variables. Default none.
	Environment pulumi.StringMap
}

// Function is a Lambda function on the runtime provided.al2023, with a role
// that may write its own log group and nothing else until it is granted.
type Function struct {
	pulumi.ResourceState

	Name     pulumi.StringOutput // "handle-message-1a2b3c4"
	ARN      pulumi.StringOutput
	LogGroup pulumi.StringOutput // "/aws/lambda/<project>-<stack>-<name>"

	ctx       *pulumi.Context
	name      string
	role      *iam.Role
	invokeARN pulumi.StringOutput // what API Gateway calls it by
}

// NewFunction creates the function after its log group and the permission to
// write there, so that not a line is lost.
func NewFunction(ctx *pulumi.Context, name string, args *FunctionArgs, opts ...pulumi.ResourceOption) (*Function, error) {
	f := &Function{ctx: ctx, name: name}
	if err := ctx.RegisterComponentResource("tally:serverless:Function", name, f, opts...); err != nil {
		return nil, err
	}
	logs, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name:            pulumi.Sprintf("/aws/lambda/%s-%s-%s", ctx.Project(), ctx.Stack(), name),
		RetentionInDays: pulumi.Int(cmp.Or(args.LogRetentionDays, 30)),
	}, pulumi.Parent(f))
	if err != nil {
		return nil, err
	}
	f.role, err = iam.NewRole(ctx, name, &iam.RoleArgs{
		AssumeRolePolicy: pulumi.JSONMarshal(allow(statement{
			Principal: &principal{Service: "lambda.amazonaws.com"},
			Action:    []string{"sts:AssumeRole"},
		})),
	}, pulumi.Parent(f))
	if err != nil {
		return nil, err
	}
	writeLogs, err := f.grant("logs", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, pulumi.Sprintf("%s:*", logs.Arn))
	if err != nil {
		return nil, err
	}
	function, err := lambda.NewFunction(ctx, name, &lambda.FunctionArgs{
		Architectures: pulumi.ToStringArray([]string{cmp.Or(args.Architecture, "arm64")}),
		Code:          args.Code,
		Environment:   environment(args.Environment),
		Handler:       pulumi.String("bootstrap"),
		LoggingConfig: lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("Text"), LogGroup: logs.Name},
		MemorySize:    pulumi.Int(cmp.Or(args.MemoryMB, 128)),
		Role:          f.role.Arn,
		Runtime:       pulumi.String("provided.al2023"),
		Timeout:       pulumi.Int(cmp.Or(args.TimeoutSeconds, 10)),
	}, pulumi.Parent(f), pulumi.DependsOn([]pulumi.Resource{writeLogs}))
	if err != nil {
		return nil, err
	}
	f.Name, f.ARN, f.LogGroup, f.invokeARN = function.Name, function.Arn, logs.Name, function.InvokeArn
	return f, ctx.RegisterResourceOutputs(f, pulumi.Map{"name": f.Name, "arn": f.ARN, "logGroup": f.LogGroup})
}

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
	document := pulumi.StringArray(resources).ToStringArrayOutput().ApplyT(func(arns []string) policy {
		return allow(statement{Action: actions, Resource: arns})
	})
	return iam.NewRolePolicy(f.ctx, f.name+"-"+name, &iam.RolePolicyArgs{
		Role:   f.role.Name,
		Policy: pulumi.JSONMarshal(document),
	}, pulumi.Parent(f))
}

// invokeBy lets an AWS service invoke the function on behalf of one resource.
func (f *Function) invokeBy(name, service string, source pulumi.StringInput, opts ...pulumi.ResourceOption) (*lambda.Permission, error) {
	return lambda.NewPermission(f.ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  f.Name,
		Principal: pulumi.String(service),
		SourceArn: source,
	}, opts...)
}

// environment leaves the block out where it would be empty: AWS does not return
// an empty one, and the next preview would show a change.
func environment(variables pulumi.StringMap) lambda.FunctionEnvironmentPtrInput {
	if len(variables) == 0 {
		return nil
	}
	return lambda.FunctionEnvironmentArgs{Variables: variables}
}
