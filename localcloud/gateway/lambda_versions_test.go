package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"tally/localcloud/lambda"
)

// versions creates the function add with that number of versions.
func (k *kit) versions(t *testing.T, count int) lambda.Function {
	t.Helper()
	f := k.function(t, lambda.Config{Name: "add"})
	for n := range count {
		f.MemoryMB = 128 + n
		must(k.Lambda.UpdateFunction(f.Config, nil))(t)
		must(k.Lambda.PublishVersion("add", "", ""))(t)
	}
	return f
}

// Twelve versions, more than fit on two pages, and the aliases that point to them.
func TestVersions(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.versions(t, 12)
	must(k.Lambda.CreateAlias(lambda.Alias{Function: "add", Name: "live", Version: "2", Description: "d",
		AdditionalVersionWeights: map[string]float64{"11": 0.5}}))(t)
	must(k.Lambda.CreateAlias(lambda.Alias{Function: "add", Name: "next", Version: "12"}))(t)
	client := awslambda.NewFromConfig(k.config(developer))

	var got []string
	pages := awslambda.NewListVersionsByFunctionPaginator(client, &awslambda.ListVersionsByFunctionInput{FunctionName: &f.Name, MaxItems: aws.Int32(5)})
	for pages.HasMorePages() {
		for _, v := range must(pages.NextPage(t.Context()))(t).Versions {
			if *v.FunctionArn != f.ARN+":"+*v.Version {
				t.Errorf("version %s is %s", *v.Version, *v.FunctionArn)
			}
			got = append(got, *v.Version)
		}
	}
	want := []string{"$LATEST"}
	for n := range 12 {
		want = append(want, fmt.Sprint(n+1))
	}
	if !slices.Equal(got, want) {
		t.Errorf("versions %v, want %v", got, want)
	}

	alias := must(client.GetAlias(t.Context(), &awslambda.GetAliasInput{FunctionName: &f.ARN, Name: aws.String("live")}))(t)
	if *alias.AliasArn != f.ARN+":live" || *alias.FunctionVersion != "2" || *alias.Description != "d" || alias.RoutingConfig.AdditionalVersionWeights["11"] != 0.5 {
		t.Errorf("%+v", alias)
	}
	_, err := client.GetAlias(t.Context(), &awslambda.GetAliasInput{FunctionName: &f.Name, Name: aws.String("old")})
	if code(err) != "ResourceNotFoundException: Cannot find alias arn: "+f.ARN+":old" {
		t.Error(code(err))
	}
	list := must(client.ListAliases(t.Context(), &awslambda.ListAliasesInput{FunctionName: &f.Name}))(t).Aliases
	if len(list) != 2 || *list[0].Name != "live" || *list[1].Name != "next" {
		t.Errorf("aliases %+v", list)
	}
	if list := must(client.ListAliases(t.Context(), &awslambda.ListAliasesInput{FunctionName: &f.Name, FunctionVersion: aws.String("12")}))(t).Aliases; len(list) != 1 || *list[0].Name != "next" {
		t.Errorf("aliases of version 12: %+v", list)
	}
	found := must(client.GetFunctionConfiguration(t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: &f.Name, Qualifier: aws.String("live")}))(t)
	if *found.FunctionArn != f.ARN+":live" || *found.Version != "2" || *found.MemorySize != 129 {
		t.Errorf("%+v", found)
	}
	if out := must(client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name, Qualifier: aws.String("next")}))(t); *out.ExecutedVersion != "12" {
		t.Errorf("invoked version %s", *out.ExecutedVersion)
	}
}

// TestUpdateAlias rolls an alias back, as docs and deployment tools do.
func TestUpdateAlias(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.versions(t, 2)
	live := must(k.Lambda.CreateAlias(lambda.Alias{Function: "add", Name: "live", Version: "2", Description: "d",
		AdditionalVersionWeights: map[string]float64{"1": 0.5}}))(t)
	client := awslambda.NewFromConfig(k.config(developer))
	update := func(in awslambda.UpdateAliasInput) (*awslambda.UpdateAliasOutput, error) {
		in.FunctionName, in.Name = &f.Name, cmp.Or(in.Name, aws.String("live"))
		return client.UpdateAlias(t.Context(), &in)
	}

	out := must(update(awslambda.UpdateAliasInput{FunctionVersion: aws.String("2"), RoutingConfig: &types.AliasRoutingConfiguration{}}))(t)
	if *out.FunctionVersion != "2" || out.RoutingConfig != nil || *out.Description != "d" || *out.RevisionId == live.RevisionID || *out.AliasArn != live.ARN {
		t.Errorf("without the routing: %+v", out)
	}
	out = must(update(awslambda.UpdateAliasInput{FunctionVersion: aws.String("1"), Description: aws.String(""), RevisionId: out.RevisionId}))(t)
	if a := must(k.Lambda.Alias("add", "live"))(t); a.Version != "1" || a.Description != "" || a.RevisionID != *out.RevisionId {
		t.Errorf("after a rollback: %+v", a)
	}
	for want, in := range map[string]awslambda.UpdateAliasInput{
		"ResourceNotFoundException: Cannot find alias arn: " + f.ARN + ":old": {Name: aws.String("old"), FunctionVersion: aws.String("1")},
		"ResourceNotFoundException: Function not found: " + f.ARN + ":3":      {FunctionVersion: aws.String("3")},
		"PreconditionFailedException: The Revision Id provided does not match the latest Revision Id. " +
			"Call the GetFunction/GetAlias API to retrieve the latest Revision Id": {FunctionVersion: aws.String("2"), RevisionId: &live.RevisionID},
	} {
		if _, err := update(in); code(err) != want {
			t.Errorf("got %s, want %s", code(err), want)
		}
	}
}

func TestDeleteFunction(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.versions(t, 2)
	must(k.Lambda.CreateAlias(lambda.Alias{Function: "add", Name: "live", Version: "2"}))(t)
	client := awslambda.NewFromConfig(k.config(developer))
	remove := func(version *string) error {
		_, err := client.DeleteFunction(t.Context(), &awslambda.DeleteFunctionInput{FunctionName: &f.Name, Qualifier: version})
		return err
	}
	if err := remove(aws.String("2")); code(err) != "ResourceConflictException: Unable to delete version because the following aliases reference it: [live]" {
		t.Errorf("of the version of an alias: %v", err)
	}
	if err := remove(aws.String("1")); err != nil {
		t.Error(err)
	}
	if versions := must(k.Lambda.Versions("add"))(t); len(versions) != 2 || versions[1].Version != "2" {
		t.Errorf("after the deletion of version 1: %+v", versions)
	}
	if err := remove(nil); err != nil {
		t.Error(err)
	}
	if err := remove(nil); code(err) != "ResourceNotFoundException: Function not found: "+f.ARN {
		t.Errorf("of a function that does not exist: %v", err)
	}
}

// With FunctionVersion ALL, ListFunctions lists the published versions of each
// function after $LATEST. The names and numbers sort differently as plain strings.
func TestListAllVersions(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	for _, name := range []string{"add", "add-more"} {
		f := k.function(t, lambda.Config{Name: name})
		for n := range 10 {
			f.MemoryMB = 128 + n
			must(k.Lambda.UpdateFunction(f.Config, nil))(t)
			must(k.Lambda.PublishVersion(name, "", ""))(t)
		}
	}
	var want []string
	for _, name := range []string{"add", "add-more"} {
		arn := here.ARN("lambda", "function:"+name).String()
		want = append(want, arn+":$LATEST")
		for n := range 10 {
			want = append(want, fmt.Sprintf("%s:%d", arn, n+1))
		}
	}
	client := awslambda.NewFromConfig(k.config(developer))
	var got []string
	pages := awslambda.NewListFunctionsPaginator(client, &awslambda.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll, MaxItems: aws.Int32(7)})
	for pages.HasMorePages() {
		for _, f := range must(pages.NextPage(t.Context()))(t).Functions {
			got = append(got, *f.FunctionArn)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEventInvokeConfig(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add", LogFormat: "JSON", DeadLetterTargetARN: "arn:aws:sqs:us-east-1:000000000000:dead"})
	client := awslambda.NewFromConfig(k.config(developer))
	read := &awslambda.GetFunctionEventInvokeConfigInput{FunctionName: &f.Name}
	if _, err := client.GetFunctionEventInvokeConfig(t.Context(), read); code(err) != "ResourceNotFoundException: The function "+f.ARN+":$LATEST doesn't have an EventInvokeConfig" {
		t.Error(code(err))
	}
	made := must(k.Lambda.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: "add", MaxRetryAttempts: 1, MaxEventAgeSeconds: 60,
		OnFailure: "arn:aws:sqs:us-east-1:000000000000:failures"}))(t)
	got := must(client.GetFunctionEventInvokeConfig(t.Context(), read))(t)
	if *got.FunctionArn != f.ARN+":$LATEST" || *got.MaximumRetryAttempts != 1 || *got.MaximumEventAgeInSeconds != 60 ||
		*got.DestinationConfig.OnFailure.Destination != "arn:aws:sqs:us-east-1:000000000000:failures" || got.DestinationConfig.OnSuccess.Destination != nil ||
		got.LastModified.UnixMilli() != made.LastModified.UnixMilli() {
		t.Errorf("%+v %+v", got, got.DestinationConfig)
	}

	c := must(client.GetFunctionConfiguration(t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: &f.Name}))(t)
	if *c.DeadLetterConfig.TargetArn != f.DeadLetterTargetARN || c.LoggingConfig.LogFormat != "JSON" ||
		c.LoggingConfig.ApplicationLogLevel != "INFO" || c.LoggingConfig.SystemLogLevel != "INFO" {
		t.Errorf("%+v", c)
	}

	concurrency := &awslambda.GetFunctionConcurrencyInput{FunctionName: &f.Name}
	if out := must(client.GetFunctionConcurrency(t.Context(), concurrency))(t); out.ReservedConcurrentExecutions != nil {
		t.Errorf("%d reserved, want none", *out.ReservedConcurrentExecutions)
	}
	f.ReservedConcurrency = 0
	must(k.Lambda.UpdateFunction(f.Config, nil))(t)
	if out := must(client.GetFunctionConcurrency(t.Context(), concurrency))(t); *out.ReservedConcurrentExecutions != 0 {
		t.Errorf("%d reserved, want 0", *out.ReservedConcurrentExecutions)
	}
}
