package localcloudtest

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	awssecrets "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	awsssm "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/localcloud/internal/atrest"
)

// TestSecretsOfAProgram deploys a parameter and a secret with the real engine. Their
// values are readable through the SDK, but in no file of the engine's state or the local
// cloud's, and in no output of the engine.
func TestSecretsOfAProgram(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	const parameter, value = "9d2KQJ5YwTzR4vXc", "F7mNb3HsUeWq8LxA"
	c := Start(t)
	stack := c.Deploy(t.Context(), Program{Project: "vault", Run: func(ctx *pulumi.Context) error {
		p, err := awsssm.NewParameter(ctx, "limit", &awsssm.ParameterArgs{Type: pulumi.String("SecureString"), Value: pulumi.String(parameter)})
		if err != nil {
			return err
		}
		s, err := awssecrets.NewSecret(ctx, "db", nil)
		if err != nil {
			return err
		}
		v, err := awssecrets.NewSecretVersion(ctx, "db", &awssecrets.SecretVersionArgs{SecretId: s.ID(), SecretString: pulumi.String(value)})
		ctx.Export("secret", s.Arn)
		ctx.Export("parameter", p.Value)
		ctx.Export("value", v.SecretString)
		return err
	}})
	arn := stack.Output(t.Context(), "secret")
	got, err := secretsmanager.NewFromConfig(c.AWSConfig()).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil || *got.SecretString != value {
		t.Errorf("the secret is %+v, %v", got, err)
	}
	outputs, err := stack.Outputs(t.Context())
	if err != nil || !outputs["parameter"].Secret || !outputs["value"].Secret {
		t.Errorf("outputs %v, %v", outputs, err)
	}
	refreshed, err := stack.Refresh(t.Context(), optrefresh.ExpectNoChanges())
	if err != nil {
		t.Error(err)
	}
	preview, err := stack.Preview(t.Context(), optpreview.ExpectNoChanges(), optpreview.Diff())
	if err != nil {
		t.Error(err)
	}
	for _, secret := range []string{parameter, value} {
		if strings.Contains(refreshed.StdOut+preview.StdOut, secret) {
			t.Errorf("the engine prints %s", secret)
		}
		if files := atrest.FilesWith(t, c.config.Dir, secret); files != nil {
			t.Errorf("%s is in %v", secret, files)
		}
	}
	if _, err := stack.Destroy(t.Context(), optdestroy.Diff()); err != nil {
		t.Error(err)
	}
}
