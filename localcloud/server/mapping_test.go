package server

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// A message travels from a topic through a queue to a function that fails, and ends in the
// queue's dead-letter queue. Lambda polls with the function's role, although the function's
// own code may not use the queue.
func TestTopicQueueFunction(t *testing.T) {
	s := serve(t, t.TempDir())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dead, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "dead"})
	must(err)
	work, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 3,
		RedrivePolicy: `{"deadLetterTargetArn":"` + dead.ARN + `","maxReceiveCount":1}`,
		Policy:        `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}}`})
	must(err)
	topic, err := s.services.SNS.CreateTopic(sns.Topic{Name: "numbers"})
	must(err)
	_, err = s.services.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: work.ARN, RawMessageDelivery: true})
	must(err)
	f := s.deploy(t, "broken")
	mapping := lambda.EventSourceMapping{EventSourceARN: work.ARN, Function: f.ARN, BatchSize: 10}
	if _, err := s.services.Lambda.CreateEventSourceMapping(mapping); cloud.ErrorCode(err) != "InvalidParameterValueException" {
		t.Errorf("a queue that the role may not receive from: %v", err)
	}
	must(s.services.IAM.PutRolePolicy("broken", "queue", `{"Version":"2012-10-17","Statement":[`+
		`{"Effect":"Deny","Action":"sqs:*","Resource":"*","Condition":{"Null":{"lambda:SourceFunctionArn":"false"}}},`+ // not the function's code
		`{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],"Resource":"`+work.ARN+`"}]}`))
	_, err = s.services.Lambda.CreateEventSourceMapping(mapping)
	must(err)

	developer := cloud.Caller{ARN: s.place().GlobalARN("iam", "user/developer"), Administrator: true}
	start := time.Now()
	ctx, step := cloud.BeginStep(t.Context(), cloud.Step{Kind: cloud.StepCall, Name: "publish"})
	_, err = s.services.SNS.Publish(ctx, developer, topic.ARN, sns.Message{Body: "hello"})
	must(err)
	step.End(s.journal, nil)
	got := s.receive(t, developer, dead.ARN)
	if took := time.Since(start); got.Body != "hello" || got.System["DeadLetterQueueSourceArn"] != work.ARN || got.System["ApproximateReceiveCount"] != "2" || took < 3*time.Second {
		t.Errorf("after %v: %+v", took, got)
	}
	// All of that is one trace, which no client sees because the publisher has sent none.
	var trace struct {
		Steps []struct{ Kind, From, To string }
	}
	must(control.Query(t.Context(), s.Config(), "traces/"+cloud.StepTrace(ctx), &trace))
	var steps []string
	for _, s := range trace.Steps {
		steps = append(steps, strings.ReplaceAll(s.Kind+" "+s.From+" "+s.To, "arn:aws:", ""))
	}
	place := ":us-east-1:" + Account + ":"
	wantSteps := []string{"call client sns" + place + "numbers", "delivery sns" + place + "numbers sqs" + place + "work", "run sqs" + place + "work lambda" + place + "function:broken"}
	if _, traced := got.System["AWSTraceHeader"]; !slices.Equal(steps, wantSteps) || traced {
		t.Errorf("steps %q, want %q; the message has %v", steps, wantSteps, got.System)
	}

	status, err := control.Find(t.Context(), s.config.Dir)
	must(err)
	want := control.Resource{Type: "queue", Name: "work", Detail: "messages: 0 available, 0 in flight, 0 delayed; " + s.config.Endpoint() + "/000000000000/work to " + f.ARN}
	if last := status.Resources[len(status.Resources)-1]; last != want {
		t.Errorf("%+v, want %+v", last, want)
	}
}
