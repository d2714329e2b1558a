// Rotate is a rotation function of Secrets Manager, which gives a secret a random value.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

const (
	current = "AWSCURRENT"
	pending = "AWSPENDING"
)

type event struct {
	Step     string
	SecretID string `json:"SecretId"`
	Token    string `json:"ClientRequestToken"`
}

type rotator struct{ *secretsmanager.Client }

func main() {
	c := aws.Config{ // from Lambda's variables
		Region: os.Getenv("AWS_REGION"), BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	}
	lambda.Start(rotator{secretsmanager.NewFromConfig(c)}.rotate)
}

// rotate carries out one step. Each may be repeated.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
func (r rotator) rotate(ctx context.Context, e event) error {
	s, err := r.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &e.SecretID})
	if err != nil {
		return err
	}
	stages := s.VersionIdsToStages[e.Token]
	switch {
	case !aws.ToBool(s.RotationEnabled):
		return errors.New("rotation is not enabled")
	case slices.Contains(stages, current):
		return nil
	case !slices.Contains(stages, pending):
		return fmt.Errorf("version %s is not pending", e.Token)
	}
	switch e.Step {
	case "createSecret":
		return r.create(ctx, e)
	case "setSecret", "testSecret": // nothing uses the value
		return nil
	case "finishSecret":
		return r.finish(ctx, e, s.VersionIdsToStages)
	}
	return fmt.Errorf("unknown step %q", e.Step)
}

func (r rotator) create(ctx context.Context, e event) error {
	_, err := r.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &e.SecretID, VersionId: &e.Token, VersionStage: aws.String(pending)})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); !missing {
		return err
	}
	password, err := r.GetRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(40)})
	if err != nil {
		return err
	}
	_, err = r.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &e.SecretID, ClientRequestToken: &e.Token, SecretString: password.RandomPassword, VersionStages: []string{pending}})
	return err
}

func (r rotator) finish(ctx context.Context, e event, versions map[string][]string) error {
	in := secretsmanager.UpdateSecretVersionStageInput{SecretId: &e.SecretID, VersionStage: aws.String(current), MoveToVersionId: &e.Token}
	for version, stages := range versions {
		if slices.Contains(stages, current) {
			in.RemoveFromVersionId = &version
		}
	}
	_, err := r.UpdateSecretVersionStage(ctx, &in)
	return err
}
