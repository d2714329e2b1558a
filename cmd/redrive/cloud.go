package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"tally/internal/stack"
)

// A queue is a failure queue of the stack.
type queue struct {
	Name string `json:"name"` // such as "handle-message-failures"
	URL  string `json:"queueUrl"`
	// FunctionARN is the alias of the function that should have processed the
	// messages. It is "" if no function should have: a webhook, for example.
	FunctionARN string `json:"functionArn,omitempty"`
}

// redrive reports whether the queue holds what did not reach the function, rather than what
// the function failed on. Package serverless determines the name.
func (q queue) redrive() bool { return strings.HasSuffix(q.Name, "-redrive") }

// failureQueues returns the failure queues of a deployed stack.
func failureQueues(ctx context.Context, name string) ([]queue, error) {
	var out struct {
		Failures []queue `json:"failures"`
	}
	if err := stack.Outputs(ctx, name, &out); err != nil {
		return nil, err
	}
	if len(out.Failures) == 0 {
		return nil, fmt.Errorf("stack %s has no output failures: deploy it with this version of the program", name)
	}
	return out.Failures, nil
}

// cloud holds the operations of AWS that the command uses.
type cloud struct {
	attributes func(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	receive    func(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	hide       func(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	remove     func(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	invoke     func(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// connect returns the operations in the region of the functions, with the
// credentials of the process's environment.
func connect(ctx context.Context, queues []queue) (cloud, error) {
	var options []func(*config.LoadOptions) error
	for _, q := range queues {
		if function, err := arn.Parse(q.FunctionARN); err == nil {
			options = append(options, config.WithRegion(function.Region))
			break
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cloud{}, err
	}
	if cfg.BaseEndpoint == nil && len(queues) > 0 && strings.HasPrefix(queues[0].URL, "http://") {
		return cloud{}, fmt.Errorf("the stack is in the local cloud, at %s, but AWS_ENDPOINT_URL is not set: run eval \"$(./bin/localcloud env)\"", queues[0].URL)
	}
	queueing := sqs.NewFromConfig(cfg)
	return cloud{
		queueing.GetQueueAttributes, queueing.ReceiveMessage, queueing.ChangeMessageVisibilityBatch, queueing.DeleteMessage,
		lambda.NewFromConfig(cfg).Invoke,
	}, nil
}

// hints state what to do about AWS errors, by their codes. The messages of other
// errors suffice; that of a missing permission, for example, names the action.
var hints = map[string]string{
	"ResourceNotFoundException":               "the function or its alias does not exist: deploy the stack",
	"AWS.SimpleQueueService.NonExistentQueue": "the queue does not exist: deploy the stack",
	"QueueDoesNotExist":                       "the queue does not exist: deploy the stack",
	"KMS.AccessDeniedException":               "you need kms:Decrypt for the stack's key",
	"KmsAccessDenied":                         "you need kms:Decrypt for the stack's key",
	"TooManyRequestsException":                "the function has no free concurrency: lower -rate, or raise its reserved concurrency",
	"InvalidSignatureException":               "AWS refused your credentials",
	"UnrecognizedClientException":             "AWS refused your credentials",
}

// explain adds to an AWS error what to do about it.
func explain(err error) error {
	if e, ok := errors.AsType[smithy.APIError](err); ok && hints[e.ErrorCode()] != "" {
		return fmt.Errorf("%s (%w)", hints[e.ErrorCode()], err)
	}
	return err
}
