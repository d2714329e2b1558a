package serverless

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// useKey are the actions on a key that writing and reading encrypted data
// requires.
var useKey = []string{"kms:Decrypt", "kms:GenerateDataKey"}

// Grant allows the function to perform the actions, such as "sns:Publish", on
// the resources with the given ARNs. The name must be unique among the
// function's grants.
func (f *Function) Grant(name string, actions []string, resources pulumi.StringArray, opts ...pulumi.ResourceOption) error {
	if !componentName.MatchString(name) || len(actions) == 0 || len(resources) == 0 {
		return fmt.Errorf("grant %q of function %s: its name must be lowercase letters, digits and single dashes, and start with a letter, and it needs at least one action and one resource", name, f.name)
	}
	if err := f.env.checkOpen(fmt.Sprintf("grant %s to function %s", name, f.name)); err != nil {
		return err
	}
	_, err := f.grant(name, statement{Action: actions, Resource: resources}, opts...)
	return err
}

// grantUse allows the function to perform actions on a resource of an
// environment. It also allows using that environment's key, unless it is the
// function's own environment, whose key every function may use.
func (f *Function) grantUse(of *Environment, name string, actions []string, arn pulumi.StringInput, opts []pulumi.ResourceOption) error {
	if err := of.checkOpen(fmt.Sprintf("grant %s to function %s", name, f.name)); err != nil {
		return err
	}
	if err := f.Grant(name, actions, pulumi.StringArray{arn}, opts...); err != nil {
		return err
	}
	if of == f.env || !of.args.CustomerKey {
		return nil
	}
	return f.Grant(name+"-key", useKey, pulumi.StringArray{of.key}, opts...)
}

// grantOwn grants what every function needs: to write logs and traces, and to
// use the environment's key. logs is the ARN of the function's log group.
func (f *Function) grantOwn(logs pulumi.StringOutput) ([]pulumi.Resource, error) {
	write, err := f.grant("logs", statement{
		Action: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resource: []pulumi.StringInput{pulumi.Sprintf("%s:*", logs)},
	})
	if err != nil {
		return nil, err
	}
	// These actions support no resource-level permissions:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
	trace, err := f.grant("traces", statement{
		Action: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, Resource: []pulumi.StringInput{pulumi.String("*")},
	})
	if err != nil || !f.env.args.CustomerKey {
		return []pulumi.Resource{write, trace}, err
	}
	key, err := f.grant("key", statement{Action: useKey, Resource: []pulumi.StringInput{f.env.key}})
	return []pulumi.Resource{write, trace, key}, err
}

// grant adds a policy with one statement to the function's role. Complete may call it,
// too.
func (f *Function) grant(name string, s statement, opts ...pulumi.ResourceOption) (*iam.RolePolicy, error) {
	full := f.name + "-" + name
	if err := f.env.checkName("grant", full, part{"role policy", ""}); err != nil {
		return nil, err
	}
	return iam.NewRolePolicy(f.env.ctx, f.env.child(full), &iam.RolePolicyArgs{Role: f.role.Name, Policy: document(s)},
		slices.Concat([]pulumi.ResourceOption{pulumi.Parent(f)}, opts)...)
}

// invokeBy allows an AWS service to invoke the function's alias on behalf of one
// resource.
func (f *Function) invokeBy(name, service string, source pulumi.StringInput, parent pulumi.Resource, opts ...pulumi.ResourceOption) (*lambda.Permission, error) {
	return lambda.NewPermission(f.env.ctx, f.env.child(name), &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  f.Name,
		Qualifier: f.alias,
		Principal: pulumi.String(service),
		SourceArn: source.ToStringOutput(),
	}, slices.Concat([]pulumi.ResourceOption{pulumi.Parent(parent)}, opts)...)
}
