package localcloudtest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	awssqs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/localcloud/localcloudtest"
)

// program is the program that the example deploys. Usually, a program has a folder
// of its own: localcloudtest.Program{Dir: ".."}.
func program(ctx *pulumi.Context) error {
	queue, err := awssqs.NewQueue(ctx, "orders", nil)
	if err != nil {
		return err
	}
	ctx.Export("ordersUrl", queue.Url)
	return nil
}

// An integration test deploys a stack, uses it through an AWS SDK, and waits for
// the expected effects. In a test file, the function would be TestOrders.
func Example() {
	_ = func(t *testing.T) { // func TestOrders(t *testing.T) {
		ctx := t.Context()
		cloud := localcloudtest.Start(t)
		stack := cloud.Deploy(ctx, localcloudtest.Program{
			Run:     program,
			Project: "shop",
			Stack:   "local",
			Config:  map[string]string{"aws:region": "us-east-1"},
		})

		url := stack.Output(ctx, "ordersUrl")
		order := "one pizza"
		client := sqs.NewFromConfig(cloud.AWSConfig())
		if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &order}); err != nil {
			t.Fatal(err)
		}
		if m := cloud.WaitForMessage(ctx, url, nil); *m.Body != order {
			t.Errorf("received %q, want %q", *m.Body, order)
		}

		// A second preview of the same program shows no change.
		if _, err := stack.Preview(ctx, optpreview.ExpectNoChanges()); err != nil {
			t.Error(err)
		}
	}
}
