package sns_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

const role = "arn:aws:iam::000000000000:role/status"

// logs is a cloud.LogWriter, and the cloud.RoleAssumer whose sessions write to it.
type logs struct {
	refuse  error
	groups  []string
	lines   []string
	callers []cloud.Caller
	open    int // sessions
}

func (l *logs) AssumeRole(_ context.Context, service cloud.Caller, role cloud.ARN, _ string) (cloud.Credentials, error) {
	if l.refuse != nil {
		return cloud.Credentials{}, l.refuse
	}
	l.open++
	return cloud.Credentials{AccessKeyID: "ASIA", Caller: cloud.Caller{UserID: service.Service, ARN: role}}, nil
}

func (l *logs) Revoke(string) { l.open-- }

func (l *logs) WriteLog(_ context.Context, c cloud.Caller, group, _ string, events []cloud.LogEvent) error {
	l.groups, l.callers, l.lines = append(l.groups, group), append(l.callers, c), append(l.lines, events[0].Message)
	return nil
}

// status publishes one message to a target that returns the error refusal, and
// returns the journal.
func status(t *testing.T, f sns.Feedback, l *logs, refusal error) *journal {
	t.Helper()
	journal := &journal{}
	s, err := sns.New(sns.Options{
		Place: place, Authorizer: authorizer(allow), Journal: journal, Logs: l, Roles: l,
		Targets: map[string]sns.Target{"sqs": target(func(sns.Delivery) error { return refusal })},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers", Feedback: map[string]sns.Feedback{"sqs": f}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "sqs", Endpoint: queue}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: "1"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Hour)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return journal
}

func TestDeliveryStatus(t *testing.T) {
	denied := cloud.Errorf(403, "AccessDenied", "no")
	for name, c := range map[string]struct {
		feedback sns.Feedback
		refusal  error
		group    string // "" for none
		delivery map[string]any
		status   string
	}{
		"failure": {sns.Feedback{FailureRoleARN: role}, denied, "sns/us-east-1/000000000000/numbers/Failure",
			map[string]any{"destination": queue, "providerResponse": `{"ErrorCode":"AccessDenied","ErrorMessage":"no"}`, "dwellTimeMs": 0.0, "attempts": 1.0, "statusCode": 403.0}, "FAILURE"},
		"success": {sns.Feedback{SuccessRoleARN: role, SuccessSampleRate: 100}, nil, "sns/us-east-1/000000000000/numbers",
			map[string]any{"destination": queue, "providerResponse": `{}`, "dwellTimeMs": 0.0, "attempts": 1.0, "statusCode": 200.0}, "SUCCESS"},
		"failures are not requested":  {sns.Feedback{SuccessRoleARN: role, SuccessSampleRate: 100}, denied, "", nil, ""},
		"successes are not requested": {sns.Feedback{FailureRoleARN: role}, nil, "", nil, ""},
		"successes are not sampled":   {sns.Feedback{SuccessRoleARN: role}, nil, "", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &logs{}
				status(t, c.feedback, l, c.refusal)
				if c.group == "" {
					if len(l.lines) > 0 {
						t.Errorf("logged %v", l.lines)
					}
					return
				}
				if len(l.lines) != 1 || l.groups[0] != c.group || l.callers[0].UserID != "sns.amazonaws.com" || l.callers[0].ARN.String() != role || l.open != 0 {
					t.Fatalf("logged %+v", l)
				}
				var got struct {
					Notification, Delivery map[string]any
					Status                 string
				}
				if err := json.Unmarshal([]byte(l.lines[0]), &got); err != nil {
					t.Fatal(err)
				}
				delete(got.Delivery, "deliveryId")
				delete(got.Notification, "messageId")
				if diff := cmp.Diff(c.delivery, got.Delivery); diff != "" || got.Status != c.status {
					t.Errorf("%s, delivery (-want +got):\n%s", got.Status, diff)
				}
				want := map[string]any{"messageMD5Sum": "c4ca4238a0b923820dcc509a6f75849b", "topicArn": numbers, "timestamp": "2000-01-01 00:00:00.000"}
				if diff := cmp.Diff(want, got.Notification); diff != "" {
					t.Errorf("notification (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// If SNS may not assume the role, the journal holds a warning.
func TestDeliveryStatusRoleRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &logs{refuse: cloud.Errorf(403, "AccessDenied", "does not trust sns.amazonaws.com")}
		entries := status(t, sns.Feedback{SuccessRoleARN: role, SuccessSampleRate: 100}, l, nil).all()
		if len(entries) != 1 || entries[0].Level != cloud.Warning || len(l.lines) > 0 {
			t.Errorf("journal %v", entries)
		}
	})
}
