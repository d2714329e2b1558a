package access

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPolicies(t *testing.T) {
	stack := Stack{"tally", "main", []string{
		"aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription", "aws:iam/rolePolicy:RolePolicy", "aws:kms/key:Key",
		"aws:apigatewayv2/apiMapping:ApiMapping", "tally:serverless:Topic", "pulumi:providers:aws"}}
	deploy, err := Deploy(stack)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ got, want Policy }{
		"deploy": {deploy, Policy{Version: "2012-10-17", Statement: []Statement{
			{Sid: "RolesInBounds", Effect: "Allow", Action: []string{"iam:DeleteRolePolicy", "iam:PutRolePolicy"}, Resource: []string{"arn:aws:iam::ACCOUNT:role/tally-STACK-main-*"},
				Condition: conditions{"StringEquals": {"iam:PermissionsBoundary": {"arn:aws:iam::ACCOUNT:policy/boundary-tally-STACK"}}}},
			{Sid: "Roles", Effect: "Allow", Action: []string{"iam:GetRolePolicy"}, Resource: []string{"arn:aws:iam::ACCOUNT:role/tally-STACK-main-*"}},
			{Sid: "Topics", Effect: "Allow",
				Action:   []string{"sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Subscribe", "sns:Unsubscribe"},
				Resource: []string{"arn:aws:sns:*:ACCOUNT:tally-STACK-main-*"}},
			{Sid: "NewKey", Effect: "Allow", Action: []string{"kms:CreateKey", "kms:TagResource"}, NotResource: []string{"arn:aws:kms:*:*:key/*-*"},
				Condition: conditions{"StringEquals": {"aws:RequestTag/project": {"tally"}, "aws:RequestTag/environment": {"STACK"}}}},
			{Sid: "Key", Effect: "Allow",
				Action: []string{"kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKey*", "kms:ListResourceTags", "kms:PutKeyPolicy",
					"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"},
				Resource:  []string{"arn:aws:kms:*:ACCOUNT:key/*"},
				Condition: conditions{"StringEquals": {"aws:ResourceTag/project": {"tally"}, "aws:ResourceTag/environment": {"STACK"}}}},
		}}},
		"domain": {Domain(stack), Policy{Version: "2012-10-17", Statement: []Statement{
			{Sid: "Domain", Effect: "Allow", Action: []string{"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"},
				Resource: []string{"arn:aws:apigateway:*::/domainnames/DOMAIN", "arn:aws:apigateway:*::/domainnames/DOMAIN/apimappings*"}},
		}}},
		"boundary": {Boundary(stack), Policy{Version: "2012-10-17", Statement: []Statement{
			{Sid: "Key", Effect: "Allow", Action: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resource: []string{"arn:aws:kms:*:ACCOUNT:key/*"},
				Condition: conditions{"ForAnyValue:StringEquals": {"kms:ResourceAliases": {"alias/tally-STACK-main"}}}},
		}}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDeployUnknownType(t *testing.T) {
	_, err := Deploy(Stack{Project: "tally", Environment: "main", Types: []string{"aws:s3/bucket:Bucket"}})
	if err == nil || !strings.Contains(err.Error(), "aws:s3/bucket:Bucket") {
		t.Errorf("got %v", err)
	}
}

// everything returns the three policies for all types in the tables.
func everything(t *testing.T) map[string]Policy {
	t.Helper()
	s := Stack{Project: "tally", Environment: "main"}
	for _, of := range slices.Concat(deployment, domain, boundary) {
		s.Types = slices.AppendSeq(s.Types, maps.Keys(of.types))
	}
	deploy, err := Deploy(s)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Policy{"deploy": deploy, "domain": Domain(s), "boundary": Boundary(s)}
}

// TestSize proves that the largest policies are within the limit of a managed
// policy.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestSize(t *testing.T) {
	// Long names; account IDs always have 12 digits.
	long := strings.NewReplacer("STACK", strings.Repeat("s", 20), "ACCOUNT", "123456789012", "ZONE", strings.Repeat("Z", 32), "DOMAIN", strings.Repeat("d", 63))
	for name, p := range everything(t) {
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if text := long.Replace(string(raw)); len(text) > 6144 {
			t.Errorf("the %s policy has %d characters, and AWS allows 6144 in a managed policy", name, len(text))
		}
	}
}

// TestEveryResource proves that only actions without resource-level permissions, on
// resources that do not exist yet, or on mappings of the stack's functions are allowed
// on every resource, and that no policy allows every action of a service.
func TestEveryResource(t *testing.T) {
	for name, p := range everything(t) {
		for _, s := range p.Statement {
			if (slices.Contains(s.Resource, "*") || s.NotResource != nil) && !slices.Contains([]string{"WithoutARN", "NewKey", "Mappings", "Traces"}, s.Sid) {
				t.Errorf("%s: %s allows its actions on every resource", name, s.Sid)
			}
			for _, action := range s.Action {
				if strings.HasSuffix(action, ":*") {
					t.Errorf("%s: %s allows %s", name, s.Sid, action)
				}
			}
		}
	}
}
