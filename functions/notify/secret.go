package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// fresh is how long a secret is used before it is read again.
const fresh = 5 * time.Minute

// secret is a SecureString of Parameter Store. An execution environment handles one
// invocation at a time, so it needs no lock.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
type secret struct {
	parameter string // its name or ARN
	get       func(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)

	value string
	read  time.Time
}

// current returns the secret, at most five minutes old.
func (s *secret) current(ctx context.Context) (string, error) {
	if s.value != "" && time.Since(s.read) < fresh {
		return s.value, nil
	}
	return s.reread(ctx)
}

// reread returns the secret as it is now.
func (s *secret) reread(ctx context.Context) (string, error) {
	out, err := s.get(ctx, &ssm.GetParameterInput{Name: &s.parameter, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	if out.Parameter.Type != types.ParameterTypeSecureString {
		return "", fmt.Errorf("the parameter %s has the type %s: it must be a SecureString", s.parameter, out.Parameter.Type)
	}
	if aws.ToString(out.Parameter.Value) == "" {
		return "", errors.New("the secret is empty")
	}
	s.value, s.read = *out.Parameter.Value, time.Now()
	return s.value, nil
}
