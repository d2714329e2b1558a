package serverless_test

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/serverless"
)

// Pulumi applies a transformation of a component to every resource of the
// component. It can change any property, including those that the component has
// no argument for. This one makes Lambda log more about a function.
// pulumi.Transforms works similarly, but in the engine and with untyped
// properties.
func Example_transformations() {
	debug := func(r *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		function, ok := r.Props.(*lambda.FunctionArgs)
		if !ok {
			return nil // the other resources stay as they are
		}
		function.LoggingConfig = lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("JSON"), SystemLogLevel: pulumi.String("DEBUG")}
		return &pulumi.ResourceTransformationResult{Props: function, Opts: r.Opts}
	}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		env, err := serverless.NewEnvironment(ctx, "main", &serverless.EnvironmentArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		_, err = serverless.NewFunction(env, "handle-message", &serverless.FunctionArgs{
			Code: pulumi.NewFileArchive("handle-message.zip"),
		}, pulumi.Transformations([]pulumi.ResourceTransformation{debug}))
		if err != nil {
			return err
		}
		return env.Complete()
	}, pulumi.WithMocks("tally", "dev", logLevels{}))
	fmt.Println(err)
	// Output:
	// Lambda logs about main-handle-message at the level DEBUG
	// <nil>
}

// logLevels is a mock of the engine that prints the system log level of each
// function.
type logLevels struct{}

func (logLevels) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "aws:lambda/function:Function" {
		fmt.Println("Lambda logs about", args.Name, "at the level", args.Inputs["loggingConfig"].ObjectValue()["systemLogLevel"].StringValue())
	}
	outputs := args.Inputs.Copy()
	outputs["arn"] = resource.NewProperty("arn:aws:service:us-east-1:123456789012:" + args.Name)
	return args.Name, outputs, nil
}

func (logLevels) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": "123456789012", "arn": "arn:aws:iam::123456789012:user/me"}), nil
}
