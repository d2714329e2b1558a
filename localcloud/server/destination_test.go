package server

import (
	"encoding/json"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// An event that a function fails to handle arrives, with the reason, in the queue
// for failures and, through a topic, in the dead-letter queue. The function's role
// sends both, and the queues' policies require TLS.
func TestFailedEvents(t *testing.T) {
	s := serve(t, t.TempDir())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	place := s.place()
	const tls = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},` +
		`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`
	failures, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "failures", Policy: tls})
	must(err)
	letters, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "letters", Policy: tls})
	must(err)
	topic, err := s.services.SNS.CreateTopic(sns.Topic{Name: "dead"})
	must(err)
	_, err = s.services.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: letters.ARN, RawMessageDelivery: true})
	must(err)

	f := s.deploy(t, "broken")
	c := f.Config
	c.DeadLetterTargetARN = topic.ARN
	config := lambda.EventInvokeConfig{Function: "broken", OnFailure: failures.ARN}
	if _, err := s.services.Lambda.UpdateFunction(c, nil); cloud.ErrorCode(err) != "InvalidParameterValueException" {
		t.Errorf("a dead-letter target that the role may not send to: %v", err)
	}
	if _, err := s.services.Lambda.PutEventInvokeConfig(config); cloud.ErrorCode(err) != "InvalidParameterValueException" {
		t.Errorf("a destination that the role may not send to: %v", err)
	}
	must(s.services.IAM.PutRolePolicy("broken", "destinations", `{"Version":"2012-10-17","Statement":[`+
		`{"Effect":"Deny","Action":["sqs:*","sns:*"],"Resource":"*","Condition":{"Null":{"lambda:SourceFunctionArn":"false"}}},`+ // not the function's code
		`{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"`+failures.ARN+`"},{"Effect":"Allow","Action":"sns:Publish","Resource":"`+topic.ARN+`"}]}`))
	_, err = s.services.Lambda.UpdateFunction(c, nil)
	must(err)
	_, err = s.services.Lambda.PutEventInvokeConfig(config)
	must(err)

	developer := cloud.Caller{ARN: place.GlobalARN("iam", "user/developer"), Administrator: true}
	id, err := s.services.Lambda.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: "broken", Payload: []byte(`{"n":1}`)})
	must(err)
	var record struct {
		RequestContext  struct{ RequestID, Condition string }
		RequestPayload  json.RawMessage
		ResponsePayload struct{ ErrorType string }
	}
	must(json.Unmarshal([]byte(s.receive(t, developer, failures.ARN).Body), &record))
	if record.RequestContext.RequestID != id || record.RequestContext.Condition != "RetriesExhausted" || string(record.RequestPayload) != `{"n":1}` ||
		record.ResponsePayload.ErrorType != "Runtime.InvalidEntrypoint" {
		t.Errorf("%+v", record)
	}
	letter := s.receive(t, developer, letters.ARN)
	if letter.Body != `{"n":1}` || letter.Attributes["RequestID"].StringValue != id || letter.Attributes["ErrorMessage"].StringValue == "" {
		t.Errorf("%+v", letter)
	}
}

// receive waits for a message in the queue.
func (s *Server) receive(t *testing.T, caller cloud.Caller, queueARN string) sqs.Message {
	t.Helper()
	arn, err := cloud.ParseARN(queueARN)
	if err != nil {
		t.Fatal(err)
	}
	wait := 20
	for start := time.Now(); time.Since(start) < time.Minute; {
		got, err := s.services.SQS.Receive(t.Context(), caller, s.services.SQS.URL(arn.Resource), sqs.ReceiveRequest{MaxMessages: 1, WaitSeconds: &wait})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > 0 {
			return got[0]
		}
	}
	t.Fatalf("no message in %s", queueARN)
	return sqs.Message{}
}
