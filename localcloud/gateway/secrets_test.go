package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssecrets "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"tally/localcloud/kms"
)

func (k *kit) secrets(t *testing.T) *awssecrets.Client {
	t.Helper()
	return awssecrets.NewFromConfig(k.config(developer))
}

const (
	firstToken  = "11111111-1111-1111-1111-111111111111"
	secondToken = "22222222-2222-2222-2222-222222222222"
	thirdToken  = "33333333-3333-3333-3333-333333333333"
)

// value returns the value of a secret and the stages of its version, or the error.
func value(t *testing.T, c *awssecrets.Client, in awssecrets.GetSecretValueInput) string {
	t.Helper()
	out, err := c.GetSecretValue(t.Context(), &in)
	if err != nil {
		return code(err)
	}
	if out.SecretString == nil {
		return fmt.Sprint(out.SecretBinary, out.VersionStages)
	}
	return fmt.Sprint(*out.SecretString, out.VersionStages)
}

// A secret passes through its life, and its stages through its versions.
func TestSecrets(t *testing.T) {
	c := newKit(t).secrets(t)
	name := aws.String("tally/db")
	created := must(c.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: name, SecretString: aws.String("one"), ClientRequestToken: aws.String(firstToken), Description: aws.String("d"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}))(t)
	prefix := "arn:aws:secretsmanager:us-east-1:000000000000:secret:tally/db"
	if !strings.HasPrefix(*created.ARN, prefix+"-") || len(*created.ARN) != len(prefix)+7 || *created.VersionId != firstToken {
		t.Errorf("created %+v", created)
	}
	again := must(c.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: name, SecretString: aws.String("one"), ClientRequestToken: aws.String(firstToken)}))(t)
	if *again.ARN != *created.ARN {
		t.Errorf("a repeated request created %s", *again.ARN)
	}
	put := func(token, value string, stages ...string) {
		t.Helper()
		must(c.PutSecretValue(t.Context(), &awssecrets.PutSecretValueInput{SecretId: name, ClientRequestToken: &token, SecretBinary: []byte(value), VersionStages: stages}))(t)
	}
	put(secondToken, "\x02")
	put(secondToken, "\x02") // changes nothing
	put(thirdToken, "\x03", "AWSPENDING", "mine")
	for what, tt := range map[string]struct {
		in   awssecrets.GetSecretValueInput
		want string
	}{
		"name":           {awssecrets.GetSecretValueInput{SecretId: name}, "[2] [AWSCURRENT]"},
		"ARN":            {awssecrets.GetSecretValueInput{SecretId: created.ARN}, "[2] [AWSCURRENT]"},
		"partial ARN":    {awssecrets.GetSecretValueInput{SecretId: &prefix}, "[2] [AWSCURRENT]"},
		"previous":       {awssecrets.GetSecretValueInput{SecretId: name, VersionStage: aws.String("AWSPREVIOUS")}, "one[AWSPREVIOUS]"},
		"version":        {awssecrets.GetSecretValueInput{SecretId: name, VersionId: aws.String(thirdToken)}, "[3] [AWSPENDING mine]"},
		"both":           {awssecrets.GetSecretValueInput{SecretId: name, VersionId: aws.String(firstToken), VersionStage: aws.String("AWSPREVIOUS")}, "one[AWSPREVIOUS]"},
		"mismatch":       {awssecrets.GetSecretValueInput{SecretId: name, VersionId: aws.String(firstToken), VersionStage: aws.String("mine")}, "InvalidRequestException: You provided a VersionStage that is not associated"},
		"unknown stage":  {awssecrets.GetSecretValueInput{SecretId: name, VersionStage: aws.String("no")}, "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: no"},
		"unknown secret": {awssecrets.GetSecretValueInput{SecretId: aws.String("no")}, "ResourceNotFoundException: Secrets Manager can't find the specified secret."},
		"another suffix": {awssecrets.GetSecretValueInput{SecretId: aws.String(prefix + "-aaaaaa")}, "ResourceNotFoundException: "},
	} {
		if got := value(t, c, tt.in); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, want %s", what, got, tt.want)
		}
	}
	move := func(stage, from, to string) string {
		in := awssecrets.UpdateSecretVersionStageInput{SecretId: name, VersionStage: &stage}
		if from != "" {
			in.RemoveFromVersionId = &from
		}
		if to != "" {
			in.MoveToVersionId = &to
		}
		return code(errorOf(c.UpdateSecretVersionStage(t.Context(), &in)))
	}
	for _, tt := range [][4]string{
		{"AWSCURRENT", "", thirdToken, "InvalidParameterException: The parameter RemoveFromVersionId can't be empty."},
		{"AWSCURRENT", secondToken, "", "InvalidParameterException: You can only move staging label AWSCURRENT"},
		{"AWSCURRENT", firstToken, thirdToken, "InvalidParameterException: The staging label AWSCURRENT is not attached"},
		{"mine", "", "44444444-4444-4444-4444-444444444444", "InvalidParameterException: Not a valid version"},
		{"mine", thirdToken, "", "<nil>"},
		{"AWSCURRENT", secondToken, thirdToken, "<nil>"},
	} {
		if got := move(tt[0], tt[1], tt[2]); !strings.HasPrefix(got, tt[3]) {
			t.Errorf("move %v: %s", tt, got)
		}
	}
	described := must(c.DescribeSecret(t.Context(), &awssecrets.DescribeSecretInput{SecretId: name}))(t)
	if got, want := fmt.Sprint(described.VersionIdsToStages), "map["+secondToken+":[AWSPREVIOUS] "+thirdToken+":[AWSCURRENT AWSPENDING]]"; got != want {
		t.Errorf("stages %s, want %s", got, want)
	}
	listed := must(c.ListSecretVersionIds(t.Context(), &awssecrets.ListSecretVersionIdsInput{SecretId: name, IncludeDeprecated: aws.Bool(true)}))(t)
	if len(listed.Versions) != 3 {
		t.Errorf("versions %+v", listed.Versions)
	}
	must(c.UpdateSecret(t.Context(), &awssecrets.UpdateSecretInput{SecretId: name, SecretString: aws.String("four"), Description: aws.String("e")}))(t)
	batch := must(c.BatchGetSecretValue(t.Context(), &awssecrets.BatchGetSecretValueInput{SecretIdList: []string{"tally/db", "no"}}))(t)
	if len(batch.SecretValues) != 1 || *batch.SecretValues[0].SecretString != "four" || len(batch.Errors) != 1 || *batch.Errors[0].ErrorCode != "ResourceNotFoundException" {
		t.Errorf("batch %+v", batch)
	}
	must(c.UntagResource(t.Context(), &awssecrets.UntagResourceInput{SecretId: name, TagKeys: []string{"a"}}))(t)
	must(c.TagResource(t.Context(), &awssecrets.TagResourceInput{SecretId: name, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}))(t)
	list := must(c.ListSecrets(t.Context(), &awssecrets.ListSecretsInput{Filters: []types.Filter{{Key: types.FilterNameStringTypeTagKey, Values: []string{"b"}}}}))(t).SecretList
	if len(list) != 1 || *list[0].Description != "e" || *list[0].Name != "tally/db" {
		t.Errorf("list %+v", list)
	}
}

// A deleted secret can be restored, and its name is taken until it is gone.
func TestSecretDeletion(t *testing.T) {
	c := newKit(t).secrets(t)
	name := aws.String("db")
	create := func() string {
		return code(errorOf(c.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: name, SecretString: aws.String("v")})))
	}
	remove := func(in awssecrets.DeleteSecretInput) string {
		in.SecretId = name
		return code(errorOf(c.DeleteSecret(t.Context(), &in)))
	}
	for i, tt := range []struct{ got, want string }{
		{create(), "<nil>"},
		{create(), "ResourceExistsException: The operation failed because the secret db already exists."},
		{remove(awssecrets.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(6)}), "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
		{remove(awssecrets.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(7), ForceDeleteWithoutRecovery: aws.Bool(true)}), "InvalidParameterException: You can't use ForceDeleteWithoutRecovery in conjunction"},
		{remove(awssecrets.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(7)}), "<nil>"},
		{remove(awssecrets.DeleteSecretInput{}), "InvalidRequestException: You can't perform this operation on the secret because it was already scheduled for deletion."},
		{value(t, c, awssecrets.GetSecretValueInput{SecretId: name}), "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion."},
		{create(), "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion."},
		{code(errorOf(c.RestoreSecret(t.Context(), &awssecrets.RestoreSecretInput{SecretId: name}))), "<nil>"},
		{value(t, c, awssecrets.GetSecretValueInput{SecretId: name}), "v[AWSCURRENT]"},
		{remove(awssecrets.DeleteSecretInput{ForceDeleteWithoutRecovery: aws.Bool(true)}), "<nil>"},
		{remove(awssecrets.DeleteSecretInput{ForceDeleteWithoutRecovery: aws.Bool(true)}), "<nil>"},
		{remove(awssecrets.DeleteSecretInput{}), "ResourceNotFoundException: "},
		{create(), "<nil>"},
	} {
		if !strings.HasPrefix(tt.got, tt.want) {
			t.Errorf("step %d: %s, want %s", i, tt.got, tt.want)
		}
	}
}

func TestSecretRefusals(t *testing.T) {
	c := newKit(t).secrets(t)
	long := strings.Repeat("x", 64<<10+1)
	create := func(in awssecrets.CreateSecretInput) string {
		return code(errorOf(c.CreateSecret(t.Context(), &in)))
	}
	must(c.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: aws.String("db"), SecretString: aws.String("v"), ClientRequestToken: aws.String(firstToken)}))(t)
	put := func(in awssecrets.PutSecretValueInput) string {
		in.SecretId = aws.String("db")
		return code(errorOf(c.PutSecretValue(t.Context(), &in)))
	}
	policy := func(document string, block bool) string {
		return code(errorOf(c.PutResourcePolicy(t.Context(), &awssecrets.PutResourcePolicyInput{SecretId: aws.String("db"), ResourcePolicy: &document, BlockPublicPolicy: &block})))
	}
	const everyone = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
	for _, tt := range []struct{ got, want string }{
		{create(awssecrets.CreateSecretInput{Name: aws.String("a b")}), "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters"},
		{create(awssecrets.CreateSecretInput{Name: aws.String(strings.Repeat("a", 513))}), "InvalidParameterException: The secret name must be at most 512"},
		{create(awssecrets.CreateSecretInput{Name: aws.String("a"), SecretString: &long}), "InvalidParameterException: The secret value must be at most 65536 bytes long"},
		{create(awssecrets.CreateSecretInput{Name: aws.String("a"), SecretString: aws.String("a"), SecretBinary: []byte("a")}), "InvalidParameterException: You can't specify both"},
		{create(awssecrets.CreateSecretInput{Name: aws.String("a"), SecretString: aws.String("a"), KmsKeyId: aws.String("alias/no")}), "EncryptionFailure: Secrets Manager can't encrypt"},
		{create(awssecrets.CreateSecretInput{Name: aws.String("a"), ClientRequestToken: aws.String("short")}), "InvalidParameterException: ClientRequestToken must be 32-64 characters long."},
		{put(awssecrets.PutSecretValueInput{}), "InvalidRequestException: You must provide either SecretString or SecretBinary."},
		{put(awssecrets.PutSecretValueInput{SecretString: aws.String("w"), ClientRequestToken: aws.String(firstToken)}), "ResourceExistsException: You can't use ClientRequestToken " + firstToken},
		{policy("{", false), "MalformedPolicyDocumentException: This resource policy contains a syntax error."},
		{policy(strings.Replace(everyone, `"*"`, `{"AWS":"arn:aws:iam::000000000000:role/no"}`, 1), false), "MalformedPolicyDocumentException: This resource policy contains an unsupported principal."},
		{policy(everyone, true), "PublicPolicyException: "},
		{policy(everyone, false), "<nil>"},
	} {
		if !strings.HasPrefix(tt.got, tt.want) {
			t.Errorf("%s\nwant %s", tt.got, tt.want)
		}
	}
}

// A role reads a secret with permission of its own or of the secret's policy, and with its
// key.
func TestSecretPermissions(t *testing.T) {
	k := newKit(t)
	key := must(k.KMS.CreateKey(kms.Key{Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}))(t)
	arn := k.KMS.KeyARN(key.ID).String()
	admin := k.secrets(t)
	secret := must(admin.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: aws.String("db"), SecretString: aws.String("v"), KmsKeyId: &arn}))(t)
	managed := must(admin.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: aws.String("managed"), SecretString: aws.String("m")}))(t)
	c := awssecrets.NewFromConfig(k.config(k.role(t, nothing)))
	allow := func(statements ...string) {
		t.Helper()
		if err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, in awssecrets.GetSecretValueInput, want string) {
		t.Helper()
		if got := value(t, c, in); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	const (
		read    = `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}`
		current = `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}}}`
	)
	decrypt := `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:SecretARN":"` + *secret.ARN + `"}}}`
	own, other := awssecrets.GetSecretValueInput{SecretId: aws.String("db")}, awssecrets.GetSecretValueInput{SecretId: managed.ARN}
	check("nothing", own, "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: secretsmanager:GetSecretValue on resource: "+*secret.ARN+" because no identity-based policy allows")
	allow(read)
	check("no key", own, "AccessDeniedException: Access to KMS is not allowed")
	check("AWS's key", other, "m[AWSCURRENT]")
	allow(read, decrypt)
	check("both", own, "v[AWSCURRENT]")
	allow(current, decrypt)
	check("the current version", own, "v[AWSCURRENT]")
	check("another version", awssecrets.GetSecretValueInput{SecretId: own.SecretId, VersionStage: aws.String("AWSPREVIOUS")}, "is not authorized to perform: secretsmanager:GetSecretValue")
	allow(decrypt)
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
	must(admin.PutResourcePolicy(t.Context(), &awssecrets.PutResourcePolicyInput{SecretId: aws.String("db"), ResourcePolicy: &document}))(t)
	check("the secret's policy", own, "v[AWSCURRENT]")
	check("another secret", other, "is not authorized to perform: secretsmanager:GetSecretValue")
	must(admin.DeleteResourcePolicy(t.Context(), &awssecrets.DeleteResourcePolicyInput{SecretId: aws.String("db")}))(t)
	check("no policy any more", own, "is not authorized to perform: secretsmanager:GetSecretValue")
	allow(read)
	check("before another key", own, "AccessDeniedException: Access to KMS is not allowed")
	must(admin.UpdateSecret(t.Context(), &awssecrets.UpdateSecretInput{SecretId: aws.String("db"), KmsKeyId: aws.String("alias/aws/secretsmanager")}))(t)
	check("encrypted again with another key", own, "v[AWSCURRENT]")
	_, err := admin.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: aws.String("tagged"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}})
	if err != nil {
		t.Error(err)
	}
	allow(`{"Effect":"Allow","Action":["secretsmanager:CreateSecret","secretsmanager:TagResource"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"b"}}}`)
	for team, want := range map[string]string{"a": "AccessDeniedException: ", "b": "<nil>"} {
		_, err := c.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: aws.String("of-" + team), Tags: []types.Tag{{Key: aws.String("team"), Value: &team}}})
		if got := code(err); !strings.HasPrefix(got, want) {
			t.Errorf("create for team %s: %s", team, got)
		}
	}
}

func TestRandomPassword(t *testing.T) {
	c := newKit(t).secrets(t)
	for range 50 {
		out := must(c.GetRandomPassword(t.Context(), &awssecrets.GetRandomPasswordInput{PasswordLength: aws.Int64(4), ExcludeCharacters: aws.String("abc")}))(t)
		has := func(from, to byte) bool {
			return slices.ContainsFunc([]byte(*out.RandomPassword), func(b byte) bool { return from <= b && b <= to })
		}
		if p := *out.RandomPassword; len(p) != 4 || !has('a', 'z') || !has('A', 'Z') || !has('0', '9') || strings.ContainsAny(p, "abc ") {
			t.Errorf("password %q", p)
		}
	}
	if got := code(errorOf(c.GetRandomPassword(t.Context(), &awssecrets.GetRandomPasswordInput{PasswordLength: aws.Int64(3)}))); !strings.HasPrefix(got, "InvalidParameterException: The password length 3 is too short") {
		t.Error(got)
	}
}
