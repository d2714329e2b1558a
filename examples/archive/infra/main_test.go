package main

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	queue = "arn:aws:sqs:us-east-1:123456789012:tally-dev-main-sums-1a2b3c4"
	key   = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// TestStack proves that the stack reads the outputs of the right stack of tally, polls its
// queue, and may use its key if there is one.
func TestStack(t *testing.T) {
	for _, test := range []struct {
		name    string
		setting string
		outputs map[string]any
		want    read
	}{
		{"the key of SQS", "", map[string]any{"sumsQueueArn": queue}, read{stack: "acme/tally/dev", queue: queue}},
		{"a customer key", "", map[string]any{"sumsQueueArn": queue, "sumsQueueKeyArn": key}, read{stack: "acme/tally/dev", queue: queue, key: true}},
		{"another stack", "other/tally/prod", map[string]any{"sumsQueueArn": queue}, read{stack: "other/tally/prod", queue: queue}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := deploy(test.setting, test.outputs, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(read{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNoQueue proves that a stack of tally without the queue fails the preview already.
func TestNoQueue(t *testing.T) {
	for _, preview := range []bool{true, false} {
		_, err := deploy("", map[string]any{"sumsTopicArn": "arn"}, preview)
		if err == nil || !strings.Contains(err.Error(), "the stack acme/tally/dev has no output sumsQueueArn: set its tally:sumsQueue to true") {
			t.Errorf("preview %t: got %v", preview, err)
		}
	}
}

// read is what the stack reads from outside.
type read struct {
	stack string // whose outputs it reads
	queue string // that Lambda polls
	key   bool   // whether a policy allows the use of the key
}

// deploy runs the program in the stack dev of the organization acme. outputs are those of
// the stack of tally.
func deploy(setting string, outputs map[string]any, preview bool) (read, error) {
	e := &engine{outputs: outputs}
	program := func(ctx *pulumi.Context) error { return stack(ctx, pulumi.NewFileArchive("archive-sum.zip"), "arm64") }
	err := pulumi.RunErr(program, pulumi.WithMocks("archive", "dev", e), func(info *pulumi.RunInfo) {
		info.Organization, info.DryRun = "acme", preview
		info.Config = map[string]string{"aws:region": "us-east-1", "archive:tallyStack": setting}
	})
	return e.read, err
}

// engine is a mock of the engine.
type engine struct {
	outputs map[string]any
	mu      sync.Mutex
	read    read
}

func (e *engine) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	outputs := args.Inputs.Copy()
	outputs["arn"], outputs["name"] = resource.NewProperty("arn:aws:service:r:a:"+args.Name), resource.NewProperty(args.Name)
	switch args.TypeToken {
	case "pulumi:pulumi:StackReference":
		e.read.stack = args.Inputs["name"].StringValue()
		outputs["outputs"] = resource.NewProperty(resource.NewPropertyMapFromMap(e.outputs))
	case "aws:lambda/eventSourceMapping:EventSourceMapping":
		e.read.queue = args.Inputs["eventSourceArn"].StringValue()
	case "aws:iam/rolePolicy:RolePolicy":
		e.read.key = e.read.key || strings.Contains(args.Inputs["policy"].StringValue(), key)
	}
	return args.Name, outputs, nil
}

func (e *engine) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": "a", "arn": "arn:aws:iam::a:user/me"}), nil
}
