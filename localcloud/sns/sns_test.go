package sns_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
	"tally/localcloud/store"
)

const (
	numbers  = "arn:aws:sns:us-east-1:000000000000:numbers"
	function = "arn:aws:lambda:us-east-1:000000000000:function:handle-message"
)

var place = cloud.Place{Region: "us-east-1", Account: "000000000000"}

func developer() cloud.Caller {
	return cloud.Caller{ARN: cloud.Place{Account: "000000000000"}.GlobalARN("iam", "user/developer"), Administrator: true}
}

type authorizer func(cloud.Request) error

func (a authorizer) Authorize(_ context.Context, r cloud.Request) error { return a(r) }

func allow(cloud.Request) error { return nil }

type target func(sns.Delivery) error

func (t target) Deliver(_ context.Context, d sns.Delivery) (sns.Receipt, error) {
	return sns.Receipt{Response: "{}", Status: 200}, t(d)
}

func discard(sns.Delivery) error { return nil }

// journal is a cloud.Journal whose entries a test can read.
type journal struct {
	mu      sync.Mutex
	entries []cloud.Entry
}

func (j *journal) Append(e cloud.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
}

// all returns the entries, except those of each message that is delivered at once.
func (j *journal) all() []cloud.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []cloud.Entry
	for _, e := range j.entries {
		if !strings.HasPrefix(e.Message, "received message ") && (!strings.Contains(e.Message, " was delivered to ") || strings.Contains(e.Message, " on attempt ")) {
			all = append(all, e)
		}
	}
	return all
}

// open returns a service with the target tg for the protocol "lambda".
func open(t *testing.T, st *store.Store, a authorizer, j cloud.Journal, tg sns.Target) *sns.Service {
	t.Helper()
	s, err := sns.New(sns.Options{
		Place: place, Store: st, Authorizer: a, Journal: j, Targets: map[string]sns.Target{"lambda": tg},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Start()
	return s
}

// subscribed returns a service with the topic numbers and one subscription to it.
func subscribed(t *testing.T, a authorizer, j cloud.Journal, tg sns.Target) (*sns.Service, sns.Subscription) {
	t.Helper()
	s := open(t, nil, a, j, tg)
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
		t.Fatal(err)
	}
	sub, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function})
	if err != nil {
		t.Fatal(err)
	}
	return s, sub
}

func wantError(t *testing.T, what string, err error, status int, code, message string) {
	t.Helper()
	want := &cloud.Error{Code: code, Message: message, Status: status}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestTopicAndSubscriptionSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, st, allow, &journal{}, target(discard))
	topic, err := s.CreateTopic(sns.Topic{Name: "numbers", DisplayName: "Numbers", Tags: map[string]string{"k": "v"}})
	if err != nil {
		t.Fatal(err)
	}
	topic.DisplayName, topic.Policy = "Sums", `{"Version":"2012-10-17"}`
	if topic, err = s.UpdateTopic(topic); err != nil {
		t.Fatal(err)
	}
	sub, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	if st, err = store.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s = open(t, st, allow, &journal{}, target(discard))
	got, err := s.Topic(numbers)
	if diff := cmp.Diff(topic, got); diff != "" || err != nil {
		t.Errorf("%v, topic (-before +after):\n%s", err, diff)
	}
	if diff := cmp.Diff([]sns.Subscription{sub}, s.Subscriptions()); diff != "" {
		t.Errorf("subscriptions (-before +after):\n%s", diff)
	}

	for range 2 { // deleting is idempotent, and deletes the subscriptions, too
		if err := s.DeleteTopic(numbers); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.Topics()) != 0 || len(s.Subscriptions()) != 0 {
		t.Errorf("remaining: %v, %v", s.Topics(), s.Subscriptions())
	}
}

func TestTopicErrors(t *testing.T) {
	s := open(t, nil, allow, &journal{}, target(discard))
	create := func(topic sns.Topic) error { _, err := s.CreateTopic(topic); return err }
	if err := create(sns.Topic{Name: "numbers"}); err != nil {
		t.Fatal(err)
	}
	get := func(arn string) error { _, err := s.Topic(arn); return err }
	update := func(topic sns.Topic) error { _, err := s.UpdateTopic(topic); return err }
	const bad = "Invalid parameter: "
	for what, c := range map[string]struct {
		err           error
		status        int
		code, message string
	}{
		"taken": {create(sns.Topic{Name: "numbers"}), 400, "InvalidParameter",
			bad + "Topic Name Reason: topic " + numbers + " already exists; choose another name, or import it"},
		"no name":  {create(sns.Topic{}), 400, "InvalidParameter", bad + "Topic Name"},
		"bad name": {create(sns.Topic{Name: "a.b"}), 400, "InvalidParameter", bad + "Topic Name"},
		"long":     {create(sns.Topic{Name: strings.Repeat("a", 257)}), 400, "InvalidParameter", bad + "Topic Name"},
		"fifo": {create(sns.Topic{Name: "a.fifo"}), 400, "InvalidParameter",
			bad + "Topic Name Reason: FIFO topics are not emulated; use a standard topic instead of a.fifo"},
		"display name": {create(sns.Topic{Name: "a", DisplayName: strings.Repeat("ä", 101)}), 400, "InvalidParameter",
			bad + "Attributes Reason: Display name must be less than or equal to 100 characters"},
		"policy": {create(sns.Topic{Name: "a", Policy: "{"}), 400, "InvalidParameter",
			bad + "Attributes Reason: Policy: failed to parse JSON."},
		"unknown":         {get(numbers + "2"), 404, "NotFound", "Topic does not exist"},
		"update unknown":  {update(sns.Topic{ARN: numbers + "2"}), 404, "NotFound", "Topic does not exist"},
		"no ARN":          {get("numbers"), 400, "InvalidParameter", bad + "TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		"another region":  {get("arn:aws:sns:eu-west-1:000000000000:numbers"), 400, "InvalidParameter", bad + "TopicArn"},
		"another service": {s.DeleteTopic("arn:aws:sqs:us-east-1:000000000000:numbers"), 400, "InvalidParameter", bad + "TopicArn"},
	} {
		wantError(t, what, c.err, c.status, c.code, c.message)
	}
}

// The default policy equals that of AWS, except for the order of its members.
func TestDefaultPolicy(t *testing.T) {
	s := open(t, nil, allow, &journal{}, target(discard))
	topic, err := s.CreateTopic(sns.Topic{Name: "numbers"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Id":"__default_policy_ID","Statement":[{` +
		`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],` +
		`"Condition":{"StringEquals":{"AWS:SourceOwner":"000000000000"}},"Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Resource":"` + numbers + `","Sid":"__default_statement_ID"}],"Version":"2008-10-17"}`
	if topic.Policy != want {
		t.Errorf("got  %s\nwant %s", topic.Policy, want)
	}
}

func TestSubscribe(t *testing.T) {
	s, first := subscribed(t, allow, &journal{}, sns.LambdaTarget(nil))
	if id, ok := strings.CutPrefix(first.ARN, numbers+":"); !ok || len(id) != 36 {
		t.Errorf("ARN %s", first.ARN)
	}
	again, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function})
	if err != nil || again != first {
		t.Errorf("subscribed again: %v, %v, want the existing %v", again, err, first)
	}
	other, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function + ":live"})
	if err != nil || other.ARN == first.ARN {
		t.Errorf("another endpoint: %v, %v", other, err)
	}
	for range 2 { // idempotent
		if err := s.Unsubscribe(first.ARN); err != nil {
			t.Error(err)
		}
	}
	_, err = s.Subscription(first.ARN)
	wantError(t, "after Unsubscribe", err, 404, "NotFound", "Subscription does not exist")
	if got, err := s.Subscription(other.ARN); err != nil || got != other {
		t.Errorf("the other: %v, %v", got, err)
	}

	for _, c := range []struct {
		topic, protocol, endpoint string
		status                    int
		code, message             string
	}{
		{numbers + "2", "lambda", function, 404, "NotFound", "Topic does not exist"},
		{"x:y", "lambda", function, 400, "InvalidParameter", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 2"},
		{numbers, "sms", "+1", 400, "InvalidParameter",
			"Invalid parameter: Amazon SNS does not support this protocol string: sms (emulated here: http, https, lambda, sqs; recorded: email, email-json)"},
		{numbers, "https", "http://example.com/", 400, "InvalidParameter", "Invalid parameter: Endpoint must match the specified protocol"},
		{numbers, "email", "somebody", 400, "InvalidParameter", "Invalid parameter: Email address"},
		{numbers, "lambda", "handle-message", 400, "InvalidParameter", "Invalid parameter: Lambda endpoint ARN"},
		{numbers, "lambda", numbers, 400, "InvalidParameter", "Invalid parameter: Lambda endpoint ARN"},
	} {
		_, err := s.Subscribe(sns.Subscription{TopicARN: c.topic, Protocol: c.protocol, Endpoint: c.endpoint})
		wantError(t, c.protocol+" "+c.endpoint, err, c.status, c.code, c.message)
	}
}

func TestPublishAfterClose(t *testing.T) {
	s, _ := subscribed(t, allow, &journal{}, target(func(d sns.Delivery) error {
		t.Errorf("delivered %v", d)
		return nil
	}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"})
	wantError(t, "publish", err, 503, "ServiceUnavailable", "The local cloud is stopping.")
	if err := s.Close(); err != nil { // would wait for a delivery
		t.Error(err)
	}
}

// slowJournal takes time for every entry, and signals the first one.
type slowJournal struct {
	once  sync.Once
	first chan struct{}
}

func (j *slowJournal) Append(cloud.Entry) {
	j.once.Do(func() { close(j.first) })
	time.Sleep(2 * time.Millisecond)
}

// A service that closes either refuses a batch or publishes all of it.
func TestPublishBatchDuringClose(t *testing.T) {
	j := &slowJournal{first: make(chan struct{})}
	s, sub := subscribed(t, allow, j, target(discard))
	sub.FilterPolicy = `{"a":["b"]}` // so that each message causes an entry in the journal
	if _, err := s.UpdateSubscription(sub); err != nil {
		t.Fatal(err)
	}
	var closing sync.WaitGroup
	closing.Go(func() {
		<-j.first
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var entries []sns.BatchEntry
	for n := range 10 {
		entries = append(entries, sns.BatchEntry{ID: strconv.Itoa(n), Message: sns.Message{Body: "1"}})
	}
	if _, err := s.PublishBatch(t.Context(), developer(), numbers, entries); err != nil {
		t.Errorf("some messages were published, but PublishBatch failed: %v", err)
	}
	closing.Wait()
}
