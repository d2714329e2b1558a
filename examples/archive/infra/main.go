// Command infra is the Pulumi program of archive, a system that keeps every sum that a
// stack of tally computes. It knows that stack only by its outputs.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/bundle"
	"tally/infra/serverless"
)

func main() { pulumi.Run(program) }

func program(ctx *pulumi.Context) error {
	platform, architecture := target(ctx.Stack())
	code, err := bundle.Build(ctx.Context(), platform)
	if err != nil {
		return err
	}
	return stack(ctx, pulumi.NewFileArchive(code["archive-sum"]), architecture)
}

// stack declares every resource. archive-sum stores each sum of the queue in the table
// once.
func stack(ctx *pulumi.Context, code pulumi.Archive, architecture pulumi.String) error {
	env, err := newEnvironment(ctx)
	if err != nil {
		return err
	}
	sums, err := sumsOf(ctx, env)
	if err != nil {
		return err
	}
	table, err := serverless.NewTable(env, "sums", &serverless.TableArgs{Key: "id"})
	if err != nil {
		return err
	}
	archiveSum, err := serverless.NewFunction(env, "archive-sum", &serverless.FunctionArgs{
		Code:         code,
		Architecture: architecture,
		// AWS recommends a visibility timeout of six times this; that of the queue is 30
		// seconds.
		TimeoutSeconds: pulumi.Int(5),
		Environment:    pulumi.StringMap{"ARCHIVE_TABLE": table.Name},
	})
	if err != nil {
		return err
	}
	if err := errors.Join(table.GrantWrite(archiveSum), sums.Invoke(archiveSum, nil)); err != nil {
		return err
	}

	ctx.Export("archiveTable", table.Name)
	ctx.Export("archiveFunction", archiveSum.Name)
	return env.Complete()
}

// target returns what functions are compiled for: this machine for the local cloud, which
// accepts the stacks local and local-…, and otherwise arm64 for Lambda.
func target(stack string) (bundle.Platform, pulumi.String) {
	if first, _, _ := strings.Cut(stack, "-"); first != "local" {
		return bundle.Platform{OS: "linux", Arch: "arm64"}, "arm64"
	}
	here := bundle.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}
	if here.Arch == "amd64" {
		return here, "x86_64"
	}
	return here, "arm64"
}

// newEnvironment creates the environment in the configured region, if the account is one
// of those that the configuration allows.
func newEnvironment(ctx *pulumi.Context) (*serverless.Environment, error) {
	region, ok := ctx.GetConfig("aws:region")
	if !ok {
		return nil, errors.New("aws:region is missing: set it, for example with `pulumi config set aws:region us-east-1`")
	}
	args := &serverless.EnvironmentArgs{Region: pulumi.String(region)}
	if list, ok := ctx.GetConfig("aws:allowedAccountIds"); ok {
		var accounts []string
		if err := json.Unmarshal([]byte(list), &accounts); err != nil {
			return nil, fmt.Errorf("aws:allowedAccountIds must be a list of account IDs: %w", err)
		}
		args.AllowedAccounts = pulumi.ToStringArray(accounts)
	}
	return serverless.NewEnvironment(ctx, "main", args)
}

// sumsOf returns the queue of sums of the configured stack of tally. That stack has the
// queue if its setting tally:sumsQueue is true, and a key for it if tally:encryption is
// customer.
func sumsOf(ctx *pulumi.Context, env *serverless.Environment) (*serverless.ExternalQueue, error) {
	name, ok := ctx.GetConfig("archive:tallyStack")
	if !ok || name == "" {
		name = ctx.Organization() + "/tally/" + ctx.Stack()
	}
	tally, err := pulumi.NewStackReference(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	// Plain values, so that a stack without the queue fails the preview, and the
	// permission to decrypt exists only if there is a key.
	queue, err := tally.GetOutputDetails("sumsQueueArn")
	if err != nil {
		return nil, err
	}
	key, err := tally.GetOutputDetails("sumsQueueKeyArn")
	if err != nil {
		return nil, err
	}
	arn, ok := queue.Value.(string)
	if !ok {
		return nil, fmt.Errorf("the stack %s has no output sumsQueueArn: set its tally:sumsQueue to true and deploy it", name)
	}
	args := &serverless.ExternalQueueArgs{ARN: pulumi.String(arn)}
	if arn, ok := key.Value.(string); ok {
		args.KeyARN = pulumi.String(arn)
	}
	return serverless.NewExternalQueue(env, "sums", args)
}
