package server

import (
	"context"
	"slices"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/iam"
	"tally/localcloud/scheduler"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// The counts in the status reveal failed messages.
func TestStatusCountsMessages(t *testing.T) {
	s := serve(t, t.TempDir())
	if _, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "failed", DelaySeconds: 900}); err != nil {
		t.Fatal(err)
	}
	none := 0
	entries := []sqs.Entry{{DelaySeconds: &none}, {DelaySeconds: &none}, {}}
	developer := cloud.Caller{ARN: s.place().GlobalARN("iam", "user/developer"), Administrator: true}
	url := s.config.Endpoint() + "/000000000000/failed"
	for _, e := range entries {
		e.Body = "m"
		if _, err := s.services.SQS.Send(t.Context(), developer, url, e); err != nil {
			t.Fatal(err)
		}
	}
	hour := 3600
	if _, err := s.services.SQS.Receive(t.Context(), developer, url, sqs.ReceiveRequest{MaxMessages: 1, VisibilityTimeoutSeconds: &hour}); err != nil {
		t.Fatal(err)
	}
	status, err := control.Find(t.Context(), s.config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	want := control.Resource{Type: "queue", Name: "failed", Detail: "messages: 1 available, 1 in flight, 1 delayed; " + url}
	if len(status.Resources) != 1 || status.Resources[0] != want {
		t.Errorf("resources %+v, want %+v", status.Resources, want)
	}
}

// The status counts the events that a schedule has not delivered.
func TestStatusCountsOwedBySchedule(t *testing.T) {
	s := serve(t, t.TempDir())
	role, err := s.services.IAM.CreateRole(iam.Role{Name: "r", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
	check(t, err)
	target := scheduler.Target{ARN: s.place().ARN("sqs", "missing").String(), RoleARN: s.services.IAM.RoleARN(role).String()}
	_, err = s.services.Scheduler.Create(t.Context(), cloud.Caller{Administrator: true}, scheduler.Schedule{Name: "n", Expression: "rate(1 day)", Target: target})
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	want := []control.Owed{{Type: "schedule", Name: "default/n", Endpoint: target.ARN, Count: 1}}
	for {
		status, err := control.Find(ctx, s.config.Dir)
		check(t, err)
		if slices.Equal(status.Owed, want) {
			return
		}
		if len(status.Owed) > 0 {
			t.Fatalf("%+v, want %+v", status.Owed, want)
		}
	}
}

// The status counts what waits for each subscription and function, and only that.
func TestStatusCountsOwed(t *testing.T) {
	s := serve(t, t.TempDir())
	find := func() []control.Owed {
		status, err := control.Find(t.Context(), s.config.Dir)
		check(t, err)
		return status.Owed
	}
	s.deploy(t, "slow")
	if got := find(); got == nil || len(got) > 0 {
		t.Errorf("at first: %+v", got)
	}
	check(t, s.services.Lambda.Close()) // from now on, events wait
	developer := cloud.Caller{ARN: s.place().GlobalARN("iam", "user/developer"), Administrator: true}
	for range 2 {
		_, err := s.services.Lambda.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: "slow", Payload: []byte("1")})
		check(t, err)
	}
	if got, want := find(), []control.Owed{{Type: "function", Name: "slow", Count: 2}}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}

	got := owed([]sns.Subscription{{ARN: "arn:a", Endpoint: "arn:queue"}, {ARN: "arn:b", Endpoint: "idle"},
		{ARN: "arn:c", Protocol: "https", Endpoint: "https://user:secret@example.com/"}}, map[string]int{"arn:gone": 1, "arn:a": 3, "arn:c": 2}, map[string]int{"f": 1})
	want := []control.Owed{
		{Type: "subscription", Name: "arn:a", Endpoint: "arn:queue", Count: 3}, {Type: "subscription", Name: "arn:c", Endpoint: "https://user:xxxxx@example.com/", Count: 2},
		{Type: "subscription", Name: "arn:gone", Count: 1}, {Type: "function", Name: "f", Count: 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
