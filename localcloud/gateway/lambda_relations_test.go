package gateway

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"tally/localcloud/lambda"
	"tally/localcloud/sqs"
)

func TestPermissions(t *testing.T) {
	k := newKit(t)
	session := k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	must(k.Lambda.PublishVersion("add", "", ""))(t)
	client := awslambda.NewFromConfig(k.config(session))
	in := &awslambda.AddPermissionInput{FunctionName: &f.Name, Qualifier: aws.String("1"), StatementId: aws.String("sns"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("sns.amazonaws.com"), SourceArn: aws.String("arn:aws:sns:us-east-1:000000000000:t")}
	const want = `{"Sid":"sns","Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"lambda:InvokeFunction",` +
		`"Resource":"arn:aws:lambda:us-east-1:000000000000:function:add:1","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:sns:us-east-1:000000000000:t"}}}`
	if out := must(client.AddPermission(t.Context(), in))(t); *out.Statement != want {
		t.Errorf("%s", *out.Statement)
	}
	policy := &awslambda.GetPolicyInput{FunctionName: &f.Name, Qualifier: aws.String("1")}
	if out := must(client.GetPolicy(t.Context(), policy))(t); !strings.Contains(*out.Policy, want) {
		t.Errorf("%s", *out.Policy)
	}
	if _, err := client.AddPermission(t.Context(), in); !strings.HasPrefix(code(err), "ResourceConflictException: The statement id (sns) provided already exists.") {
		t.Error(code(err))
	}
	in.StatementId, in.RevisionId = aws.String("other"), aws.String("r")
	if _, err := client.AddPermission(t.Context(), in); code(err) != stale {
		t.Error(code(err))
	}
	// A policy can limit the principals to which somebody gives permissions.
	limited := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"},{"Effect":"Deny","Action":["lambda:AddPermission","lambda:RemovePermission"],` +
		`"Resource":"*","Condition":{"StringEquals":{"lambda:Principal":"sns.amazonaws.com"}}}]}`
	if err := k.IAM.PutRolePolicy("worker", "all", limited); err != nil {
		t.Fatal(err)
	}
	in.RevisionId = nil
	remove := &awslambda.RemovePermissionInput{FunctionName: &f.Name, Qualifier: aws.String("1"), StatementId: aws.String("sns")}
	if _, err := client.AddPermission(t.Context(), in); !strings.Contains(code(err), "is not authorized to perform: lambda:AddPermission") {
		t.Error(code(err))
	}
	if _, err := client.RemovePermission(t.Context(), remove); !strings.Contains(code(err), "is not authorized to perform: lambda:RemovePermission") {
		t.Error(code(err))
	}
	client = awslambda.NewFromConfig(k.config(developer))
	must(client.RemovePermission(t.Context(), remove))(t)
	if _, err := client.RemovePermission(t.Context(), remove); code(err) != "ResourceNotFoundException: Statement sns is not found in resource policy." {
		t.Error(code(err))
	}
}

// The reserved concurrency and the tags are not part of a revision.
func TestConcurrencyAndTags(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	q := must(k.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30}))(t)
	m := must(k.Lambda.CreateEventSourceMapping(lambda.EventSourceMapping{EventSourceARN: q.ARN, Function: "add", BatchSize: 10}))(t)
	client := awslambda.NewFromConfig(k.config(developer))

	put := func(n int32) error {
		_, err := client.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{FunctionName: &f.Name, ReservedConcurrentExecutions: &n})
		return err
	}
	if err := put(0); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name}); !strings.HasPrefix(code(err), "TooManyRequestsException") {
		t.Error(code(err))
	}
	if err := put(901); !strings.HasPrefix(code(err), "InvalidParameterValueException: Specified ReservedConcurrentExecutions for function decreases account's") {
		t.Error(code(err))
	}
	if out := must(client.GetFunctionConcurrency(t.Context(), &awslambda.GetFunctionConcurrencyInput{FunctionName: &f.Name}))(t); *out.ReservedConcurrentExecutions != 0 {
		t.Errorf("%+v", out)
	}
	must(client.DeleteFunctionConcurrency(t.Context(), &awslambda.DeleteFunctionConcurrencyInput{FunctionName: &f.Name}))(t)
	must(client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name}))(t)

	for _, arn := range []string{f.ARN, m.ARN} {
		must(client.TagResource(t.Context(), &awslambda.TagResourceInput{Resource: &arn, Tags: map[string]string{"a": "1", "b": "2", "c": "3"}}))(t)
		must(client.UntagResource(t.Context(), &awslambda.UntagResourceInput{Resource: &arn, TagKeys: []string{"a", "c", "d"}}))(t)
		if got := must(client.ListTags(t.Context(), &awslambda.ListTagsInput{Resource: &arn}))(t).Tags; !maps.Equal(got, map[string]string{"b": "2"}) {
			t.Errorf("%s has %v", arn, got)
		}
	}
	for arn, want := range map[string]string{
		f.ARN + "2":     "ResourceNotFoundException: Function not found: " + f.ARN + "2",
		f.ARN + ":live": "InvalidParameterValueException: Tags on function aliases and versions are not supported.",
	} {
		_, err := client.ListTags(t.Context(), &awslambda.ListTagsInput{Resource: &arn})
		if !strings.HasPrefix(code(err), want) {
			t.Errorf("%s: %s", arn, code(err))
		}
	}
	if got := must(k.Lambda.Function("add"))(t); got.RevisionID != f.RevisionID {
		t.Error("the revision has changed")
	}
}

func TestChangeEventInvokeConfig(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	must(k.Lambda.PublishVersion("add", "", ""))(t)
	const queue = "arn:aws:sqs:us-east-1:000000000000:failures"
	client := awslambda.NewFromConfig(k.config(developer))
	must(client.PutFunctionEventInvokeConfig(t.Context(), &awslambda.PutFunctionEventInvokeConfigInput{FunctionName: &f.Name, Qualifier: aws.String("1"), MaximumRetryAttempts: aws.Int32(0),
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String(queue)}}}))(t)
	out := must(client.UpdateFunctionEventInvokeConfig(t.Context(), &awslambda.UpdateFunctionEventInvokeConfigInput{FunctionName: &f.Name, Qualifier: aws.String("1"), MaximumEventAgeInSeconds: aws.Int32(60)}))(t)
	if *out.FunctionArn != f.ARN+":1" || *out.MaximumRetryAttempts != 0 || *out.MaximumEventAgeInSeconds != 60 || *out.DestinationConfig.OnFailure.Destination != queue {
		t.Errorf("%+v", out)
	}
	if out := must(client.PutFunctionEventInvokeConfig(t.Context(), &awslambda.PutFunctionEventInvokeConfigInput{FunctionName: &f.Name}))(t); *out.MaximumRetryAttempts != 2 || *out.FunctionArn != f.ARN+":$LATEST" {
		t.Errorf("%+v", out)
	}
	list := must(client.ListFunctionEventInvokeConfigs(t.Context(), &awslambda.ListFunctionEventInvokeConfigsInput{FunctionName: &f.Name}))(t).FunctionEventInvokeConfigs
	if len(list) != 2 {
		t.Errorf("%+v", list)
	}
	remove := &awslambda.DeleteFunctionEventInvokeConfigInput{FunctionName: &f.Name, Qualifier: aws.String("1")}
	must(client.DeleteFunctionEventInvokeConfig(t.Context(), remove))(t)
	if _, err := client.DeleteFunctionEventInvokeConfig(t.Context(), remove); !strings.HasPrefix(code(err), "ResourceNotFoundException: The function "+f.ARN+":1 doesn't have an EventInvokeConfig") {
		t.Error(code(err))
	}
	if _, err := client.UpdateFunctionEventInvokeConfig(t.Context(), &awslambda.UpdateFunctionEventInvokeConfigInput{FunctionName: &f.Name, Qualifier: aws.String("1")}); !strings.HasPrefix(code(err), "ResourceNotFoundException") {
		t.Error(code(err))
	}
}
