package gateway

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"tally/localcloud/lambda"
)

func TestInvoke(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	client := awslambda.NewFromConfig(k.config(developer))
	for _, name := range []string{"add", "add:$LATEST", "000000000000:function:add", f.ARN, f.ARN + ":$LATEST"} {
		out := must(client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"num1":2}`), LogType: types.LogTypeTail}))(t)
		tail := must(base64.StdEncoding.DecodeString(*out.LogResult))(t)
		if out.StatusCode != 200 || string(out.Payload) != `{"num1":2}` || out.FunctionError != nil || *out.ExecutedVersion != "$LATEST" ||
			!strings.Contains(string(tail), "REPORT RequestId: ") {
			t.Errorf("%s: %+v, log %q", name, out, tail)
		}
	}
	failed := must(client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name, Payload: []byte(`"fail"`)}))(t)
	if failed.StatusCode != 200 || aws.ToString(failed.FunctionError) != "Unhandled" || !strings.Contains(string(failed.Payload), `"errorMessage":"as requested"`) || failed.LogResult != nil {
		t.Errorf("a function error: %+v %s", failed, failed.Payload)
	}
	queued := must(client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name, InvocationType: types.InvocationTypeEvent}))(t)
	if queued.StatusCode != 202 || len(queued.Payload) > 0 {
		t.Errorf("an event: %+v", queued)
	}
	dry := must(client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name, InvocationType: types.InvocationTypeDryRun}))(t)
	if dry.StatusCode != 204 {
		t.Errorf("a dry run: %+v", dry)
	}
}

func TestInvokeErrors(t *testing.T) {
	k := newKit(t)
	session := k.role(t, nothing)
	k.function(t, lambda.Config{Name: "add"})
	client, other := awslambda.NewFromConfig(k.config(developer)), awslambda.NewFromConfig(k.config(session))
	const refused = "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: lambda:InvokeFunction" +
		" on resource: arn:aws:lambda:us-east-1:000000000000:function:add because no identity-based policy allows the lambda:InvokeFunction action"
	for name, c := range map[string]struct {
		client *awslambda.Client
		in     awslambda.InvokeInput
		want   string
	}{
		"missing":                  {client, awslambda.InvokeInput{FunctionName: aws.String("sub")}, "ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:sub"},
		"version":                  {client, awslambda.InvokeInput{FunctionName: aws.String("add"), Qualifier: aws.String("1")}, "ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:add:1"},
		"not json":                 {client, awslambda.InvokeInput{FunctionName: aws.String("add"), Payload: []byte("{")}, "InvalidRequestContentException: Could not parse request body into json: "},
		"too large":                {client, awslambda.InvokeInput{FunctionName: aws.String("add"), Payload: []byte(`"` + strings.Repeat("x", 6<<20) + `"`)}, "RequestTooLargeException: 6291458 byte payload is too large"},
		"huge":                     {client, awslambda.InvokeInput{FunctionName: aws.String("add"), Payload: []byte(`"` + strings.Repeat("x", 8<<20) + `"`)}, "RequestEntityTooLarge: Request must be smaller than"},
		"type":                     {client, awslambda.InvokeInput{FunctionName: aws.String("add"), InvocationType: "Sync"}, "ValidationException: 1 validation error detected: Value 'Sync' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"},
		"log type":                 {client, awslambda.InvokeInput{FunctionName: aws.String("add"), LogType: "All"}, "ValidationException: 1 validation error detected: Value 'All' at 'logType'"},
		"refused":                  {other, awslambda.InvokeInput{FunctionName: aws.String("add")}, refused},
		"dry run":                  {other, awslambda.InvokeInput{FunctionName: aws.String("add"), InvocationType: types.InvocationTypeDryRun}, refused},
		"dry run of a missing one": {client, awslambda.InvokeInput{FunctionName: aws.String("sub"), InvocationType: types.InvocationTypeDryRun}, "ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:sub"},
	} {
		_, err := c.client.Invoke(t.Context(), &c.in)
		if got := code(err); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestThrottled(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "none"})
	f.ReservedConcurrency = 0
	must(k.Lambda.UpdateFunction(f.Config, nil))(t)
	_, err := awslambda.NewFromConfig(k.config(developer)).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name})
	e, ok := errors.AsType[*types.TooManyRequestsException](err)
	if !ok || e.ErrorMessage() != "Rate Exceeded." || e.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || aws.ToString(e.Type) != "User" {
		t.Errorf("%v, %+v", err, e)
	}
}

func TestFunctions(t *testing.T) {
	k := newKit(t)
	session := k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add", Description: "adds", Environment: map[string]string{"TABLE": "sums"}, MemoryMB: 256, Tags: map[string]string{"stack": "local"}})
	for i := range 60 {
		k.function(t, lambda.Config{Name: fmt.Sprintf("f%02d", i)})
	}
	client := awslambda.NewFromConfig(k.config(session))

	got := must(client.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: &f.ARN, Qualifier: aws.String("$LATEST")}))(t)
	c := got.Configuration
	if *c.FunctionArn != f.ARN+":$LATEST" || *c.CodeSha256 != f.CodeSHA256 || c.CodeSize != f.CodeSize || *c.Description != "adds" ||
		c.Environment.Variables["TABLE"] != "sums" || *c.MemorySize != 256 || *c.Timeout != 3 || c.State != types.StateActive ||
		c.LastUpdateStatus != types.LastUpdateStatusSuccessful || *c.EphemeralStorage.Size != 512 || c.Runtime != "provided.al2023" ||
		*c.LoggingConfig.LogGroup != "/aws/lambda/add" || *c.RevisionId != f.RevisionID || got.Tags["stack"] != "local" || got.Concurrency != nil {
		t.Errorf("%+v", c)
	}
	if plain := must(client.GetFunctionConfiguration(t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: &f.Name}))(t); *plain.FunctionArn != f.ARN ||
		*plain.LastModified != f.LastModified.Format("2006-01-02T15:04:05.000+0000") {
		t.Errorf("%s %s", *plain.FunctionArn, *plain.LastModified)
	}
	waiter := awslambda.NewFunctionActiveV2Waiter(client)
	if err := waiter.Wait(t.Context(), &awslambda.GetFunctionInput{FunctionName: &f.Name}, time.Minute); err != nil {
		t.Error(err)
	}

	var names []string
	pages := awslambda.NewListFunctionsPaginator(client, nil)
	for pages.HasMorePages() {
		for _, one := range must(pages.NextPage(t.Context()))(t).Functions {
			names = append(names, *one.FunctionName)
		}
	}
	if len(names) != 61 || names[0] != "add" || names[60] != "f59" {
		t.Errorf("%d functions: %v", len(names), names)
	}

	policy := &awslambda.GetPolicyInput{FunctionName: &f.Name}
	if _, err := client.GetPolicy(t.Context(), policy); code(err) != "ResourceNotFoundException: The resource you requested does not exist." {
		t.Error(code(err))
	}
	if err := k.Lambda.AddPermission("add", lambda.Permission{StatementID: "sns", Action: "lambda:InvokeFunction", Principal: "sns.amazonaws.com"}); err != nil {
		t.Fatal(err)
	}
	if out := must(client.GetPolicy(t.Context(), policy))(t); !strings.Contains(*out.Policy, `"Sid":"sns"`) || *out.RevisionId == "" {
		t.Errorf("%s", *out.Policy)
	}

	for _, other := range []string{"missing", "111111111111:function:add", "arn:aws:lambda:eu-west-1:000000000000:function:add", "add:7"} {
		_, err := client.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: &other})
		if !strings.HasPrefix(code(err), "ResourceNotFoundException: Function not found: ") {
			t.Errorf("%s: %s", other, code(err))
		}
	}
	for _, same := range []string{"000000000000:add", "us-east-1:000000000000:function:add", "function:add"} {
		out := must(client.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: &same}))(t)
		if *out.Configuration.FunctionArn != f.ARN {
			t.Errorf("%s is %s", same, *out.Configuration.FunctionArn)
		}
	}
	_, err := client.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: aws.String("no name")})
	if !strings.HasPrefix(code(err), "ValidationException: 1 validation error detected: Value 'no name' at 'functionName'") {
		t.Error(code(err))
	}
	_, err = client.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: aws.String("add:$LATEST"), Qualifier: aws.String("1")})
	if !strings.HasPrefix(code(err), "InvalidParameterValueException: The derived qualifier from the function name does not match") {
		t.Error(code(err))
	}
	if err := k.IAM.PutRolePolicy("worker", "all", nothing); err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: &f.Name}); !strings.HasPrefix(code(err), "AccessDeniedException: ") {
		t.Error(code(err))
	}
}
