package sqs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

func TestChecks(t *testing.T) {
	const role = "arn:aws:iam::000000000000:role/r"
	const bad, attribute = "InvalidParameterValue: ", "InvalidAttributeValue: Invalid value for the parameter "
	for _, c := range []struct {
		err  error
		want string // "" for none
	}{
		{sqs.CheckName(strings.Repeat("a", 80)), ""},
		{sqs.CheckName("bad name!"), bad + "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
		{sqs.CheckURL(work), ""},
		{sqs.CheckURL("work"), "InvalidAddress: The address work is not valid for this endpoint."},
		{sqs.CheckVisibilityTimeout(43200), ""},
		{sqs.CheckVisibilityTimeout(43201), attribute + "VisibilityTimeout. Reason: Must be from 0 to 43200, not 43201."},
		{sqs.CheckMessageRetentionPeriod(60), ""},
		{sqs.CheckMessageRetentionPeriod(1209601), attribute + "MessageRetentionPeriod. Reason: Must be from 60 to 1209600, not 1209601."},
		{sqs.CheckDelaySeconds(900), ""},
		{sqs.CheckDelaySeconds(-1), attribute + "DelaySeconds. Reason: Must be from 0 to 900, not -1."},
		{sqs.CheckMaximumMessageSize(1 << 20), ""},
		{sqs.CheckMaximumMessageSize(1023), attribute + "MaximumMessageSize. Reason: Must be from 1024 to 1048576, not 1023."},
		{sqs.CheckReceiveMessageWaitTime(20), ""},
		{sqs.CheckReceiveMessageWaitTime(21), attribute + "ReceiveMessageWaitTimeSeconds. Reason: Must be from 0 to 20, not 21."},
		{sqs.CheckKMSDataKeyReusePeriod(86400), ""},
		{sqs.CheckKMSDataKeyReusePeriod(59), attribute + "KmsDataKeyReusePeriodSeconds. Reason: Must be from 60 to 86400, not 59."},
		{sqs.CheckKMSMasterKeyID("alias/aws/sqs"), ""},
		{sqs.CheckKMSMasterKeyID(role), attribute + "KmsMasterKeyId. Reason: " + role + " is not a key of AWS KMS."},
		{sqs.CheckPolicy(""), ""},
		{sqs.CheckPolicy(`{"Statement":{"Action":"sqs:*"}}`), ""},
		{sqs.CheckPolicy(`{"Statement":[{"Action":"SQS:SendMessage"},{"Action":["sqs:*","sns:Publish"]}]}`),
			"InvalidAttributeValue: Invalid value for the parameter Policy. (Statement[1].Action: sns:Publish is not an action of SQS)"},
		{sqs.CheckPolicy(`{"Statement":[` + strings.Repeat(`{"Action":["sqs:a","sqs:b","sqs:c","sqs:d","sqs:e","sqs:f","*"]},`, 19) + `{}]}`), ""},
		{sqs.CheckPolicy(`{"Statement":[` + strings.Repeat(`{},`, 20) + `{}]}`), "OverLimit: 21 statements were found in the submitted policy, max allowed is 20"},
		{sqs.CheckPolicy(`{"Statement":{"Action":["a","b","c","d","e","f","g","h"]}}`), "OverLimit: 8 actions were found in a statement from the submitted policy, max allowed is 7"},
		{sqs.CheckPolicy(`{"Statement":{"Principal":{"AWS":["1"` + strings.Repeat(`,"1"`, 49) + `],"Service":"s"}}}`), "OverLimit: 51 principals were found in a statement from the submitted policy, max allowed is 50"},
		{sqs.CheckPolicy(`{"Statement":{"Condition":{"Bool":{"a:0":1,"a:1":1,"a:2":1,"a:3":1,"a:4":1},"Null":{"a:0":1,"a:1":1,"a:2":1,"a:3":1,"a:4":1,"a:5":1}}}}`),
			"OverLimit: 11 conditions were found in a statement from the submitted policy, max allowed is 10"},
		{sqs.CheckPolicy(`"` + strings.Repeat("x", 8191) + `"`), "OverLimit: Submitted policy is over max allowed size."},
		{sqs.CheckTags(map[string]string{"k": "v"}), ""},
		{sqs.CheckTags(map[string]string{"aws:k": "v"}), bad + `One or more parameters are invalid. Reason: the tag key "aws:k" begins with aws:, which is reserved for AWS`},
	} {
		if c.want == "" {
			if c.err != nil {
				t.Errorf("refused: %v", c.err)
			}
			continue
		}
		wantError(t, c.err, c.want)
	}
}

// Stored queues have their policies parsed when a service opens them.
func TestRedrivePoliciesSurviveARestart(t *testing.T) {
	st := store.InMemory()
	s := newService(t, st)
	must(s.CreateQueue(sqs.Queue{Name: "dead", RedriveAllowPolicy: allowWork}))(t)
	must(s.CreateQueue(sqs.Queue{Name: "work", RedrivePolicy: toDeadTwo}))(t)
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, st)
		send(t, s, work, "m")
		for range 2 {
			receive(t, s, work, 0)
			time.Sleep(time.Minute)
		}
		receive(t, s, work, 0)
		wantCounts(t, s, work, sqs.Counts{})
		wantCounts(t, s, dead, sqs.Counts{Available: 1})
	})
}

// BenchmarkReceive receives ten messages at a time from a queue with a redrive
// policy, and makes them available again at once.
func BenchmarkReceive(b *testing.B) {
	s, err := sqs.New(place, nil, allow{}, func() string { return "http://127.0.0.1:4566" })
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.CreateQueue(sqs.Queue{Name: "dead", RedriveAllowPolicy: allowWork}); err != nil {
		b.Fatal(err)
	}
	const receives = 1000 // the maximum in a redrive policy
	hidden := 0
	for i := 0; b.Loop(); i++ {
		if i%receives == 0 {
			b.StopTimer()
			refill(b, s, receives)
			b.StartTimer()
		}
		got, err := s.Receive(b.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 10, VisibilityTimeoutSeconds: &hidden})
		if err != nil || len(got) != 10 {
			b.Fatal(len(got), err)
		}
	}
}

// refill replaces the queue work with one that holds ten messages.
func refill(b *testing.B, s *sqs.Service, receives int) {
	b.Helper()
	if err := s.DeleteQueue(work); err != nil && cloud.ErrorCode(err) != "AWS.SimpleQueueService.NonExistentQueue" {
		b.Fatal(err)
	}
	policy := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, deadARN, receives)
	if _, err := s.CreateQueue(sqs.Queue{Name: "work", RedrivePolicy: policy}); err != nil {
		b.Fatal(err)
	}
	for range 10 {
		if _, err := s.Send(b.Context(), developer, work, entry("m")); err != nil {
			b.Fatal(err)
		}
	}
}

type allow struct{}

func (allow) Authorize(context.Context, cloud.Request) error { return nil }
