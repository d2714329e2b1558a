package sns_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

const (
	queue      = "arn:aws:sqs:us-east-1:000000000000:sums"
	deadLetter = "arn:aws:sqs:us-east-1:000000000000:dead"
	redrive    = `{"deadLetterTargetArn":"` + deadLetter + `"}`
)

// sent is a message that a fake queue received.
type sent struct {
	Caller  cloud.Caller
	Queue   string
	Message cloud.QueueMessage
}

// queues is a cloud.Sender that collects or refuses messages.
type queues struct {
	mu     sync.Mutex
	got    []sent
	refuse map[string]error
}

func (q *queues) SendMessage(_ context.Context, c cloud.Caller, queue string, m cloud.QueueMessage) (string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.got = append(q.got, sent{c, queue, m})
	return "sqs-id", q.refuse[queue]
}

// delivered publishes a message to one subscription and returns the journal. The
// target tg serves the protocol "lambda"; q collects what is sent to queues in the given
// time.
func delivered(t *testing.T, sub sns.Subscription, m sns.Message, tg sns.Target, q *queues, wait time.Duration) []cloud.Entry {
	t.Helper()
	journal := &journal{}
	s, err := sns.New(sns.Options{
		Place: place, Authorizer: authorizer(allow), Journal: journal, Queues: q,
		Targets: map[string]sns.Target{"lambda": tg, "sqs": sns.SQSTarget(q)},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
		t.Fatal(err)
	}
	sub.TopicARN = numbers
	if sub, err = s.Subscribe(sub); err != nil {
		t.Fatal(err)
	}
	id, err := s.Publish(t.Context(), developer(), numbers, m)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(wait)
	synctest.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Replace random names with fixed ones.
	names := strings.NewReplacer(sub.ARN, "SUB", id, "ID")
	for i := range q.got {
		q.got[i].Message.Body = names.Replace(q.got[i].Message.Body)
	}
	entries := journal.all()
	for i := range entries {
		entries[i].Message = names.Replace(entries[i].Message)
	}
	return entries
}

var topicCaller = cloud.Caller{Service: "sns.amazonaws.com", SourceARN: place.ARN("sns", "numbers")}

func warning(message string) []cloud.Entry {
	return []cloud.Entry{{Level: cloud.Warning, Service: "sns", Resource: numbers, Message: message}}
}

func loss(message string) []cloud.Entry {
	entries := warning(message)
	entries[0].Loss = true
	return entries
}

// envelope returns the JSON envelope of a message at the start of synctest's clock.
func envelope(attributes string) string {
	return `{"Type":"Notification","MessageId":"ID","TopicArn":"` + numbers + `","Message":"a <b>","Timestamp":"2000-01-01T00:00:00.000Z",` +
		`"SignatureVersion":"1","Signature":"` + strings.Repeat("A", 342) + `==",` +
		`"SigningCertURL":"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem",` +
		`"UnsubscribeURL":"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=SUB"` + attributes + `}`
}

// A message that a function or a queue refuses goes to the dead-letter queue of the
// subscription. The topic sends it, in the form that queues receive.
func TestRedrive(t *testing.T) {
	gone := cloud.Errorf(404, "ResourceNotFoundException", "Function not found")
	noQueue := cloud.Errorf(400, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
	attributes := map[string]sns.Attribute{"n": {DataType: "Number", StringValue: "1"}}
	raw := map[string]cloud.MessageAttribute{"n": {DataType: "Number", StringValue: "1"}}
	const enveloped = `,"MessageAttributes":{"n":{"Type":"Number","Value":"1"}}`
	for name, c := range map[string]struct {
		sub     sns.Subscription
		refuse  map[string]error
		queues  []sent
		journal []cloud.Entry
	}{
		"function gone": {
			sns.Subscription{Protocol: "lambda", Endpoint: function, RedrivePolicy: redrive}, nil,
			[]sent{{topicCaller, deadLetter, cloud.QueueMessage{Body: envelope(enveloped), TraceHeader: "Root=1"}}},
			warning("message ID is in the dead-letter queue " + deadLetter + ": subscription SUB could not deliver it to " + function + ": " + gone.Error()),
		},
		"queue gone, raw": {
			sns.Subscription{Protocol: "sqs", Endpoint: queue, RedrivePolicy: redrive, RawMessageDelivery: true}, map[string]error{queue: noQueue},
			[]sent{{topicCaller, queue, cloud.QueueMessage{Body: "a <b>", Attributes: raw, GroupID: "g", TraceHeader: "Root=1"}}, {topicCaller, deadLetter, cloud.QueueMessage{Body: "a <b>", Attributes: raw, GroupID: "g", TraceHeader: "Root=1"}}},
			warning("message ID is in the dead-letter queue " + deadLetter + ": subscription SUB could not deliver it to " + queue + ": " + noQueue.Error()),
		},
		"both gone": {
			sns.Subscription{Protocol: "lambda", Endpoint: function, RedrivePolicy: redrive}, map[string]error{deadLetter: noQueue},
			[]sent{{topicCaller, deadLetter, cloud.QueueMessage{Body: envelope(enveloped), TraceHeader: "Root=1"}}},
			loss("message ID is lost: subscription SUB could not deliver it to " + function + ": " + gone.Error() +
				"; its dead-letter queue " + deadLetter + " refused it: " + noQueue.Error()),
		},
		"accepted": {
			sns.Subscription{Protocol: "sqs", Endpoint: queue, RedrivePolicy: redrive}, nil,
			[]sent{{topicCaller, queue, cloud.QueueMessage{Body: envelope(enveloped), GroupID: "g", TraceHeader: "Root=1"}}}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &queues{refuse: c.refuse}
				entries := delivered(t, c.sub, sns.Message{Body: "a <b>", Attributes: attributes, GroupID: "g", TraceHeader: "Root=1"}, target(func(sns.Delivery) error { return gone }), q, 0)
				if diff := cmp.Diff(c.queues, q.got); diff != "" {
					t.Errorf("queues (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.journal, entries); diff != "" {
					t.Errorf("journal (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A message that the dead-letter queue cannot take at the moment waits for it.
func TestRedriveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := cloud.Errorf(404, "ResourceNotFoundException", "Function not found")
		q := &queues{refuse: map[string]error{deadLetter: errors.New("the disk is full")}}
		go func() {
			time.Sleep(50 * time.Second)
			q.mu.Lock()
			defer q.mu.Unlock()
			q.refuse = nil
		}()
		sub := sns.Subscription{Protocol: "lambda", Endpoint: function, RedrivePolicy: redrive}
		entries := delivered(t, sub, sns.Message{Body: "a <b>"}, target(func(sns.Delivery) error { return gone }), q, 2*time.Minute)
		last := entries[len(entries)-1]
		if len(q.got) != 4 || !strings.HasPrefix(last.Message, "message ID is in the dead-letter queue ") {
			t.Errorf("sent %d times, journal %v", len(q.got), entries)
		}
	})
}

func TestFilterPolicyOfASubscription(t *testing.T) {
	attributes := func(kind, value string) sns.Message {
		return sns.Message{Body: "1", Attributes: attribute(kind, value)}
	}
	for _, c := range []struct {
		policy, scope string
		message       sns.Message
		want          bool
	}{
		{`{"a":["v"]}`, "", attributes("String", "v"), true},
		{`{"a":["v"]}`, "", attributes("String.label", "v"), true},
		{`{"a":["v"]}`, "", attributes("String", "w"), false},
		{`{"a":["v"]}`, "", sns.Message{Body: `{"a":"v"}`}, false},
		{`{"a":[1]}`, "", attributes("Number", "1.0"), true},
		{`{"a":[1]}`, "", attributes("Number.int", "1"), true},
		{`{"a":[1]}`, "", attributes("String", "1"), false},
		{`{"a":["v",true]}`, "", attributes("String.Array", `["u", "v"]`), true},
		{`{"a":["v"]}`, "", attributes("String.Array", `["u"]`), false},
		{`{"a":[{"exists":false}]}`, "", attributes("String.Array", `[`), true},
		{`{"a":[{"exists":false}]}`, "", sns.Message{Body: "1", Attributes: map[string]sns.Attribute{"a": {DataType: "Binary", BinaryValue: []byte{1}}}}, true},
		{`{"a":{"b":["v"]}}`, "MessageBody", sns.Message{Body: `{"a":{"b":"v"}}`}, true},
		{`{"a":{"b":["v"]}}`, "MessageBody", sns.Message{Body: `{"a":"v"}`}, false},
		{`{"a":["v"]}`, "MessageBody", sns.Message{Body: "text"}, false},
		{`{"a":["v"]}`, "MessageBody", sns.Message{Body: `{"default":"{}","sqs":"{\"a\":\"v\"}"}`, Structure: "json"}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			q := &queues{}
			sub := sns.Subscription{Protocol: "sqs", Endpoint: queue, FilterPolicy: c.policy, FilterPolicyScope: c.scope}
			entries := delivered(t, sub, c.message, nil, q, 0)
			if got := len(q.got) == 1; got != c.want {
				t.Errorf("%s of %s, %v: delivered %v", c.policy, c.message.Body, c.message.Attributes, got)
			}
			if noted := len(entries) == 1 && entries[0].Message == "message ID does not match the filter policy of SUB"; noted == c.want {
				t.Errorf("journal %v", entries)
			}
		})
	}
}

func TestSubscriptionAttributes(t *testing.T) {
	s, sub := subscribed(t, allow, &journal{}, target(discard))
	const attributes = "Invalid parameter: Attributes Reason: "
	for change, want := range map[sns.Subscription]string{
		{FilterPolicy: "{"}:                                 attributes + "FilterPolicy: failed to parse JSON.",
		{FilterPolicy: `{"a":{"b":[1]}}`}:                   attributes + "FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy",
		{FilterPolicy: `{"a":[1]}`, FilterPolicyScope: "x"}: attributes + "FilterPolicyScope: Invalid value [x]. Please use either MessageBody or MessageAttributes",
		{RedrivePolicy: "{"}:                                attributes + "RedrivePolicy: failed to parse JSON.",
		{RedrivePolicy: `{"deadLetterTargetArn":"q"}`}:      attributes + "RedrivePolicy: deadLetterTargetArn is an invalid arn",
		{RawMessageDelivery: true}:                          attributes + "RawMessageDelivery: Delivery protocol [lambda] does not support raw message delivery.",
		{RedrivePolicy: redrive}:                            attributes + "Subscription already exists with different attributes",
	} {
		changed := change
		changed.TopicARN, changed.Protocol, changed.Endpoint = numbers, "lambda", function
		_, err := s.Subscribe(changed)
		wantError(t, fmt.Sprint(change), err, 400, "InvalidParameter", want)
		if change.ARN = sub.ARN; change.RedrivePolicy == redrive {
			continue
		}
		_, err = s.UpdateSubscription(change)
		wantError(t, fmt.Sprint(change), err, 400, "InvalidParameter", strings.Replace(want, "Attributes Reason: ", "", 1))
	}
	want := sub
	want.RedrivePolicy, want.FilterPolicyScope, want.FilterPolicy = redrive, "MessageBody", `{"a":{"b":[1]}}`
	if got, err := s.UpdateSubscription(want); err != nil || got != want {
		t.Errorf("%v, %+v", err, got)
	}
	_, err := s.UpdateSubscription(sns.Subscription{ARN: "x"})
	wantError(t, "unknown", err, 404, "NotFound", "Subscription does not exist")
}

// Subscriptions of email addresses exist, but receive nothing. What AWS would send to them
// is kept, apart from what their filter policies reject.
func TestNoEmailIsSent(t *testing.T) {
	journal := &journal{}
	s := open(t, nil, allow, journal, target(discard))
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
		t.Fatal(err)
	}
	for protocol, policy := range map[string]string{"email": `{"NewStateValue":["ALARM"]}`, "email-json": ""} {
		sub, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: protocol, Endpoint: protocol + "@example.com", FilterPolicy: policy, FilterPolicyScope: "MessageBody"})
		if err != nil || !sub.PendingConfirmation {
			t.Errorf("%s: %v %+v", protocol, err, sub)
		}
	}
	for _, m := range []sns.Message{{Body: `{"NewStateValue":"OK"}`, Subject: "fine"}, {Body: `{"NewStateValue":"ALARM"}`}} {
		if _, err := s.Publish(t.Context(), developer(), numbers, m); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, m := range s.Emails() {
		got = append(got, m.To+" "+m.Subject)
	}
	slices.Sort(got)
	want := []string{"email-json@example.com AWS Notification Message", "email-json@example.com fine", "email@example.com AWS Notification Message"}
	if !slices.Equal(got, want) {
		t.Errorf("emails %q, want %q", got, want)
	}
	if entries := journal.all(); len(entries) != 5 || !strings.Contains(entries[0].Message, "sends no email to ") || !strings.HasPrefix(entries[4].Message, "AWS would send an email to ") {
		t.Errorf("journal %v", entries)
	}
}

// Old emails are forgotten, so that memory is bounded.
func TestEmailsAreBounded(t *testing.T) {
	s := open(t, nil, allow, &journal{}, target(discard))
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "email", Endpoint: "a@example.com"}); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Subject: fmt.Sprint(i), Body: strings.Repeat("x", 200_000)}); err != nil {
			t.Fatal(err)
		}
	}
	if all := s.Emails(); len(all) != 5 || all[0].Subject != "5" {
		t.Errorf("%d emails, want the last 5", len(all))
	}
}
