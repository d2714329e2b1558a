package access

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFor(t *testing.T) {
	got, err := For("tally",
		[]string{"aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription", "aws:kms/key:Key", "tally:serverless:Topic", "pulumi:providers:aws"},
		[]string{"numbers-handle", "sums", "numbers", "numbers2", "numbers"})
	if err != nil {
		t.Fatal(err)
	}
	want := Policy{Version: "2012-10-17", Statement: []Statement{
		{Sid: "Topics", Effect: "Allow",
			Action:   []string{"sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Subscribe", "sns:Unsubscribe"},
			Resource: []string{"arn:aws:sns:*:ACCOUNT:numbers-*", "arn:aws:sns:*:ACCOUNT:numbers2-*", "arn:aws:sns:*:ACCOUNT:sums-*"}},
		{Sid: "NewKey", Effect: "Allow", Action: []string{"kms:CreateKey", "kms:TagResource"}, Resource: []string{"*"},
			Condition: map[string]map[string][]string{"StringEquals": {"aws:RequestTag/project": {"tally"}}}},
		{Sid: "Key", Effect: "Allow",
			Action: []string{"kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy",
				"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"},
			Resource:  []string{"arn:aws:kms:*:ACCOUNT:key/*"},
			Condition: map[string]map[string][]string{"StringEquals": {"aws:ResourceTag/project": {"tally"}}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestForUnknownType(t *testing.T) {
	_, err := For("tally", []string{"aws:s3/bucket:Bucket"}, nil)
	if err == nil || !strings.Contains(err.Error(), "aws:s3/bucket:Bucket") {
		t.Errorf("got %v", err)
	}
}

// TestEverything proves that even all that is known fits a managed policy, and
// that only what has no ARN may be done to everything.
func TestEverything(t *testing.T) {
	var types []string
	for _, s := range services {
		for kind := range s.types {
			types = append(types, kind)
		}
	}
	got, err := For("tally", types, []string{"add-numbers", "alarms", "api", "handle-message", "numbers", "sums"})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	if len(raw) > 6144 {
		t.Errorf("the policy has %d characters, more than the 6144 of a managed policy", len(raw))
	}
	for _, s := range got.Statement {
		if len(s.Resource) == 1 && s.Resource[0] == "*" && s.Sid != "WithoutARN" && s.Sid != "NewKey" {
			t.Errorf("%s may act on everything", s.Sid)
		}
		for _, action := range s.Action {
			if strings.HasSuffix(action, ":*") {
				t.Errorf("%s may do %s", s.Sid, action)
			}
		}
	}
}
