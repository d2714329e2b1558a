package gateway

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/sns"
)

// A function that publishes to the topic that invokes it is stopped after 16
// invocations: within a function, the SDK sends the trace header with each request.
func TestRecursiveLoop(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "handle"})
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	must(k.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "lambda", Endpoint: f.ARN}))(t)
	err := k.Lambda.AddPermission("handle", lambda.Permission{StatementID: "sns", Action: "lambda:InvokeFunction", Principal: "sns.amazonaws.com"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "handle")
	t.Setenv("_X_AMZN_TRACE_ID", "")
	client := awssns.NewFromConfig(k.config(developer))
	invocations := make(chan string, 100)
	// The last invocations may still publish when the test ends.
	ctx := context.WithoutCancel(t.Context())
	k.handled = func(e runtimeapi.Event) {
		os.Setenv("_X_AMZN_TRACE_ID", e.TraceID)
		invocations <- e.TraceID
		if len(invocations)%2 == 0 {
			must(client.Publish(ctx, &awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("again")}))(t)
			return
		}
		must(client.PublishBatch(ctx, &awssns.PublishBatchInput{TopicArn: &topic.ARN,
			PublishBatchRequestEntries: []types.PublishBatchRequestEntry{{Id: aws.String("1"), Message: aws.String("again")}}}))(t)
	}
	must(client.Publish(t.Context(), &awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("1")}))(t)
	for start := time.Now(); !k.warned("in a recursive loop"); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("the loop was not stopped after %d invocations", len(invocations))
		}
	}
	if len(invocations) != 16 {
		t.Errorf("%d invocations, want 16", len(invocations))
	}
}

// warned reports whether there is a warning with that text.
func (k *kit) warned(text string) bool { return k.count(cloud.Warning, text) > 0 }

// count returns the number of entries of that level with that text.
func (k *kit) count(level cloud.Level, text string) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.entries {
		if e.Level == level && strings.Contains(e.Message, text) {
			n++
		}
	}
	return n
}
