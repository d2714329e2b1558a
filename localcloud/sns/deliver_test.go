package sns_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

// seconds returns the waits that AWS documents before each retry. Of the last
// 100,000, which are all 20 s, it returns three.
func seconds() []float64 {
	return []float64{0, 0, 0, 1, 1, 1, 1.395, 1.946, 2.714, 3.786, 5.282, 7.368, 10.278, 14.337, 20, 20, 20}
}

func TestRetriesFollowTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		journal := &journal{}
		s, sub := subscribed(t, allow, journal, target(func(sns.Delivery) error {
			tries = append(tries, time.Now())
			if len(tries) <= len(seconds()) {
				return &cloud.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429}
			}
			return nil
		}))
		id, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		var waits []float64
		for i := range tries[1:] {
			waits = append(waits, tries[i+1].Sub(tries[i]).Seconds())
		}
		if diff := cmp.Diff(seconds(), waits); diff != "" {
			t.Errorf("waits (-want +got):\n%s", diff)
		}
		want := []cloud.Entry{
			{Level: cloud.Warning, Service: "sns", Resource: numbers, Message: "delivery of message " + id + " to " + sub.ARN + " failed and will be retried: TooManyRequestsException: Rate Exceeded."},
			{Level: cloud.Info, Service: "sns", Resource: numbers, Message: "message " + id + " was delivered to " + function + " on attempt 18: {}"},
		}
		if diff := cmp.Diff(want, journal.all()); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
	})
}

// TestHops checks that the journal joins a message with what caused it and what it causes.
func TestHops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := &journal{}
		s, _ := subscribed(t, allow, journal, sns.LambdaTarget(invoker(func(cloud.Invocation) error { return nil })))
		id, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1", TraceHeader: "Root=1-a;Sampled=1"})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var got []string
		for _, e := range journal.entries {
			got = append(got, e.Message)
		}
		want := []string{"received message " + id + " (trace 1-a)", "message " + id + " was delivered to " + function + `: {"lambdaRequestId":"request"} (trace 1-a)`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
	})
}

// After 100,015 retries, which take 23 days, the message is lost.
func TestRetriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		journal := &journal{}
		s, _ := subscribed(t, allow, journal, target(func(sns.Delivery) error {
			tries++
			return errors.New("no response")
		}))
		start := time.Now()
		if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * 24 * time.Hour)
		synctest.Wait()
		entries := journal.all()
		if tries != 1+100_015 || len(entries) != 2 || !strings.HasSuffix(entries[1].Message, "no response") {
			t.Fatalf("%d tries, journal %v", tries, entries)
		}
		if days := time.Since(start).Hours() / 24; days > 24 {
			t.Errorf("took %v days", days)
		}
	})
}

func TestClientSideErrorsAreFinal(t *testing.T) {
	for _, refusal := range []*cloud.Error{
		{Code: "AccessDeniedException", Message: "User: sns.amazonaws.com is not authorized to perform: lambda:InvokeFunction", Status: 403},
		{Code: "ResourceNotFoundException", Message: "Function not found", Status: 404},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			journal := &journal{}
			s, sub := subscribed(t, allow, journal, target(func(sns.Delivery) error { tries++; return refusal }))
			id, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			want := []cloud.Entry{{Level: cloud.Warning, Loss: true, Service: "sns", Resource: numbers,
				Message: "message " + id + " is lost: subscription " + sub.ARN + " could not deliver it to " + function + ": " + refusal.Error()}}
			if diff := cmp.Diff(want, journal.all()); diff != "" || tries != 1 || owed(s) != 0 {
				t.Errorf("%d tries, %d owed, journal (-want +got):\n%s", tries, owed(s), diff)
			}
		})
	}
}

// invoker is a cloud.Invoker; SNS uses only InvokeAsync.
type invoker func(cloud.Invocation) error

func (invoker) Invoke(context.Context, cloud.Invocation) (cloud.Outcome, error) {
	return cloud.Outcome{}, errors.New("SNS must invoke asynchronously")
}

func (f invoker) InvokeAsync(_ context.Context, in cloud.Invocation) (string, error) {
	return "request", f(in)
}

func TestLambdaEvent(t *testing.T) {
	arn, err := cloud.ParseARN(numbers)
	if err != nil {
		t.Fatal(err)
	}
	zeros := strings.Repeat("A", 342) + "==" // 256 bytes
	for name, c := range map[string]struct {
		delivery sns.Delivery
		want     string
	}{
		"plain": {
			sns.Delivery{Body: `a "sum" <&>`},
			`"Subject":null,"Message":"a \"sum\" <&>","Timestamp":"2026-01-02T03:04:05.006Z","SignatureVersion":"1",` +
				`"Signature":"` + zeros + `","SigningCertUrl":"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem",` +
				`"UnsubscribeUrl":"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=` + numbers + `:sub","MessageAttributes":{}}}]}`,
		},
		"subject and attributes": {
			sns.Delivery{Subject: "S", Body: "1", Attributes: map[string]sns.Attribute{
				"number": {DataType: "Number", StringValue: "1"}, "binary": {DataType: "Binary", BinaryValue: []byte{2, 3, 4}},
			}},
			`"Subject":"S","Message":"1","Timestamp":"2026-01-02T03:04:05.006Z","SignatureVersion":"1",` +
				`"Signature":"` + zeros + `","SigningCertUrl":"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem",` +
				`"UnsubscribeUrl":"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=` + numbers + `:sub",` +
				`"MessageAttributes":{"binary":{"Type":"Binary","Value":"AgME"},"number":{"Type":"Number","Value":"1"}}}}]}`,
		},
	} {
		d := c.delivery
		d.Subscription = sns.Subscription{ARN: numbers + ":sub", TopicARN: numbers, Protocol: "lambda", Endpoint: function}
		d.TraceHeader = "Root=1"
		d.MessageID, d.Time = "id", time.Date(2026, 1, 2, 3, 4, 5, 6_700_000, time.UTC)
		const head = `{"Records":[{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"` + numbers + `:sub",` +
			`"Sns":{"Type":"Notification","MessageId":"id","TopicArn":"` + numbers + `",`
		want := cloud.Invocation{
			Caller:   cloud.Caller{Service: "sns.amazonaws.com", SourceARN: arn},
			Function: function,
			Payload:  []byte(head + c.want), TraceHeader: "Root=1",
		}
		refusal := errors.New("refused")
		_, err := sns.LambdaTarget(invoker(func(in cloud.Invocation) error {
			if diff := cmp.Diff(want, in); diff != "" {
				t.Errorf("%s: invocation (-want +got):\n%s", name, diff)
			}
			checkDecodes(t, in.Payload, d)
			return refusal
		})).Deliver(t.Context(), d)
		if err != refusal {
			t.Errorf("%s: error %v, want the invoker's", name, err)
		}
	}
}

// checkDecodes checks that a function can decode the event.
func checkDecodes(t *testing.T, payload []byte, d sns.Delivery) {
	t.Helper()
	var event events.SNSEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		t.Fatal(err)
	}
	r := event.Records[0]
	if r.EventSource != "aws:sns" || r.EventSubscriptionArn != d.Subscription.ARN || r.SNS.MessageID != d.MessageID ||
		r.SNS.TopicArn != d.Subscription.TopicARN || r.SNS.Message != d.Body || r.SNS.Subject != d.Subject ||
		!r.SNS.Timestamp.Equal(d.Time.Truncate(time.Millisecond)) || len(r.SNS.MessageAttributes) != len(d.Attributes) {
		t.Errorf("decoded %+v", r)
	}
}
