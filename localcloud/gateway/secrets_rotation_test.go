package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssecrets "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// rotation returns a secret "db" and the ARN of a function that makes the new version
// current, which Secrets Manager may invoke for that secret.
func (k *kit) rotation(t *testing.T) (c *awssecrets.Client, secret, function string) {
	t.Helper()
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "rotate"})
	c = k.secrets(t)
	created := must(c.CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: aws.String("db"), SecretString: aws.String("old"), ClientRequestToken: aws.String(firstToken)}))(t)
	k.handled = func(event runtimeapi.Event) {
		var e struct{ Step, SecretID, ClientRequestToken, RotationToken string }
		if err := json.Unmarshal(event.Payload, &e); err != nil {
			t.Error(err)
		}
		var err error
		switch e.Step {
		case "createSecret":
			_, err = c.PutSecretValue(t.Context(), &awssecrets.PutSecretValueInput{SecretId: &e.SecretID, ClientRequestToken: &e.ClientRequestToken, RotationToken: &e.RotationToken, SecretString: aws.String("new"), VersionStages: []string{"AWSPENDING"}})
		case "finishSecret":
			_, err = c.UpdateSecretVersionStage(t.Context(), &awssecrets.UpdateSecretVersionStageInput{SecretId: &e.SecretID, VersionStage: aws.String("AWSCURRENT"), RemoveFromVersionId: aws.String(firstToken), MoveToVersionId: &e.ClientRequestToken})
		}
		if err != nil {
			t.Error(err)
		}
	}
	return c, *created.ARN, f.ARN
}

func (k *kit) allowRotation(t *testing.T, source string) {
	t.Helper()
	if err := k.Lambda.AddPermission("rotate", lambda.Permission{StatementID: "rotate", Principal: "secretsmanager.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: source}); err != nil {
		t.Fatal(err)
	}
}

// RotateSecret rotates a secret with a function, and DescribeSecret reports how, as AWS does.
func TestRotateSecret(t *testing.T) {
	k := newKit(t)
	c, secret, function := k.rotation(t)
	k.allowRotation(t, secret)
	rules := &types.RotationRulesType{ScheduleExpression: aws.String("rate(10 days)"), Duration: aws.String("2h")}
	out := must(c.RotateSecret(t.Context(), &awssecrets.RotateSecretInput{SecretId: aws.String("db"), ClientRequestToken: aws.String(secondToken), RotationLambdaARN: &function, RotationRules: rules}))(t)
	if *out.ARN != secret || *out.Name != "db" || *out.VersionId != secondToken {
		t.Errorf("rotated %+v", out)
	}
	described := must(c.DescribeSecret(t.Context(), &awssecrets.DescribeSecretInput{SecretId: &secret}))(t)
	for described.LastRotatedDate == nil && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
		described = must(c.DescribeSecret(t.Context(), &awssecrets.DescribeSecretInput{SecretId: &secret}))(t)
	}
	if got, want := fmt.Sprint(described.VersionIdsToStages), "map["+firstToken+":[AWSPREVIOUS] "+secondToken+":[AWSCURRENT AWSPENDING]]"; got != want {
		t.Errorf("stages %s, want %s", got, want)
	}
	r := described.RotationRules
	if !*described.RotationEnabled || *described.RotationLambdaARN != function || *r.AutomaticallyAfterDays != 10 || *r.ScheduleExpression != "rate(10 days)" || *r.Duration != "2h" {
		t.Errorf("described %+v, rules %+v", described, r)
	}
	if next := described.NextRotationDate; next == nil || !next.Equal(time.Now().UTC().Truncate(24*time.Hour).Add(242*time.Hour)) {
		t.Errorf("the next rotation is %v", next)
	}
	if got := value(t, c, awssecrets.GetSecretValueInput{SecretId: &secret}); got != "new[AWSCURRENT AWSPENDING]" {
		t.Error(got)
	}
	canceled := must(c.CancelRotateSecret(t.Context(), &awssecrets.CancelRotateSecretInput{SecretId: &secret}))(t)
	listed := must(c.ListSecrets(t.Context(), &awssecrets.ListSecretsInput{}))(t).SecretList[0]
	if *canceled.ARN != secret || *listed.RotationEnabled || *listed.RotationLambdaARN != function || *listed.RotationRules.Duration != "2h" || listed.LastRotatedDate != nil || listed.NextRotationDate != nil {
		t.Errorf("canceled %+v, listed %+v", canceled, listed)
	}
}

// Secrets Manager may invoke the function for the secret, and the caller must be allowed to,
// too. Policies may depend on the function, the rules and the time of the rotation.
func TestRotationPermissions(t *testing.T) {
	k := newKit(t)
	admin, secret, function := k.rotation(t)
	rotate := func(c *awssecrets.Client, in awssecrets.RotateSecretInput) string {
		in.SecretId = &secret
		return code(errorOf(c.RotateSecret(t.Context(), &in)))
	}
	check := func(what, got, want string) {
		t.Helper()
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	const denied = "AccessDeniedException: Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com."
	check("no policy", rotate(admin, awssecrets.RotateSecretInput{RotationLambdaARN: &function}), denied)
	check("no function", rotate(admin, awssecrets.RotateSecretInput{RotationLambdaARN: aws.String(function + "s")}), denied)
	k.allowRotation(t, strings.Replace(secret, ":db-", ":other-", 1))
	check("another secret", rotate(admin, awssecrets.RotateSecretInput{RotationLambdaARN: &function}), denied)
	if err := k.Lambda.RemovePermission("rotate", "rotate"); err != nil {
		t.Fatal(err)
	}
	k.allowRotation(t, secret)
	check("no days", rotate(admin, awssecrets.RotateSecretInput{RotationLambdaARN: &function, RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(0)}}), "ValidationException: 1 validation error detected: Value '0' at 'rotationRules.automaticallyAfterDays'")

	worker := must(k.IAM.AssumeRole(t.Context(), cloud.Caller{Service: "lambda.amazonaws.com"}, here.GlobalARN("iam", "role/worker"), "session"))(t)
	c := awssecrets.NewFromConfig(k.config(worker))
	allow := func(statements ...string) {
		t.Helper()
		if err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`); err != nil {
			t.Fatal(err)
		}
	}
	in := awssecrets.RotateSecretInput{RotationLambdaARN: &function, RotateImmediately: aws.Bool(false), RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(1)}}
	statement := func(condition string) string {
		return `{"Effect":"Allow","Action":"secretsmanager:RotateSecret","Resource":"*","Condition":` + condition + `}`
	}
	const invoke = `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}`
	conditions := map[string]string{ // those that do not hold
		"function": `{"StringEquals":{"secretsmanager:RotationLambdaARN":"` + function + `s"}}`,
		"rules":    `{"Bool":{"secretsmanager:ModifyRotationRules":"false"}}`,
		"time":     `{"Bool":{"secretsmanager:RotateImmediately":"true"}}`,
	}
	for name, condition := range conditions {
		allow(statement(condition), invoke)
		check(name, rotate(c, in), "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: secretsmanager:RotateSecret")
	}
	met := statement(`{"StringEquals":{"secretsmanager:RotationLambdaARN":"` + function + `"},"Bool":{"secretsmanager:ModifyRotationRules":"true","secretsmanager:RotateImmediately":"false"}}`)
	allow(met)
	check("no permission to invoke", rotate(c, in), "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: lambda:InvokeFunction on resource: "+function)
	allow(met, invoke)
	check("all permissions", rotate(c, in), "<nil>")

	cancel := func() string {
		return code(errorOf(c.CancelRotateSecret(t.Context(), &awssecrets.CancelRotateSecretInput{SecretId: &secret})))
	}
	ofFunction := func(arn string) string {
		return `{"Effect":"Allow","Action":"secretsmanager:CancelRotateSecret","Resource":"*","Condition":{"StringEquals":{"secretsmanager:resource/AllowRotationLambdaArn":"` + arn + `"}}}`
	}
	allow(ofFunction(function + "s"))
	check("another function", cancel(), "AccessDeniedException: ")
	allow(ofFunction(function))
	check("the function", cancel(), "<nil>")
}
