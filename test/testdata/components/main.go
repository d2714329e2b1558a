// A program of another module that uses the components of this project.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/serverless"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		env, err := serverless.NewEnvironment(ctx, &serverless.EnvironmentArgs{Region: "us-east-1"})
		if err != nil {
			return err
		}
		orders, err := serverless.NewTopic(env, "orders", nil)
		if err != nil {
			return err
		}
		ctx.Export("one", orders.ARN)
		return nil
	})
}
