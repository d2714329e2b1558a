// Command foreign is a Pulumi program that imports nothing from tally. It
// declares a role and a function whose archive has a relative path.
package main

import (
	"runtime"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		role, err := iam.NewRole(ctx, "greeter", &iam.RoleArgs{
			AssumeRolePolicy: pulumi.String(`{
				"Version": "2012-10-17",
				"Statement": [{
					"Effect": "Allow",
					"Principal": {"Service": "lambda.amazonaws.com"},
					"Action": "sts:AssumeRole"
				}]
			}`),
			ManagedPolicyArns: pulumi.StringArray{iam.ManagedPolicyAWSLambdaBasicExecutionRole},
		})
		if err != nil {
			return err
		}
		function, err := lambda.NewFunction(ctx, "greeter", &lambda.FunctionArgs{
			Role:    role.Arn,
			Runtime: lambda.RuntimeCustomAL2023,
			Handler: pulumi.String("bootstrap"),
			Code:    pulumi.NewFileArchive("build/greeter.zip"),
			Architectures: pulumi.StringArray{
				pulumi.String(map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]),
			},
			Environment: &lambda.FunctionEnvironmentArgs{
				Variables: pulumi.StringMap{"GREETING": pulumi.String("good morning")},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("function", function.Name)
		return nil
	})
}
