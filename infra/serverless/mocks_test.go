package serverless

import (
	"fmt"
	"sync"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cloud is a mock of the engine. It stores the inputs of every resource.
type cloud struct {
	mu        sync.Mutex
	resources map[string]pulumi.MockResourceArgs // by type and name
	twice     []string                           // URNs that were registered more than once
	urns      map[string]bool
}

func newCloud() *cloud {
	return &cloud{resources: map[string]pulumi.MockResourceArgs{}, urns: map[string]bool{}}
}

func (c *cloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	urn := urnOf(args)
	if c.urns[urn] {
		c.twice = append(c.twice, urn)
	}
	c.urns[urn] = true
	c.resources[args.TypeToken+" "+args.Name] = args
	outputs := args.Inputs.Copy()
	outputs["arn"] = resource.NewProperty("arn:aws:service:r:a:" + args.Name)
	outputs["url"] = resource.NewProperty("https://sqs/" + args.Name)
	outputs["executionArn"] = resource.NewProperty("arn:execute-api:" + args.Name)
	if !outputs.HasValue("name") {
		outputs["name"] = resource.NewProperty(args.Name)
	}
	return args.Name, outputs, nil
}

func (c *cloud) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": "a", "arn": "arn:aws:iam::a:user/me"}), nil
}

// urnOf returns the URN that the engine would give the resource.
func urnOf(args pulumi.MockResourceArgs) string {
	var parent tokens.Type
	if p := resource.URN(args.RegisterRPC.GetParent()); p != "" && p.QualifiedType() != resource.RootStackType {
		parent = p.QualifiedType()
	}
	return string(resource.NewURN("stack", "project", parent, tokens.Type(args.TypeToken), args.Name))
}

// inputs returns the inputs of one resource, "aws:sns/topic:Topic e-numbers".
func (c *cloud) inputs(t *testing.T, typeAndName string) map[string]any {
	t.Helper()
	r, ok := c.resources[typeAndName]
	if !ok {
		t.Errorf("there is no %s", typeAndName)
		return nil
	}
	return r.Inputs.Mappable()
}

// run runs a program in a project and a stack.
func run(project, stack string, program func(*pulumi.Context) error) (*cloud, error) {
	c := newCloud()
	err := pulumi.RunErr(program, pulumi.WithMocks(project, stack, c))
	if err == nil && len(c.twice) > 0 {
		err = fmt.Errorf("duplicate URNs %q", c.twice)
	}
	return c, err
}

// within runs a program in an environment "e", and completes the environment
// unless the program has.
func within(args EnvironmentArgs, program func(*Environment) error) (*cloud, error) {
	return run("project", "stack", func(ctx *pulumi.Context) error {
		args.Region = pulumi.String("us-east-1")
		env, err := NewEnvironment(ctx, "e", &args)
		if err != nil {
			return err
		}
		if err := program(env); err != nil {
			return err
		}
		if env.complete {
			return nil
		}
		return env.Complete()
	})
}

// withFunction runs a program in an environment with a function f that has
// default settings.
func withFunction(program func(*Environment, *Function) error) (*cloud, error) {
	return within(EnvironmentArgs{}, func(env *Environment) error {
		f, err := newFunction(env, "f")
		if err != nil {
			return err
		}
		return program(env, f)
	})
}

func newFunction(env *Environment, name string) (*Function, error) {
	return NewFunction(env, name, &FunctionArgs{Code: pulumi.NewFileArchive("f.zip")})
}

// newProvider creates an AWS provider outside of any environment.
func newProvider(ctx *pulumi.Context, region string) (*aws.Provider, error) {
	return aws.NewProvider(ctx, "mine", &aws.ProviderArgs{Region: pulumi.String(region)})
}
