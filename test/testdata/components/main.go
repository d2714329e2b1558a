// Command components is a Pulumi program of another module that uses tally's
// components. It declares the same topic in two environments, one of which uses
// a provider that the program creates.
package main

import (
	"context"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/serverless"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		east, err := orders(ctx, "east", &serverless.EnvironmentArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		provider, err := aws.NewProvider(ctx, "own", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		own, err := orders(ctx, "own", &serverless.EnvironmentArgs{Tags: pulumi.StringMap{"tenant": pulumi.String("b")}}, pulumi.Provider(provider))
		if err != nil {
			return err
		}
		ctx.Export("east", east)
		ctx.Export("own", own)
		return nil
	})
}

// orders declares an environment with one topic and returns the topic's ARN.
func orders(ctx *pulumi.Context, name string, args *serverless.EnvironmentArgs, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	env, err := serverless.NewEnvironment(ctx, name, args, opts...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	topic, err := serverless.NewTopic(env, "orders", nil, pulumi.Transforms([]pulumi.ResourceTransform{titled}))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return topic.ARN, env.Complete()
}

// titled sets the display name of a topic, which the component has no argument
// for.
func titled(_ context.Context, r *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	if r.Type != "aws:sns/topic:Topic" {
		return nil
	}
	r.Props["displayName"] = pulumi.String("Orders")
	return &pulumi.ResourceTransformResult{Props: r.Props, Opts: r.Opts}
}
