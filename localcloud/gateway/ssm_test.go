package gateway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsssm "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"tally/localcloud/kms"
)

// parameters returns a client of Parameter Store.
func (k *kit) parameters(t *testing.T) *awsssm.Client {
	t.Helper()
	return awsssm.NewFromConfig(k.config(developer))
}

func putString(t *testing.T, c *awsssm.Client, name, value string) {
	t.Helper()
	must(c.PutParameter(t.Context(), &awsssm.PutParameterInput{Name: &name, Value: &value, Type: types.ParameterTypeString}))(t)
}

// A parameter passes through its life, read with the SDK.
func TestParameterStore(t *testing.T) {
	c := newKit(t).parameters(t)
	name := aws.String("/tally/password")
	put := func(value string, in awsssm.PutParameterInput) *awsssm.PutParameterOutput {
		t.Helper()
		in.Name, in.Value, in.Overwrite = name, &value, aws.Bool(len(in.Tags) == 0)
		return must(c.PutParameter(t.Context(), &in))(t)
	}
	first := put("one", awsssm.PutParameterInput{Type: types.ParameterTypeSecureString, Description: aws.String("d"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}})
	second := put("two", awsssm.PutParameterInput{}) // which keeps the type and the description
	if first.Version != 1 || second.Version != 2 || second.Tier != types.ParameterTierStandard {
		t.Errorf("put %+v, then %+v", first, second)
	}
	must(c.LabelParameterVersion(t.Context(), &awsssm.LabelParameterVersionInput{Name: name, ParameterVersion: aws.Int64(1), Labels: []string{"live"}}))(t)

	for reference, want := range map[string]string{
		*name: "two", *name + ":1": "one", *name + ":live": "one", "arn:aws:ssm:us-east-1:000000000000:parameter/tally/password": "two", "arn:aws:ssm:us-east-1:000000000000:parameter/tally/password:1": "one",
	} {
		got := must(c.GetParameter(t.Context(), &awsssm.GetParameterInput{Name: &reference, WithDecryption: aws.Bool(true)}))(t).Parameter
		_, selector, _ := strings.Cut(reference[strings.LastIndex(reference, "/"):], ":")
		if *got.Value != want || strings.TrimPrefix(aws.ToString(got.Selector), ":") != selector || *got.Name != *name || got.Type != types.ParameterTypeSecureString ||
			*got.DataType != "text" || *got.ARN != "arn:aws:ssm:us-east-1:000000000000:parameter/tally/password" || got.LastModifiedDate == nil {
			t.Errorf("%s: %+v, value %q", reference, got, *got.Value)
		}
	}
	sealed := must(c.GetParameter(t.Context(), &awsssm.GetParameterInput{Name: name}))(t).Parameter
	if strings.Contains(*sealed.Value, "two") || *sealed.Value == "" {
		t.Errorf("without decryption: %q", *sealed.Value)
	}
	history := must(c.GetParameterHistory(t.Context(), &awsssm.GetParameterHistoryInput{Name: name, WithDecryption: aws.Bool(true)}))(t).Parameters
	if len(history) != 2 || *history[0].Value != "one" || history[0].Labels[0] != "live" || *history[1].Value != "two" || *history[1].Description != "d" || *history[1].KeyId != "alias/aws/ssm" {
		t.Errorf("history %+v", history)
	}
	several := must(c.GetParameters(t.Context(), &awsssm.GetParametersInput{Names: []string{*name, "/no", *name + ":9"}}))(t)
	if len(several.Parameters) != 1 || fmt.Sprint(several.InvalidParameters) != "[/no /tally/password:9]" {
		t.Errorf("several: %+v", several)
	}
	described := must(c.DescribeParameters(t.Context(), &awsssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("tag:a"), Values: []string{"1"}}}}))(t).Parameters
	if len(described) != 1 || described[0].Version != 2 || *described[0].LastModifiedUser != "arn:aws:iam::000000000000:user/developer" {
		t.Errorf("described: %+v", described)
	}
	must(c.AddTagsToResource(t.Context(), &awsssm.AddTagsToResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: name, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}))(t)
	must(c.RemoveTagsFromResource(t.Context(), &awsssm.RemoveTagsFromResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: name, TagKeys: []string{"a"}}))(t)
	tags := must(c.ListTagsForResource(t.Context(), &awsssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: name}))(t).TagList
	if len(tags) != 1 || *tags[0].Key != "b" {
		t.Errorf("tags %+v", tags)
	}
	must(c.DeleteParameter(t.Context(), &awsssm.DeleteParameterInput{Name: name}))(t)
	if got := code(errorOf(c.GetParameter(t.Context(), &awsssm.GetParameterInput{Name: name}))); !strings.HasPrefix(got, "ParameterNotFound") {
		t.Errorf("after the deletion: %s", got)
	}
}

func errorOf[T any](_ T, err error) error { return err }

// Paths select one level or all, page by page.
func TestParametersByPath(t *testing.T) {
	c := newKit(t).parameters(t)
	for _, name := range []string{"root", "/a/1", "/a/2", "/a/b/3", "/ab/4"} {
		putString(t, c, name, "v")
	}
	for i := range 11 {
		putString(t, c, fmt.Sprintf("/many/%02d", i), "v")
	}
	for _, tt := range []struct {
		path      string
		recursive bool
		want      string
	}{
		{"/a", false, "/a/1 /a/2"}, {"/a/", true, "/a/1 /a/2 /a/b/3"}, {"/", false, "root"}, {"/a/b", false, "/a/b/3"}, {"/a/1", true, ""},
		{"/many", false, "/many/00 /many/01 /many/02 /many/03 /many/04 /many/05 /many/06 /many/07 /many/08 /many/09 /many/10"},
	} {
		var got []string
		for pages := awsssm.NewGetParametersByPathPaginator(c, &awsssm.GetParametersByPathInput{Path: &tt.path, Recursive: &tt.recursive}); pages.HasMorePages(); {
			for _, p := range must(pages.NextPage(t.Context()))(t).Parameters {
				got = append(got, *p.Name)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.path, got, tt.want)
		}
	}
}

// TestParameterRefusals checks the codes and messages of Parameter Store.
func TestParameterRefusals(t *testing.T) {
	c := newKit(t).parameters(t)
	putString(t, c, "/there", "v")
	for _, tt := range []struct {
		in   awsssm.PutParameterInput
		want string
	}{
		{awsssm.PutParameterInput{Name: aws.String("/there")}, "ParameterAlreadyExists: The parameter already exists. To overwrite"},
		{awsssm.PutParameterInput{Name: aws.String("there")}, "ParameterAlreadyExists: "},
		{awsssm.PutParameterInput{Name: aws.String("awsome")}, `ValidationException: Parameter name: can't be prefixed with "aws" or "ssm"`},
		{awsssm.PutParameterInput{Name: aws.String("/SSM/a")}, `ValidationException: Parameter name: can't be prefixed with "ssm"`},
		{awsssm.PutParameterInput{Name: aws.String("/aws/a")}, "AccessDeniedException: No access to reserved parameter name: /aws/a."},
		{awsssm.PutParameterInput{Name: aws.String("a/b")}, "ValidationException: Parameter name must be a fully qualified name."},
		{awsssm.PutParameterInput{Name: aws.String("/a b")}, "ValidationException: Parameter name: "},
		{awsssm.PutParameterInput{Name: aws.String("/a/")}, "ValidationException: Parameter name: "},
		{awsssm.PutParameterInput{Name: aws.String(strings.Repeat("/a", 16))}, "HierarchyLevelLimitExceededException: "},
		{awsssm.PutParameterInput{Name: aws.String("/" + strings.Repeat("a", 1000))}, "ValidationException: Parameter name: with its ARN"},
		{awsssm.PutParameterInput{Value: aws.String(strings.Repeat("x", 4097))}, "ValidationException: Standard tier parameters support a maximum parameter value of 4096 characters."},
		{awsssm.PutParameterInput{Value: aws.String(strings.Repeat("x", 8193)), Tier: types.ParameterTierIntelligentTiering}, "ValidationException: Advanced tier parameters support"},
		{awsssm.PutParameterInput{Value: aws.String("{{ssm:a}}")}, "ValidationException: Parameter value can't nest another parameter."},
		{awsssm.PutParameterInput{AllowedPattern: aws.String(`\d+`), Value: aws.String("1a")}, `ParameterPatternMismatchException: Parameter value, cannot be validated against allowedPattern: \d+`},
		{awsssm.PutParameterInput{AllowedPattern: aws.String("(")}, "InvalidAllowedPatternException: "},
		{awsssm.PutParameterInput{Type: "Text"}, "ValidationException: 1 validation error detected: Value 'Text' at 'type'"},
		{awsssm.PutParameterInput{DataType: aws.String("aws:ec2:image")}, "ValidationException: The following data type is not supported: aws:ec2:image"},
		{awsssm.PutParameterInput{KeyId: aws.String("alias/aws/ssm")}, "ValidationException: KeyId is required for SecureString type parameter only."},
		{awsssm.PutParameterInput{Policies: aws.String("[]")}, "ValidationException: The local cloud does not emulate Policies"},
		{awsssm.PutParameterInput{Overwrite: aws.Bool(true), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}, "ValidationException: Invalid request: tags and overwrite can't be used together."},
		{awsssm.PutParameterInput{Type: types.ParameterTypeSecureString, KeyId: aws.String("alias/no")}, "InvalidKeyId: Alias arn:aws:kms:us-east-1:000000000000:alias/no is not found. (Service: AWSKMS"},
	} {
		if tt.in.Name == nil {
			tt.in.Name = aws.String("/new")
		}
		if tt.in.Value == nil {
			tt.in.Value = aws.String("secret value")
		}
		if tt.in.Type == "" {
			tt.in.Type = types.ParameterTypeString
		}
		got := code(errorOf(c.PutParameter(t.Context(), &tt.in)))
		if !strings.HasPrefix(got, tt.want) || strings.Contains(got, *tt.in.Value) {
			t.Errorf("%s\nwant %s", got, tt.want)
		}
	}
}

// There are at most 100 versions, of which a label protects the oldest.
func TestParameterVersions(t *testing.T) {
	c := newKit(t).parameters(t)
	name := aws.String("many")
	put := func(in awsssm.PutParameterInput) error {
		in.Name, in.Overwrite = name, aws.Bool(true)
		return errorOf(c.PutParameter(t.Context(), &in))
	}
	for i := range 101 {
		if err := put(awsssm.PutParameterInput{Value: aws.String(fmt.Sprint(i)), Type: types.ParameterTypeString}); err != nil {
			t.Fatal(err)
		}
	}
	if got := code(errorOf(c.GetParameter(t.Context(), &awsssm.GetParameterInput{Name: aws.String("many:1")}))); !strings.HasPrefix(got, "ParameterVersionNotFound: Systems Manager could not find version 1 of many.") {
		t.Errorf("the oldest version: %s", got)
	}
	must(c.LabelParameterVersion(t.Context(), &awsssm.LabelParameterVersionInput{Name: name, ParameterVersion: aws.Int64(2), Labels: []string{"keep"}}))(t)
	if got := code(put(awsssm.PutParameterInput{Value: aws.String("v")})); !strings.HasPrefix(got, "ParameterMaxVersionLimitExceeded: You attempted to create a new version of many") {
		t.Errorf("with a label: %s", got)
	}
	must(c.UnlabelParameterVersion(t.Context(), &awsssm.UnlabelParameterVersionInput{Name: name, ParameterVersion: aws.Int64(2), Labels: []string{"keep"}}))(t)
	if err := put(awsssm.PutParameterInput{Value: aws.String(strings.Repeat("x", 5000)), Tier: types.ParameterTierIntelligentTiering}); err != nil {
		t.Error(err)
	}
	if got := code(put(awsssm.PutParameterInput{Value: aws.String("v"), Tier: types.ParameterTierStandard})); !strings.HasPrefix(got, "ValidationException: This parameter uses the advanced-parameter tier.") {
		t.Errorf("a downgrade: %s", got)
	}
}

// A role needs permission for both the parameter and the key.
func TestParameterPermissions(t *testing.T) {
	k := newKit(t)
	key := must(k.KMS.CreateKey(kms.Key{Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}))(t)
	arn := k.KMS.KeyARN(key.ID).String()
	admin := k.parameters(t)
	for name, keyID := range map[string]*string{"/tally/managed": nil, "/tally/own": &arn} {
		must(admin.PutParameter(t.Context(), &awsssm.PutParameterInput{Name: &name, Value: aws.String("v"), Type: types.ParameterTypeSecureString, KeyId: keyID}))(t)
	}
	session := k.role(t, nothing)
	c := awsssm.NewFromConfig(k.config(session))
	allow := func(statements ...string) {
		t.Helper()
		if err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`); err != nil {
			t.Fatal(err)
		}
	}
	get := func(name string) string {
		return code(errorOf(c.GetParameter(t.Context(), &awsssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})))
	}
	const (
		read    = `{"Effect":"Allow","Action":["ssm:GetParameter","ssm:GetParameters","ssm:PutParameter"],"Resource":"arn:aws:ssm:us-east-1:000000000000:parameter/tally/*"}`
		decrypt = `{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:PARAMETER_ARN":"arn:aws:ssm:us-east-1:000000000000:parameter/tally/own","kms:ViaService":"ssm.us-east-1.amazonaws.com"}}}`
		encrypt = `{"Effect":"Allow","Action":["kms:Encrypt"],"Resource":"*"}`
		once    = `{"Effect":"Deny","Action":"ssm:PutParameter","Resource":"*","Condition":{"StringEquals":{"ssm:Overwrite":"true"}}}`
	)
	denied := func(what, got, want string) {
		t.Helper()
		if !strings.Contains(got, want) || !strings.HasPrefix(got, "AccessDeniedException: ") && want != "<nil>" {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	denied("nothing", get("/tally/own"), "is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:us-east-1:000000000000:parameter/tally/own because no identity-based policy allows")
	allow(read)
	denied("AWS's key", get("/tally/managed"), "<nil>")
	denied("no kms:Decrypt", get("/tally/own"), "kms:Decrypt on resource: "+arn)
	denied("other names", code(errorOf(c.GetParameters(t.Context(), &awsssm.GetParametersInput{Names: []string{"/tally/own", "/other"}}))), "ssm:GetParameters on resource: arn:aws:ssm:us-east-1:000000000000:parameter/other")
	allow(read, decrypt)
	denied("both", get("/tally/own"), "<nil>")
	put := func(overwrite bool, in awsssm.PutParameterInput) string {
		in.Name, in.Value, in.Overwrite = aws.String("/tally/own"), aws.String("w"), &overwrite
		return code(errorOf(c.PutParameter(t.Context(), &in)))
	}
	denied("no kms:Encrypt", put(true, awsssm.PutParameterInput{}), "kms:Encrypt on resource: "+arn)
	allow(read, encrypt)
	denied("kms:Encrypt", put(true, awsssm.PutParameterInput{}), "<nil>")
	denied("advanced needs a data key", put(true, awsssm.PutParameterInput{Tier: types.ParameterTierAdvanced}), "kms:GenerateDataKey on resource: "+arn)
	allow(read, encrypt, once)
	denied("a condition", put(true, awsssm.PutParameterInput{}), "explicit deny in an identity-based policy")
	allow(read)
	denied("tags", put(false, awsssm.PutParameterInput{Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}), "ssm:AddTagsToResource")
}
