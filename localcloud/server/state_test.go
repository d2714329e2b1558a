package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"tally/localcloud/iam"
	"tally/localcloud/sns"
	"tally/localcloud/store"
)

// sdk returns the configuration of AWS SDK clients, which do not retry.
func (s *Server) sdk() aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s.config.Endpoint()),
		Credentials: credentials.NewStaticCredentialsProvider(iam.DeveloperKey, s.config.Secret, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// refusedWith fails the test unless err is an error of AWS with status 5xx and the words.
func refusedWith(t *testing.T, what string, err error, words string) {
	t.Helper()
	var refusal smithy.APIError
	if !errors.As(err, &refusal) || refusal.ErrorFault() == smithy.FaultClient || !strings.Contains(refusal.ErrorMessage(), words) {
		t.Errorf("%s returned %v, want an error of AWS with %q", what, err, words)
	}
}

// TestCodeWithoutState checks that a missing state is not replaced by an empty one, which
// would delete the functions' code.
func TestCodeWithoutState(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(config(dir))
	check(t, err)
	code := filepath.Join(dir, "functions", s.deploy(t, "add").Name)
	check(t, s.Close())
	state := filepath.Join(dir, store.Folder)
	for what, damage := range map[string]func() error{
		"no folder":       func() error { return os.RemoveAll(state) },
		"an empty folder": func() error { return errors.Join(os.RemoveAll(state), os.Mkdir(state, 0o700)) },
	} {
		check(t, damage())
		if _, err := Open(config(dir)); !errors.Is(err, store.ErrUnusable) || !strings.Contains(err.Error(), dir+" has the code of functions, but no state") {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := os.Stat(code); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestStateRemoved checks that a local cloud whose state is removed acknowledges nothing
// from then on, and ends with one error.
func TestStateRemoved(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(config(dir))
	check(t, err)
	topic, err := s.services.SNS.CreateTopic(sns.Topic{Name: "numbers"})
	check(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background()) }()
	client := awssns.NewFromConfig(s.sdk())
	message := &awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("1")}
	_, err = client.Publish(t.Context(), message)
	check(t, err)

	check(t, os.RemoveAll(filepath.Join(dir, store.Folder)))
	queue := sns.Subscription{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:000000000000:q"}
	if _, err := s.services.SNS.Subscribe(queue); err == nil {
		t.Error("a subscription was acknowledged")
	}
	select {
	case err := <-served:
		if !errors.Is(err, store.ErrGone) {
			t.Errorf("Serve returned %v, want ErrGone", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Serve goes on")
	}
	if err := s.Close(); !errors.Is(err, store.ErrGone) {
		t.Errorf("Close returned %v, want ErrGone", err)
	}
}
