package localcloudtest

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	awssecrets "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rotating is a program with a secret whose value was "first" and which a function rotates
// with a role of its own. The function's policy lets Secrets Manager invoke it.
func rotating(bundle string) Program {
	return Program{Project: "rotating", Run: func(ctx *pulumi.Context) error {
		s, err := awssecrets.NewSecret(ctx, "db", nil)
		if err != nil {
			return err
		}
		first, err := awssecrets.NewSecretVersion(ctx, "db", &awssecrets.SecretVersionArgs{SecretId: s.ID(), SecretString: pulumi.String("first")})
		if err != nil {
			return err
		}
		role, err := iam.NewRole(ctx, "rotate", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
		if err != nil {
			return err
		}
		policy, err := iam.NewRolePolicy(ctx, "rotate", &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.Sprintf(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":["secretsmanager:DescribeSecret","secretsmanager:GetSecretValue","secretsmanager:PutSecretValue","secretsmanager:UpdateSecretVersionStage"],"Resource":"%s"},
			{"Effect":"Allow","Action":"secretsmanager:GetRandomPassword","Resource":"*"},
			{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`, s.Arn)})
		if err != nil {
			return err
		}
		f, err := lambda.NewFunction(ctx, "rotate", &lambda.FunctionArgs{Role: role.Arn, Runtime: pulumi.String("provided.al2023"), Handler: pulumi.String("bootstrap"),
			Timeout: pulumi.Int(30), Architectures: pulumi.StringArray{pulumi.String(architecture())}, Code: pulumi.NewFileArchive(bundle)})
		if err != nil {
			return err
		}
		may, err := lambda.NewPermission(ctx, "rotate", &lambda.PermissionArgs{Function: f.Name, Action: pulumi.String("lambda:InvokeFunction"),
			Principal: pulumi.String("secretsmanager.amazonaws.com"), SourceArn: s.Arn})
		if err != nil {
			return err
		}
		_, err = awssecrets.NewSecretRotation(ctx, "db", &awssecrets.SecretRotationArgs{SecretId: s.ID(), RotationLambdaArn: f.Arn, RotationRules: awssecrets.SecretRotationRotationRulesArgs{
			ScheduleExpression: pulumi.String("rate(4 hours)")}}, pulumi.DependsOn([]pulumi.Resource{first, policy, may}))
		ctx.Export("secret", s.Arn)
		return err
	}}
}

// TestRotationOfAProgram deploys a secret and its rotation with the real engine. The secret
// rotates at once, with a function that uses the SDK, and again four hours later, that is, after
// at most five minutes here.
func TestRotationOfAProgram(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	c := Start(t)
	stack := c.Deploy(t.Context(), rotating(bundleOf(t, "rotate")))
	arn := stack.Output(t.Context(), "secret")
	client := secretsmanager.NewFromConfig(c.AWSConfig())
	value := func(stage string) string {
		out, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &arn, VersionStage: aws.String(stage)})
		if err != nil {
			t.Fatal(err)
		}
		return *out.SecretString
	}
	var s *secretsmanager.DescribeSecretOutput
	for deadline := time.Now().Add(maxWait); s == nil || s.LastRotatedDate == nil; time.Sleep(10 * time.Millisecond) {
		var err error
		if s, err = client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn}); err != nil || time.Now().After(deadline) {
			t.Fatalf("the secret has not rotated: %+v, %v", s, err)
		}
	}
	if now, before := value("AWSCURRENT"), value("AWSPREVIOUS"); len(now) != 40 || before != "first" {
		t.Errorf("the value is %q, and was %q", now, before)
	}
	if next := s.NextRotationDate; next == nil || time.Until(*next) > 5*time.Minute {
		t.Errorf("the next rotation is %v", next)
	}
	if _, err := stack.Refresh(t.Context()); err != nil { // it finds the new stages of the first version
		t.Error(err)
	}
	if _, err := stack.Preview(t.Context(), optpreview.ExpectNoChanges()); err != nil {
		t.Error(err)
	}
	if _, err := stack.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
}
