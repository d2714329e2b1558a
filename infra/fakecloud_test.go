package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/settings"
)

// fakeCloud is a mock of the engine. It stores the inputs of every resource and
// returns outputs derived from the resource's type and name.
type fakeCloud struct {
	mu        sync.Mutex
	resources map[string]pulumi.MockResourceArgs
}

func newFakeCloud() *fakeCloud { return &fakeCloud{resources: map[string]pulumi.MockResourceArgs{}} }

// deploy runs the stack "dev" and returns its outputs.
func (c *fakeCloud) deploy(config settings.Settings, code map[string]string) (map[string]any, error) {
	var mu sync.Mutex
	values := map[string]any{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		outputs, err := stack(ctx, config, code)
		for name, output := range outputs {
			pulumi.ToOutput(output).ApplyT(func(value any) any {
				mu.Lock()
				defer mu.Unlock()
				values[name] = value
				return value
			})
		}
		return err
	}, pulumi.WithMocks("tally", "dev", c))
	return values, err
}

func (c *fakeCloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resources[args.TypeToken+" "+args.Name] = args
	outputs := args.Inputs.Copy()
	kind := path.Base(strings.ReplaceAll(args.TypeToken, ":", "/"))
	for _, output := range []struct{ name, value string }{
		{"arn", "arn:aws:" + kind + ":r:a:" + args.Name},
		{"name", args.Name + "-1a2b3c4"},
		{"url", "https://sqs/" + args.Name},
		{"keyId", args.Name + "-id"},
		{"version", "1"},
		{"invokeArn", "arn:invoke:" + args.Name},
		{"invokeUrl", "https://" + args.Name + "/"},
		{"executionArn", "arn:execute-api:" + args.Name},
	} {
		if key := resource.PropertyKey(output.name); !outputs.HasValue(key) {
			outputs[key] = resource.NewProperty(output.value)
		}
	}
	return args.Name + "-id", outputs, nil
}

func (c *fakeCloud) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token != "aws:index/getCallerIdentity:getCallerIdentity" {
		return nil, fmt.Errorf("unexpected call of %s", args.Token)
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"accountId": "123456789012", "arn": "arn:aws:sts::123456789012:assumed-role/deploy/session", "id": "123456789012", "userId": "AROA:session",
	}), nil
}

// summary returns one line for each AWS resource, sorted: its type and name, its
// component, and its explicit dependencies.
func (c *fakeCloud) summary() []string {
	var lines []string
	for _, r := range c.resources {
		if !r.Custom {
			continue
		}
		line := label(r.RegisterRPC.GetType(), r.Name)
		if parent := urn.URN(r.RegisterRPC.GetParent()); parent != "" {
			line += " in " + label(string(parent.Type()), parent.Name())
		}
		var inputs []string
		for _, dependencies := range r.RegisterRPC.GetPropertyDependencies() {
			inputs = append(inputs, dependencies.GetUrns()...)
		}
		for _, dependency := range slices.Sorted(slices.Values(r.RegisterRPC.GetDependencies())) {
			if !slices.Contains(inputs, dependency) {
				line += " after " + label(string(urn.URN(dependency).Type()), urn.URN(dependency).Name())
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// label returns a short name such as "Topic numbers" for a resource.
func label(kind, name string) string { return kind[strings.LastIndex(kind, ":")+1:] + " " + name }

// property returns an input of every resource of a type, by the resource's name.
func (c *fakeCloud) property(kind, property string) map[string]string {
	values := map[string]string{}
	for _, r := range c.resources {
		if r.TypeToken == kind {
			values[r.Name] = r.Inputs[resource.PropertyKey(property)].StringValue()
		}
	}
	return values
}

// inputs returns the inputs of one resource in the types of encoding/json. An
// archive is represented by its path.
func (c *fakeCloud) inputs(kind, name string) any {
	return c.resources[kind+" "+name].Inputs.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsArchive() {
			return v.ArchiveValue().Path, true
		}
		return nil, false
	})
}
