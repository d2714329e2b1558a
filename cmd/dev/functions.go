package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"tally/internal/stack"
)

// live is the name of the alias that all triggers invoke.
const live = "live"

// functions are the functions of the stack, by their names in the program.
type functions struct {
	client *lambda.Client
	all    map[string]*function
}

// function is a function of the stack.
type function struct {
	name string // "tally-local-main-add-numbers-1a2b3c4"
	code string // hash of the archive that live runs, as Lambda states it
	// deployed is the version of live after the last deployment, and original its code.
	deployed, original string
	// swapped are the versions that were published since, the oldest one first.
	swapped []string
}

func newFunctions(ctx context.Context) (*functions, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	return &functions{client: lambda.NewFromConfig(c), all: map[string]*function{}}, nil
}

// load reads which functions the stack has after a deployment, and what they run.
func (f *functions) load(ctx context.Context, name string) error {
	var out struct {
		Functions map[string]string `json:"functions"`
	}
	if err := stack.Outputs(ctx, name, &out); err != nil {
		return err
	}
	all := map[string]*function{}
	for name, physical := range out.Functions {
		now, err := f.client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &physical, Qualifier: aws.String(live)})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		code := aws.ToString(now.CodeSha256)
		all[name] = &function{name: physical, code: code, deployed: aws.ToString(now.Version), original: code}
		if old := f.all[name]; old != nil && old.name == physical {
			all[name].swapped = old.swapped
		}
	}
	f.all = all
	return nil
}

// swap makes an archive live, and returns the version, or "" if the function runs it already.
// Running invocations end with the earlier code. An archive that was deployed needs no new
// version, so that the function is as Pulumi knows it.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
func (f *functions) swap(ctx context.Context, fn *function, archive string) (version string, err error) {
	zip, err := os.ReadFile(archive)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(zip)
	code := base64.StdEncoding.EncodeToString(sum[:])
	if code == fn.code {
		return "", nil
	}
	out, err := f.client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &fn.name, ZipFile: zip, Publish: code != fn.original})
	if err != nil {
		return "", err
	}
	if version = aws.ToString(out.Version); code == fn.original {
		version = fn.deployed
	} else if !slices.Contains(fn.swapped, version) {
		fn.swapped = append(fn.swapped, version)
	}
	// Without a routing configuration, the present one would remain: that of a rollout.
	_, err = f.client.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: &fn.name, Name: aws.String(live), FunctionVersion: &version,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}})
	if err == nil {
		fn.code = code
	}
	return version, err
}

// prune deletes the versions that swap has published, and their environments, except for the
// newest ones that are to be kept, and the deployed one.
func (f *functions) prune(ctx context.Context, keep int) error {
	var failed []error
	for _, fn := range f.all {
		for len(fn.swapped) > keep {
			if old := fn.swapped[0]; old != fn.deployed {
				_, err := f.client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &fn.name, Qualifier: &old})
				failed = append(failed, err)
			}
			fn.swapped = fn.swapped[1:]
		}
	}
	return errors.Join(failed...)
}

// physical returns the names of the functions on AWS by their names in the program.
func (f *functions) physical() map[string]string {
	names := map[string]string{}
	for name, fn := range f.all {
		names[name] = fn.name
	}
	return names
}
