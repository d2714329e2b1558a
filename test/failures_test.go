package test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"tally/localcloud/localcloudtest"
)

// TestFailures tests what a deployed stack does with messages that it cannot
// handle and with requests that it refuses. The time scale shortens the minutes
// that Lambda waits between attempts to less than a second.
func TestFailures(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	dir := copyProject(t)
	cloud := localcloudtest.Start(t, localcloudtest.TimeScale(600))
	stack := cloud.Deploy(ctx, localcloudtest.Program{Dir: dir, Config: map[string]string{
		"tally:encryption": "customer", // every service below needs the stack's key
		"tally:alarmEmail": "oncall@example.com", "tally:alarmWebhook": "https://example.com/alarms", "tally:runbook": "https://example.com/operate.md",
	}})
	d := deployed{t, cloud, outputs(ctx, t, stack)}

	d.step("traces", func(d deployed) { d.traces(ctx) })
	d.step("alarms", func(d deployed) { d.evaluatesAlarms(ctx) })

	d.step("a message that the function refuses", func(d deployed) {
		id := d.publish(ctx, `{"num1":"three","num2":4}`)
		m := d.cloud.WaitForMessage(ctx, d.out["handleMessageFailuresUrl"], nil)
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
			d.t.Fatalf("%v\n%s", err, *m.Body)
		}
		got := record.RequestContext
		if got.Condition != "RetriesExhausted" || got.ApproximateInvokeCount != 3 || !strings.Contains(got.FunctionARN, d.out["handleMessageFunction"]) {
			d.t.Errorf("the record's context is %+v", got)
		}
		if len(record.RequestPayload.Records) != 1 || record.RequestPayload.Records[0].Sns.MessageID != id {
			d.t.Errorf("the record does not contain message %s: %s", id, *m.Body)
		}
		if !strings.Contains(record.ResponsePayload.ErrorMessage, "num1") {
			d.t.Errorf("the record's reason does not name the field: %s", *m.Body)
		}
		if seen := d.receivedByCLI(ctx, d.out["handleMessageFailuresUrl"]); !strings.Contains(seen, id) {
			d.t.Errorf("the AWS CLI received %s", seen)
		}
		for _, alarm := range []string{"handle-message-errors", "handle-message-dropped", "handle-message-failures-messages"} {
			d.raises(ctx, alarm)
		}
	})

	d.step("callers", func(d deployed) { d.authorizesCallers(ctx, stack) })

	d.step("a message that the function may not be invoked for", func(d deployed) {
		replace(d.t, dir, "infra/serverless/subscription.go", `"sns.amazonaws.com", d.topic.ARN,`, `"sns.amazonaws.com", pulumi.String("arn:aws:sns:us-east-1:000000000000:another"),`)
		up(ctx, d.t, stack)
		id := d.publish(ctx, `{"num1":3,"num2":4}`)
		m := d.cloud.WaitForMessage(ctx, d.out["numbersRedriveUrl"], nil)
		if !strings.Contains(*m.Body, id) || !strings.Contains(*m.Body, `num1`) {
			d.t.Errorf("the queue does not contain message %s: %s", id, *m.Body)
		}
		// The queue holds only the message; SNS logs the reason.
		topic := strings.Split(d.out["numbersTopicArn"], ":")
		group := "sns/" + strings.Join(topic[3:], "/") + "/Failure"
		why, err := cloudwatchlogs.NewFromConfig(d.cloud.AWSConfig()).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		if err != nil || len(why.Events) != 1 || !strings.Contains(*why.Events[0].Message, id) || !strings.Contains(*why.Events[0].Message, "not authorized to perform: lambda:InvokeFunction") {
			d.t.Errorf("%s: %v, %+v", group, err, why)
		}
		if seen := d.receivedByCLI(ctx, d.out["numbersRedriveUrl"]); !strings.Contains(seen, id) {
			d.t.Errorf("the AWS CLI received %s", seen)
		}
		d.raises(ctx, "numbers-failed")
		d.raises(ctx, "numbers-handle-message-redrive-messages")
	})
}

// up deploys the changes of a stack.
func up(ctx context.Context, t *testing.T, stack *localcloudtest.Stack) {
	t.Helper()
	if _, err := stack.Up(ctx); err != nil {
		t.Fatal(err)
	}
}

// receivedByCLI receives the only message of a queue and returns its body. It
// uses the AWS CLI if there is one on PATH, and the AWS SDK otherwise.
func (d deployed) receivedByCLI(ctx context.Context, queue string) string {
	d.t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		d.t.Log("no AWS CLI on PATH: using the AWS SDK")
		return *d.cloud.WaitForMessage(ctx, queue, nil).Body
	}
	return d.aws("sqs receive-message --queue-url " + queue + " --query 'Messages[0].Body' --output text")
}
