package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"tally/internal/uuid"
)

// live is the alias by which functions are invoked.
const live = "live"

// event returns an event of SNS with one message, and more members that must begin with a
// comma.
func event(message, members string) string {
	return fmt.Sprintf(`{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","MessageId":%q,"Timestamp":%q,"Message":%q}%s}]%[4]s}`,
		uuid.New(), time.Now().UTC().Format(time.RFC3339), message, members)
}

// harmless returns an event that no function fails on.
func harmless() string { return event(`{"num1":3,"num2":4}`, "") }

// poisonFor returns an event that the function cannot process. Most functions cannot even
// decode it, because members are numbers that are strings in all events. If another function
// processes what this one fails on, it must be able to decode the event.
func (d *drill) poisonFor(ctx context.Context, function string) (string, error) {
	destination, err := d.failureDestination(ctx, function)
	if err != nil {
		return "", err
	}
	const message = `{"num1":"three","num2":4}`
	if d.isFailureQueue(destination) {
		return event(message, `,"EventVersion":2,"body":2,"version":2`), nil
	}
	return event(message, ""), nil
}

// invoke invokes a function and waits for it. An error of the function is none of invoke.
func (d *drill) invoke(ctx context.Context, function, event string) error {
	_, err := d.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Qualifier: aws.String(live), Payload: []byte(event)})
	return err
}

// invokeLater sends a function an asynchronous event.
func (d *drill) invokeLater(ctx context.Context, function, event string) error {
	_, err := d.lambda.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: &function, Qualifier: aws.String(live), Payload: []byte(event), InvocationType: types.InvocationTypeEvent,
	})
	return err
}

func isThrottled(err error) bool {
	_, ok := errors.AsType[*types.TooManyRequestsException](err)
	return ok
}

// failureDestination returns the ARN of the queue for the events that the function could not
// process.
func (d *drill) failureDestination(ctx context.Context, function string) (string, error) {
	out, err := d.lambda.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: &function, Qualifier: aws.String(live)})
	if err != nil {
		return "", fmt.Errorf("where the failed events of %s go: %w", function, err)
	}
	if out.DestinationConfig == nil || out.DestinationConfig.OnFailure == nil {
		return "", fmt.Errorf("%s has no destination for failed events", function)
	}
	return aws.ToString(out.DestinationConfig.OnFailure.Destination), nil
}

// reserveNothing sets the reserved concurrency of a function to 0.
func (d *drill) reserveNothing(ctx context.Context, function string, undo *undo) error {
	before, err := d.lambda.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &function})
	if err != nil {
		return err
	}
	undo.add(func(ctx context.Context) error {
		if before.ReservedConcurrentExecutions == nil {
			_, err := d.lambda.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &function})
			return err
		}
		_, err := d.lambda.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
			FunctionName: &function, ReservedConcurrentExecutions: before.ReservedConcurrentExecutions,
		})
		return err
	})
	_, err = d.lambda.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &function, ReservedConcurrentExecutions: aws.Int32(0)})
	return err
}

// emptyHash is the SHA-256 of an empty body.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// request sends a request to the API, and returns the status of the response. One that
// refuses the drill itself is an error.
func (d *drill) request(ctx context.Context) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.APIURL+"add?num1=3&num2=4", nil)
	if err != nil {
		return 0, err
	}
	if d.APIAuth == "iam" {
		keys, err := d.config.Credentials.Retrieve(ctx)
		if err != nil {
			return 0, err
		}
		if err := v4.NewSigner().SignHTTP(ctx, keys, r, emptyHash, "execute-api", d.config.Region, time.Now()); err != nil {
			return 0, err
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return 0, fmt.Errorf("the API refuses the drill, which knows the authorization none and iam, not %s: %s", d.APIAuth, resp.Status)
	}
	return resp.StatusCode, nil
}

// randomName returns a name for something that the drill creates.
func randomName() string { return "drill-" + strings.ToLower(rand.Text()[:10]) }
