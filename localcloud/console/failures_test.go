package console_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/console"
	"tally/localcloud/iam"
	"tally/localcloud/sqs"
)

// TestFailures decodes what failure queues contain.
func TestFailures(t *testing.T) {
	w := open(t)
	dead, err := w.SQS.CreateQueue(sqs.Queue{Name: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.SQS.CreateQueue(sqs.Queue{Name: "work", RedrivePolicy: `{"deadLetterTargetArn":"` + dead.ARN + `","maxReceiveCount":1}`}); err != nil {
		t.Fatal(err)
	}
	developer, err := w.IAM.Credentials(iam.DeveloperKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) cloud.MessageAttribute {
		return cloud.MessageAttribute{DataType: "String", StringValue: s}
	}
	for _, m := range []cloud.QueueMessage{
		{Body: `{"requestContext":{"functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST","condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload":{"Records":[{"Sns":{"Message":"m"}}]},"responsePayload":{"errorMessage":"no","errorType":"E"}}`},
		{Body: `{"n":1}`, Attributes: map[string]cloud.MessageAttribute{"TARGET_ARN": text("arn:aws:lambda:us-east-1:000000000000:function:f"), "SCHEDULE_ARN": text("s"), "ERROR_CODE": text("C"), "ERROR_MESSAGE": text("M"), "RETRY_ATTEMPTS": text("2")}},
		{Body: `{"Type":"Notification","MessageId":"1","Message":"m","UnsubscribeURL":"https://sns/?SubscriptionArn=gone"}`},
		{Body: `{"Type":"Notification","MessageId":"1","Message":"m","UnsubscribeURL":"https://sns/"}`},
		{Body: `anything`},
	} {
		if _, err := w.SQS.SendMessage(t.Context(), developer.Caller, dead.ARN, m); err != nil {
			t.Fatal(err)
		}
	}
	type message struct {
		Condition, Reason, Payload, Function, Undecoded string
		Attempts                                        int
	}
	queues := get[[]struct {
		Name     string
		Total    int
		Messages []message
	}](t, w, "GET", "failures", "")
	if len(queues) != 1 || queues[0].Name != "dead" || queues[0].Total != 5 {
		t.Fatalf("queues %+v", queues)
	}
	const f = "arn:aws:lambda:us-east-1:000000000000:function:f"
	unknown := func(body, why string) message {
		return message{Condition: "Unknown", Payload: body, Undecoded: "the body is neither a record of Lambda nor an event of a schedule, and " + why}
	}
	want := []message{
		{"RetriesExhausted", "no", "m", f, "", 3},
		{"Undelivered", "C: M", `{"n":1}`, f, "", 3},
		{Condition: "Undelivered", Payload: "m"},
		unknown(`{"Type":"Notification","MessageId":"1","Message":"m","UnsubscribeURL":"https://sns/"}`, "its UnsubscribeURL does not contain the SubscriptionArn"),
		unknown("anything", "it is not a notification of SNS"),
	}
	if diff := cmp.Diff(want, queues[0].Messages); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	all := get[struct {
		Succeeded int
		Failed    []string
	}](t, w, "POST", "failures/dead/runs", "")
	if all.Succeeded != 0 || len(all.Failed) != 5 {
		t.Errorf("without the function, run all: %+v", all)
	}
	if n, err := w.SQS.Count(dead.URL); err != nil || n.Available != 5 {
		t.Errorf("after that, the queue holds %+v, %v", n, err)
	}
	number := get[[]struct{ Messages []struct{ Number string } }](t, w, "GET", "failures", "")[0].Messages[0].Number
	get[struct{}](t, w, "DELETE", "failures/dead/"+number, "")
	if n, err := w.SQS.Count(dead.URL); err != nil || n.Available != 4 {
		t.Errorf("after the deletion, the queue holds %+v, %v", n, err)
	}
	res := httptest.NewRecorder()
	w.API().ServeHTTP(res, httptest.NewRequest("DELETE", console.APIPrefix+"failures/work/1", nil))
	if res.Code != http.StatusNotFound {
		t.Errorf("a message of a queue for no failures: %d", res.Code)
	}
}
