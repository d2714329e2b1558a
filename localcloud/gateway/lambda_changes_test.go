package gateway

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"tally/localcloud/iam"
	"tally/localcloud/lambda"
	"tally/localcloud/sqs"
)

const stale = "PreconditionFailedException: The Revision Id provided does not match the latest Revision Id. " +
	"Call the GetFunction/GetAlias API to retrieve the latest Revision Id"

// archived returns a zip with a bootstrap of that content, and its hash.
func archived(t *testing.T, content string) (bundle []byte, sum string) {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap"}
	h.SetMode(0o755)
	file := must(archive.CreateHeader(h))(t)
	must(file.Write([]byte(content)))(t)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(b.Bytes())
	return b.Bytes(), base64.StdEncoding.EncodeToString(hash[:])
}

func TestCreateFunction(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	client := awslambda.NewFromConfig(k.config(developer))
	bundle, sum := archived(t, "first")
	in := &awslambda.CreateFunctionInput{
		FunctionName: aws.String("add"), Role: aws.String(roleARN), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code: &types.FunctionCode{ZipFile: bundle}, Timeout: aws.Int32(7), MemorySize: aws.Int32(256), Description: aws.String("adds"),
		Environment: &types.Environment{Variables: map[string]string{"TABLE": "sums"}}, EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(600)},
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatJson}, TracingConfig: &types.TracingConfig{Mode: types.TracingModeActive},
		Architectures: []types.Architecture{types.ArchitectureX8664}, PackageType: types.PackageTypeZip, Tags: map[string]string{"a": "1"}, Publish: true,
	}
	made := must(client.CreateFunction(t.Context(), in))(t)
	if *made.Version != "1" || made.State != types.StatePending || made.StateReasonCode != types.StateReasonCodeCreating || *made.CodeSha256 != sum {
		t.Errorf("%+v", made)
	}
	waiter := awslambda.NewFunctionActiveV2Waiter(client)
	if err := waiter.Wait(t.Context(), &awslambda.GetFunctionInput{FunctionName: aws.String("add")}, time.Minute); err != nil {
		t.Error(err)
	}
	got := must(k.Lambda.Function("add"))(t)
	if got.TimeoutSeconds != 7 || got.MemoryMB != 256 || got.Description != "adds" || got.Environment["TABLE"] != "sums" || got.EphemeralMB != 600 ||
		got.LogFormat != "JSON" || got.SystemLogLevel != "INFO" || got.TracingMode != "Active" || got.Tags["a"] != "1" || got.ReservedConcurrency != -1 {
		t.Errorf("%+v", got)
	}
	if out := must(client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("add"), Payload: []byte("1")}))(t); string(out.Payload) != "1" {
		t.Errorf("%s", out.Payload)
	}
	for want, change := range map[string]func(*awslambda.CreateFunctionInput){
		"ResourceConflictException: Function already exist: add":                                                                       func(*awslambda.CreateFunctionInput) {},
		"ValidationException: 1 validation error detected: Value '0' at 'timeout'":                                                     func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(0) },
		"InvalidParameterValueException: Value nodejs22.x at 'runtime'":                                                                func(in *awslambda.CreateFunctionInput) { in.Runtime = types.RuntimeNodejs22x },
		"ValidationException: 1 validation error detected: Value 'Image' at 'packageType'":                                             func(in *awslambda.CreateFunctionInput) { in.PackageType = types.PackageTypeImage },
		"ValidationException: 1 validation error detected: CreateFunction does not take the parameter 'Layers'":                        func(in *awslambda.CreateFunctionInput) { in.Layers = []string{"l"} },
		"InvalidParameterValueException: Could not unzip uploaded file. Please check your file, then try to upload again.":             func(in *awslambda.CreateFunctionInput) { in.Code = &types.FunctionCode{ZipFile: []byte("x")} },
		"InvalidParameterValueException: The role defined for the function cannot be assumed by Lambda.":                               func(in *awslambda.CreateFunctionInput) { in.Role = aws.String(roleARN + "2") },
		"InvalidParameterValueException: Tags: the tag key \"aws:x\" begins with aws:, which is reserved for AWS":                      func(in *awslambda.CreateFunctionInput) { in.Tags = map[string]string{"aws:x": "1"} },
		"ValidationException: 1 validation error detected: CreateFunction does not take the parameter 'Code.S3Bucket'; it takes Code.": func(in *awslambda.CreateFunctionInput) { in.Code = &types.FunctionCode{S3Bucket: aws.String("b")} },
	} {
		refused := *in
		refused.FunctionName = aws.String("sub")
		if strings.Contains(want, "already") {
			refused.FunctionName = aws.String("add")
		}
		change(&refused)
		_, err := client.CreateFunction(t.Context(), &refused)
		if !strings.HasPrefix(code(err), want) {
			t.Errorf("got %s, want %s", code(err), want)
		}
	}
}

func TestUpdateFunctionCode(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add", Tags: map[string]string{"a": "1"}})
	client := awslambda.NewFromConfig(k.config(developer))
	second, sum := archived(t, "second")
	in := &awslambda.UpdateFunctionCodeInput{FunctionName: &f.ARN, ZipFile: second, RevisionId: &f.RevisionID, DryRun: true}
	if out := must(client.UpdateFunctionCode(t.Context(), in))(t); *out.CodeSha256 != f.CodeSHA256 {
		t.Errorf("a dry run changed the code: %+v", out)
	}
	in.DryRun = false
	out := must(client.UpdateFunctionCode(t.Context(), in))(t)
	if *out.CodeSha256 != sum || out.CodeSize != int64(len(second)) || out.LastUpdateStatus != types.LastUpdateStatusInProgress || *out.Version != "$LATEST" || *out.RevisionId == f.RevisionID {
		t.Errorf("%+v", out)
	}
	waiter := awslambda.NewFunctionUpdatedV2Waiter(client)
	if err := waiter.Wait(t.Context(), &awslambda.GetFunctionInput{FunctionName: &f.Name}, time.Minute); err != nil {
		t.Error(err)
	}
	if _, err := client.UpdateFunctionCode(t.Context(), in); code(err) != stale {
		t.Error(code(err))
	}
	large, _ := archived(t, strings.Repeat("x", 9<<20)) // more than other requests may have
	in.RevisionId, in.ZipFile, in.Publish = nil, large, true
	if out := must(client.UpdateFunctionCode(t.Context(), in))(t); *out.Version != "1" || *out.FunctionArn != f.ARN+":1" {
		t.Errorf("%+v", out)
	}
	if got := must(k.Lambda.Function("add"))(t); got.Tags["a"] != "1" || got.MemoryMB != 128 {
		t.Errorf("%+v", got)
	}
	_, err := client.UpdateFunctionCode(t.Context(), &awslambda.UpdateFunctionCodeInput{FunctionName: &f.Name, ImageUri: aws.String("i")})
	if !strings.Contains(code(err), "UpdateFunctionCode does not take the parameter 'ImageUri'") {
		t.Error(code(err))
	}
}

func TestUpdateFunctionConfiguration(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add", Description: "adds", TimeoutSeconds: 9, LogFormat: "JSON", SystemLogLevel: "WARN", Environment: map[string]string{"TABLE": "sums"}})
	client := awslambda.NewFromConfig(k.config(developer))
	update := func(in awslambda.UpdateFunctionConfigurationInput) (*awslambda.UpdateFunctionConfigurationOutput, error) {
		in.FunctionName = aws.String("add")
		return client.UpdateFunctionConfiguration(t.Context(), &in)
	}
	out := must(update(awslambda.UpdateFunctionConfigurationInput{MemorySize: aws.Int32(512), Description: aws.String(""), RevisionId: &f.RevisionID}))(t)
	if *out.MemorySize != 512 || *out.Description != "" || *out.Timeout != 9 || out.Environment.Variables["TABLE"] != "sums" || out.LoggingConfig.SystemLogLevel != "WARN" ||
		out.LastUpdateStatus != types.LastUpdateStatusInProgress || *out.CodeSha256 != f.CodeSHA256 {
		t.Errorf("%+v", out)
	}
	out = must(update(awslambda.UpdateFunctionConfigurationInput{
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatText}, Environment: &types.Environment{}, DeadLetterConfig: &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sqs:us-east-1:000000000000:dead")},
		TracingConfig: &types.TracingConfig{Mode: types.TracingModeActive}, EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(1024)},
	}))(t)
	if out.LoggingConfig.LogFormat != types.LogFormatText || out.LoggingConfig.SystemLogLevel != "" || out.Environment != nil || *out.DeadLetterConfig.TargetArn == "" ||
		out.TracingConfig.Mode != types.TracingModeActive || *out.EphemeralStorage.Size != 1024 {
		t.Errorf("%+v", out)
	}
	for want, in := range map[string]awslambda.UpdateFunctionConfigurationInput{
		stale: {Timeout: aws.Int32(1), RevisionId: &f.RevisionID},
		"ValidationException: 1 validation error detected: Value '0' at 'memorySize'":                                                     {MemorySize: aws.Int32(0)},
		"InvalidParameterValueException: The role defined for the function cannot be assumed by Lambda.":                                  {Role: aws.String(roleARN + "2")},
		"ValidationException: 1 validation error detected: UpdateFunctionConfiguration does not take the parameter 'VpcConfig'; it takes": {VpcConfig: &types.VpcConfig{}},
	} {
		if _, err := update(in); !strings.HasPrefix(code(err), want) {
			t.Errorf("got %s, want %s", code(err), want)
		}
	}
}

// Whoever gives a function a role must be allowed to pass the role to Lambda.
func TestPassRole(t *testing.T) {
	k := newKit(t)
	session := k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	must(k.IAM.CreateRole(iam.Role{Name: "other", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}))(t)
	other := strings.Replace(roleARN, "worker", "other", 1)
	client := awslambda.NewFromConfig(k.config(session))
	bundle, _ := archived(t, "first")
	calls := map[string]func() error{
		"update": func() error {
			_, err := client.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &f.Name, Role: &other})
			return err
		},
		"create": func() error {
			_, err := client.CreateFunction(t.Context(), &awslambda.CreateFunctionInput{FunctionName: aws.String("sub"), Role: &other, Code: &types.FunctionCode{ZipFile: bundle},
				Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap")})
			return err
		},
		"same role": func() error {
			_, err := client.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &f.Name, Role: aws.String(roleARN), Timeout: aws.Int32(5)})
			return err
		},
	}
	const functions = `{"Effect":"Allow","Action":"lambda:*","Resource":"*"}`
	pass := func(service string) string {
		return `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + other + `","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
	}
	for _, tt := range []struct {
		statements string
		allowed    bool
	}{{functions, false}, {functions + pass("ec2.amazonaws.com"), false}, {functions + pass("lambda.amazonaws.com"), true}} {
		if err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[`+tt.statements+`]}`); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"same role", "update", "create"} {
			err := calls[name]()
			allowed := tt.allowed || name == "same role"
			if (err == nil) != allowed || err != nil && !strings.Contains(code(err), "is not authorized to perform: iam:PassRole on resource: "+other) {
				t.Errorf("%s with %s: %v", name, tt.statements, err)
			}
		}
	}
}

func TestPublishVersionAndAliases(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	client := awslambda.NewFromConfig(k.config(developer))
	v := must(client.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: &f.Name, Description: aws.String("one"), CodeSha256: &f.CodeSHA256, RevisionId: &f.RevisionID}))(t)
	if *v.Version != "1" || *v.Description != "one" || *v.FunctionArn != f.ARN+":1" {
		t.Errorf("%+v", v)
	}
	if _, err := client.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: &f.Name, RevisionId: aws.String("r")}); code(err) != stale {
		t.Error(code(err))
	}
	a := must(client.CreateAlias(t.Context(), &awslambda.CreateAliasInput{FunctionName: &f.Name, Name: aws.String("live"), FunctionVersion: aws.String("1"), Description: aws.String("d")}))(t)
	if *a.AliasArn != f.ARN+":live" || *a.FunctionVersion != "1" || *a.Description != "d" {
		t.Errorf("%+v", a)
	}
	for range 2 { // as on AWS, the second one succeeds, too
		_, err := client.DeleteAlias(t.Context(), &awslambda.DeleteAliasInput{FunctionName: &f.Name, Name: aws.String("live")})
		if err != nil {
			t.Error(err)
		}
	}
	if aliases := must(k.Lambda.Aliases("add"))(t); len(aliases) != 0 {
		t.Errorf("%+v", aliases)
	}
}

// Whoever creates a function or a mapping with tags needs the permission to tag it, and to
// see the tags in GetFunction, the permission to list them.
func TestTagPermissions(t *testing.T) {
	k := newKit(t)
	session := k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "tagged", Tags: map[string]string{"a": "1"}})
	q := must(k.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30}))(t)
	client := awslambda.NewFromConfig(k.config(session))
	bundle, _ := archived(t, "first")
	create := func(tags map[string]string) error {
		_, err := client.CreateFunction(t.Context(), &awslambda.CreateFunctionInput{FunctionName: aws.String("new"), Role: aws.String(roleARN), Tags: tags,
			Code: &types.FunctionCode{ZipFile: bundle}, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap")})
		return err
	}
	subscribe := func(tags map[string]string) error {
		_, err := client.CreateEventSourceMapping(t.Context(), &awslambda.CreateEventSourceMappingInput{EventSourceArn: &q.ARN, FunctionName: &f.Name, Tags: tags, Enabled: aws.Bool(false)})
		return err
	}
	const untagged = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:*","iam:PassRole","lambda:Create*","lambda:GetFunction"],"Resource":"*"}]}`
	if err := k.IAM.PutRolePolicy("worker", "all", untagged); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(map[string]string) error{
		"function:new": create, "event-source-mapping:": subscribe,
	} {
		want := "is not authorized to perform: lambda:TagResource on resource: arn:aws:lambda:us-east-1:000000000000:" + name
		if err := call(map[string]string{"a": "1"}); !strings.Contains(code(err), want) {
			t.Errorf("%s with tags: %v, want %s", name, err, want)
		}
		if err := call(nil); err != nil {
			t.Errorf("%s without tags: %v", name, err)
		}
	}
	got := must(client.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: &f.Name}))(t)
	if got.Tags != nil || got.TagsError == nil || *got.TagsError.ErrorCode != "AccessDeniedException" || !strings.Contains(*got.TagsError.Message, "lambda:ListTags") {
		t.Errorf("tags %v, error %+v", got.Tags, got.TagsError)
	}
}
