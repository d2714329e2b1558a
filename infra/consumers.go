package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/serverless"
)

// queueSums creates a queue of every sum, for another system, and adds its outputs.
// The bodies are the published sums, and the attributes theirs.
func queueSums(env *serverless.Environment, sums *serverless.Topic, outputs pulumi.Map) error {
	queue, err := serverless.NewQueue(env, "sums", nil)
	if err != nil {
		return err
	}
	outputs["sumsQueueUrl"], outputs["sumsQueueArn"] = queue.URL, queue.ARN
	if queue.KeyARN != nil {
		outputs["sumsQueueKeyArn"] = queue.KeyARN
	}
	_, err = sums.Subscribe(queue, &serverless.SubscriptionArgs{RawMessageDelivery: true})
	return err
}

// notifyFunction is the name of the function that exists only if there is a URL to
// notify.
const notifyFunction = "notify"

// notify sends every sum to the URL, signed with a secret. Whoever operates the stack
// stores the secret in a parameter, so that it is in neither the configuration nor the
// stack's state.
func notify(ctx *pulumi.Context, url string, sums *serverless.Topic, function newFunction) error {
	secret := "/" + ctx.Project() + "/" + ctx.Stack() + "/notify-secret"
	read := func(f *serverless.Function, opts ...pulumi.ResourceOption) error {
		return f.GrantParameter(secret, opts...)
	}
	f, err := function(notifyFunction, pulumi.StringMap{
		"NOTIFY_URL": pulumi.String(url), "NOTIFY_SECRET_PARAMETER": pulumi.String(secret),
	}, read)
	if err != nil {
		return err
	}
	_, err = sums.Subscribe(f, nil)
	return err
}
