package test

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// TestFailures follows the messages that a deployed stack cannot handle, and
// then the requests that it does not let in. AWS's minutes between the tries
// last less than a second.
func TestFailures(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	w := newWorkspace(t, copyProject(t))
	w.start("--time-scale 600")
	w.mustPulumi("stack init local")
	w.mustPulumi("up --yes --skip-preview --stack local")
	out := w.outputs()

	w.step("a message that the function refuses", func(w *workspace) {
		id := w.publish(ctx, out["numbersTopicArn"], `{"num1":"three","num2":4}`)
		m := w.received(ctx, out["handleMessageFailuresUrl"])
		var record struct {
			RequestContext struct {
				Condition              string
				ApproximateInvokeCount int
				FunctionARN            string `json:"functionArn"`
			}
			RequestPayload struct {
				Records []struct{ Sns struct{ MessageID string } }
			}
			ResponsePayload struct{ ErrorMessage string }
		}
		if err := json.Unmarshal([]byte(*m.Body), &record); err != nil {
			w.t.Fatalf("%v\n%s", err, *m.Body)
		}
		got := record.RequestContext
		if got.Condition != "RetriesExhausted" || got.ApproximateInvokeCount != 3 || !strings.Contains(got.FunctionARN, out["handleMessageFunction"]) {
			w.t.Errorf("the record's context is %+v", got)
		}
		if len(record.RequestPayload.Records) != 1 || record.RequestPayload.Records[0].Sns.MessageID != id {
			w.t.Errorf("the record does not hold message %s: %s", id, *m.Body)
		}
		if !strings.Contains(record.ResponsePayload.ErrorMessage, "num1") {
			w.t.Errorf("the record's reason does not name the field: %s", *m.Body)
		}
		if seen := w.receivedByCLI(out["handleMessageFailuresUrl"]); !strings.Contains(seen, id) {
			w.t.Errorf("the AWS CLI received %s", seen)
		}
	})

	w.step("a message that the function may not be invoked for", func(w *workspace) {
		w.replace("infra/serverless/subscription.go", `"sns.amazonaws.com", d.topic.ARN,`, `"sns.amazonaws.com", pulumi.String("arn:aws:sns:us-east-1:000000000000:another"),`)
		w.mustPulumi("up --yes --skip-preview --stack local")
		id := w.publish(ctx, out["numbersTopicArn"], `{"num1":3,"num2":4}`)
		m := w.received(ctx, out["numbersRedriveUrl"])
		if !strings.Contains(*m.Body, id) || !strings.Contains(*m.Body, `num1`) {
			w.t.Errorf("the queue does not hold message %s: %s", id, *m.Body)
		}
		// The queue holds the message alone; SNS logs the reason.
		topic := strings.Split(out["numbersTopicArn"], ":")
		group := "sns/" + strings.Join(topic[3:], "/") + "/Failure"
		why, err := cloudwatchlogs.NewFromConfig(w.sdk()).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		if err != nil || len(why.Events) != 1 || !strings.Contains(*why.Events[0].Message, id) || !strings.Contains(*why.Events[0].Message, "not authorized to perform: lambda:InvokeFunction") {
			w.t.Errorf("%s: %v, %+v", group, err, why)
		}
		if seen := w.receivedByCLI(out["numbersRedriveUrl"]); !strings.Contains(seen, id) {
			w.t.Errorf("the AWS CLI received %s", seen)
		}
	})

	w.step("callers", func(w *workspace) { w.knowsCallers(ctx, out["apiUrl"]+"add?num1=3&num2=4") })
}

// received waits for the one message of a queue. It stays there and can be
// received again at once.
func (w *workspace) received(ctx context.Context, queue string) types.Message {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client := sqs.NewFromConfig(w.sdk())
	for {
		got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &queue, WaitTimeSeconds: 20,
		})
		if err != nil {
			w.t.Fatalf("receive from %s: %v", queue, err)
		}
		if len(got.Messages) == 0 {
			continue // until the minute is over
		}
		m := got.Messages[0]
		_, err = client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle})
		if err != nil {
			w.t.Fatal(err)
		}
		return m
	}
}

// receivedByCLI is the body of the one message of a queue, and what Receive
// gives where there is no AWS CLI on PATH.
func (w *workspace) receivedByCLI(queue string) string {
	w.t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		w.t.Log("no AWS CLI on PATH: received with the SDK")
		return *w.received(w.t.Context(), queue).Body
	}
	return w.must(fmt.Sprintf(`eval "$(localcloud env)"; endpoint=$AWS_ENDPOINT_URL; unset AWS_ENDPOINT_URL; aws --endpoint-url "$endpoint" sqs receive-message --queue-url %s --query 'Messages[0].Body' --output text`, queue))
}
