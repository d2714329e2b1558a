package access

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFor(t *testing.T) {
	got, err := For("tally",
		[]string{"aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription", "aws:kms/key:Key", "tally:serverless:Topic", "pulumi:providers:aws"})
	if err != nil {
		t.Fatal(err)
	}
	want := Policy{Version: "2012-10-17", Statement: []Statement{
		{Sid: "Topics", Effect: "Allow",
			Action:   []string{"sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Subscribe", "sns:Unsubscribe"},
			Resource: []string{"arn:aws:sns:*:ACCOUNT:tally-STACK-*"}},
		{Sid: "NewKey", Effect: "Allow", Action: []string{"kms:CreateKey", "kms:TagResource"}, Resource: []string{"*"},
			Condition: map[string]map[string][]string{"StringEquals": {"aws:RequestTag/project": {"tally"}, "aws:RequestTag/environment": {"STACK"}}}},
		{Sid: "Key", Effect: "Allow",
			Action: []string{"kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy",
				"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"},
			Resource:  []string{"arn:aws:kms:*:ACCOUNT:key/*"},
			Condition: map[string]map[string][]string{"StringEquals": {"aws:ResourceTag/project": {"tally"}, "aws:ResourceTag/environment": {"STACK"}}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestForUnknownType(t *testing.T) {
	_, err := For("tally", []string{"aws:s3/bucket:Bucket"})
	if err == nil || !strings.Contains(err.Error(), "aws:s3/bucket:Bucket") {
		t.Errorf("got %v", err)
	}
}

// everything returns the policy for all types in services.
func everything(t *testing.T) Policy {
	t.Helper()
	var types []string
	for _, s := range services {
		types = slices.AppendSeq(types, maps.Keys(s.types))
	}
	p, err := For("tally", types)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSize proves that the size of the largest policy is within the limit of a
// managed policy.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestSize(t *testing.T) {
	raw, err := json.Marshal(everything(t))
	if err != nil {
		t.Fatal(err)
	}
	// A long stack name; account IDs always have 12 digits.
	text := strings.ReplaceAll(strings.ReplaceAll(string(raw), "STACK", strings.Repeat("s", 20)), "ACCOUNT", "123456789012")
	if len(text) > 6144 {
		t.Errorf("the policy has %d characters, and AWS allows 6144 in a managed policy", len(text))
	}
}

// TestNothingElse proves that the policy allows changing neither other stacks
// nor the roles of the workflows, to which it is attached.
func TestNothingElse(t *testing.T) {
	for _, s := range everything(t).Statement {
		for _, action := range s.Action {
			if strings.HasSuffix(action, ":*") {
				t.Errorf("%s allows %s", s.Sid, action)
			}
		}
		for _, arn := range s.Resource {
			for _, role := range []string{"deploy-tally-dev", "preview-tally-dev", "another-dev-function"} {
				// As in IAM, and unlike in path.Match, * matches slashes.
				dev := strings.ReplaceAll(strings.ReplaceAll(arn, "STACK", "dev"), "/", "|")
				if ok, err := path.Match(dev, "arn:aws:iam::ACCOUNT:role|"+role); arn != "*" && (ok || err != nil) {
					t.Errorf("%s allows changing the role %s with %s: %v", s.Sid, role, dev, err)
				}
			}
			if arn == "*" && s.Sid != "WithoutARN" && s.Sid != "NewKey" {
				t.Errorf("%s allows its actions on every resource", s.Sid)
			}
		}
		if strings.HasPrefix(s.Sid, "Roles") && !slices.Equal(s.Resource, []string{"arn:aws:iam::ACCOUNT:role/tally-STACK-*"}) {
			t.Errorf("%s applies to %v", s.Sid, s.Resource)
		}
	}
}
