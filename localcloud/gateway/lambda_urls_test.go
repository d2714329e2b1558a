package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
)

func TestFunctionURLs(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	must(k.Lambda.PublishVersion("add", "", ""))(t)
	must(k.Lambda.CreateAlias(lambda.Alias{Function: "add", Name: "live", Version: "1"}))(t)
	client := awslambda.NewFromConfig(k.config(developer))
	cors := &types.Cors{AllowOrigins: []string{"https://page.example"}, AllowMethods: []string{"GET"}, AllowHeaders: []string{"a"}, ExposeHeaders: []string{"b"},
		AllowCredentials: aws.Bool(true), MaxAge: aws.Int32(60)}

	made := must(client.CreateFunctionUrlConfig(t.Context(), &awslambda.CreateFunctionUrlConfigInput{
		FunctionName: aws.String("add:live"), AuthType: types.FunctionUrlAuthTypeAwsIam, Cors: cors}))(t)
	if *made.FunctionArn != f.ARN+":live" || made.AuthType != types.FunctionUrlAuthTypeAwsIam || made.InvokeMode != types.InvokeModeBuffered ||
		!regexp.MustCompile(`^http://127\.0\.0\.1:\d+/$`).MatchString(*made.FunctionUrl) || *made.CreationTime == "" {
		t.Errorf("%+v", made)
	}
	in := &awslambda.GetFunctionUrlConfigInput{FunctionName: &f.Name, Qualifier: aws.String("live")}
	ignore := cmpopts.IgnoreUnexported(types.Cors{})
	if got := must(client.GetFunctionUrlConfig(t.Context(), in))(t); *got.FunctionUrl != *made.FunctionUrl || !cmp.Equal(got.Cors, cors, ignore) {
		t.Errorf("%+v", got)
	}
	// What an update does not contain remains; an empty CORS configuration removes it.
	update := &awslambda.UpdateFunctionUrlConfigInput{FunctionName: &f.Name, Qualifier: aws.String("live"), AuthType: types.FunctionUrlAuthTypeNone}
	if got := must(client.UpdateFunctionUrlConfig(t.Context(), update))(t); got.AuthType != types.FunctionUrlAuthTypeNone || !cmp.Equal(got.Cors, cors, ignore) {
		t.Errorf("%+v", got)
	}
	update.AuthType, update.Cors = "", &types.Cors{}
	if got := must(client.UpdateFunctionUrlConfig(t.Context(), update))(t); got.AuthType != types.FunctionUrlAuthTypeNone || got.Cors != nil || *got.FunctionUrl != *made.FunctionUrl {
		t.Errorf("%+v", got)
	}
	update.InvokeMode = types.InvokeModeResponseStream
	if _, err := client.UpdateFunctionUrlConfig(t.Context(), update); code(err) != "InvalidParameterValueException: the local cloud supports only InvokeMode BUFFERED, not RESPONSE_STREAM" {
		t.Error(code(err))
	}

	must(client.CreateFunctionUrlConfig(t.Context(), &awslambda.CreateFunctionUrlConfigInput{FunctionName: &f.Name, AuthType: types.FunctionUrlAuthTypeNone}))(t)
	pages := awslambda.NewListFunctionUrlConfigsPaginator(client, &awslambda.ListFunctionUrlConfigsInput{FunctionName: &f.Name, MaxItems: aws.Int32(1)})
	var arns []string
	for pages.HasMorePages() {
		for _, u := range must(pages.NextPage(t.Context()))(t).FunctionUrlConfigs {
			arns = append(arns, *u.FunctionArn)
		}
	}
	if diff := cmp.Diff([]string{f.ARN, f.ARN + ":live"}, arns); diff != "" {
		t.Errorf("list (-want +got)\n%s", diff)
	}
	remove := &awslambda.DeleteFunctionUrlConfigInput{FunctionName: &f.Name, Qualifier: aws.String("live")}
	must(client.DeleteFunctionUrlConfig(t.Context(), remove))(t)
	if _, err := client.DeleteFunctionUrlConfig(t.Context(), remove); code(err) != "ResourceNotFoundException: The resource you requested does not exist." {
		t.Error(code(err))
	}
	if _, err := client.GetFunctionUrlConfig(t.Context(), in); code(err) != "ResourceNotFoundException: The resource you requested does not exist." {
		t.Error(code(err))
	}
}

// Two clients that update different settings at the same time both succeed.
func TestConcurrentUpdatesOfAURL(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	client := awslambda.NewFromConfig(k.config(developer))
	must(client.CreateFunctionUrlConfig(t.Context(), &awslambda.CreateFunctionUrlConfigInput{FunctionName: &f.Name, AuthType: types.FunctionUrlAuthTypeNone}))(t)
	update := func(in awslambda.UpdateFunctionUrlConfigInput) {
		in.FunctionName = &f.Name
		if _, err := client.UpdateFunctionUrlConfig(t.Context(), &in); err != nil {
			t.Error(err)
		}
	}
	for i := range int32(100) {
		kind := []types.FunctionUrlAuthType{types.FunctionUrlAuthTypeAwsIam, types.FunctionUrlAuthTypeNone}[i%2]
		var calls sync.WaitGroup
		calls.Go(func() { update(awslambda.UpdateFunctionUrlConfigInput{AuthType: kind}) })
		calls.Go(func() { update(awslambda.UpdateFunctionUrlConfigInput{Cors: &types.Cors{MaxAge: aws.Int32(i + 1)}}) })
		calls.Wait()
		if u, err := k.Lambda.FunctionURL("add", ""); err != nil || u.AuthType != string(kind) || u.CORS == nil || u.CORS.MaxAgeSeconds != int(i+1) {
			t.Fatalf("after %d updates: %+v, %v", i+1, u, err)
		}
	}
}

// A policy can limit who sets which authorization type.
func TestFunctionURLAuthTypeIsACondition(t *testing.T) {
	k := newKit(t)
	session := k.role(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"},{"Effect":"Deny","Action":"lambda:*","Resource":"*",`+
		`"Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}]}`)
	f := k.function(t, lambda.Config{Name: "add"})
	client := awslambda.NewFromConfig(k.config(session))
	set := func(kind types.FunctionUrlAuthType) error {
		_, err := client.CreateFunctionUrlConfig(t.Context(), &awslambda.CreateFunctionUrlConfigInput{FunctionName: &f.Name, AuthType: kind})
		return err
	}
	for action, call := range map[string]func() error{
		"CreateFunctionUrlConfig": func() error { return set("NONE") },
		"AddPermission": func() error {
			_, err := client.AddPermission(t.Context(), &awslambda.AddPermissionInput{FunctionName: &f.Name, StatementId: aws.String("p"),
				Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"), FunctionUrlAuthType: "NONE"})
			return err
		},
	} {
		if err := call(); !strings.Contains(code(err), "is not authorized to perform: lambda:"+action) {
			t.Error(code(err))
		}
	}
	if err := set("AWS_IAM"); err != nil {
		t.Error(err)
	}
}

// Since October 2025, a request to a URL needs lambda:InvokeFunction, too. The permission
// may be limited to requests to URLs.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func TestFunctionURLPermissions(t *testing.T) {
	k := newKit(t)
	session := k.role(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunctionUrl","Resource":"*"}]}`)
	f := k.function(t, lambda.Config{Name: "add"})
	client := awslambda.NewFromConfig(k.config(developer))
	made := must(client.CreateFunctionUrlConfig(t.Context(), &awslambda.CreateFunctionUrlConfigInput{FunctionName: &f.Name, AuthType: types.FunctionUrlAuthTypeNone}))(t)
	status := func(caller cloud.Credentials) int {
		t.Helper()
		r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, *made.FunctionUrl, nil))(t)
		if caller.AccessKeyID != "" {
			empty := sha256.Sum256(nil)
			keys := aws.Credentials{AccessKeyID: caller.AccessKeyID, SecretAccessKey: caller.SecretAccessKey, SessionToken: caller.SessionToken}
			if err := v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(empty[:]), "lambda", here.Region, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		res := must(http.DefaultClient.Do(r))(t)
		_ = res.Body.Close()
		return res.StatusCode
	}
	allow := func(id, action, principal string, change func(*awslambda.AddPermissionInput)) error {
		in := &awslambda.AddPermissionInput{FunctionName: &f.Name, StatementId: &id, Action: &action, Principal: &principal}
		change(in)
		_, err := client.AddPermission(t.Context(), in)
		return err
	}
	ofType := func(kind types.FunctionUrlAuthType) func(*awslambda.AddPermissionInput) {
		return func(in *awslambda.AddPermissionInput) { in.FunctionUrlAuthType = kind }
	}
	viaURL := func(in *awslambda.AddPermissionInput) { in.InvokedViaFunctionUrl = aws.Bool(true) }
	expect := func(what string, caller cloud.Credentials, want int) {
		t.Helper()
		if got := status(caller); got != want {
			t.Errorf("%s: status %d, want %d", what, got, want)
		}
	}
	expect("without a policy", cloud.Credentials{}, 403)
	must(0, allow("iam", "lambda:InvokeFunctionUrl", "*", ofType("AWS_IAM")))(t)
	must(0, allow("via", "lambda:InvokeFunction", "*", viaURL))(t)
	expect("of the other type", cloud.Credentials{}, 403)
	must(0, allow("url", "lambda:InvokeFunctionUrl", "*", ofType("NONE")))(t)
	expect("with both permissions", cloud.Credentials{}, 200)
	const want = `{"Sid":"via","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:000000000000:function:add",` +
		`"Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}},{"Sid":"url","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl",` +
		`"Resource":"arn:aws:lambda:us-east-1:000000000000:function:add","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}`
	if out := must(client.GetPolicy(t.Context(), &awslambda.GetPolicyInput{FunctionName: &f.Name}))(t); !strings.Contains(*out.Policy, want) {
		t.Errorf("%s", *out.Policy)
	}
	// The condition keeps everyone from invoking the function directly.
	if _, err := awslambda.NewFromConfig(k.config(session)).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name}); !strings.HasPrefix(code(err), "AccessDeniedException") {
		t.Error(code(err))
	}
	if err := k.Lambda.RemovePermission("add", "via"); err != nil {
		t.Fatal(err)
	}
	expect("without lambda:InvokeFunction", cloud.Credentials{}, 403)

	must(client.UpdateFunctionUrlConfig(t.Context(), &awslambda.UpdateFunctionUrlConfigInput{FunctionName: &f.Name, AuthType: types.FunctionUrlAuthTypeAwsIam}))(t)
	expect("unsigned", cloud.Credentials{}, 403)
	expect("the developer", developer, 200)
	expect("a role that may only use URLs", session, 403)
	must(0, k.IAM.PutRolePolicy("worker", "all", everything))(t)
	expect("a role that may do both", session, 200)

	for _, test := range []struct {
		action string
		change func(*awslambda.AddPermissionInput)
		want   string
	}{
		{"lambda:InvokeFunction", ofType("NONE"), "InvalidParameterValueException: FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"},
		{"lambda:InvokeFunctionUrl", viaURL, "InvalidParameterValueException: InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action"},
	} {
		if err := allow("refused", test.action, "*", test.change); code(err) != test.want {
			t.Error(code(err))
		}
	}
}
