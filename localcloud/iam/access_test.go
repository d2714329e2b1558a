package iam_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
)

// TestAccess checks which grant of a role a request uses, and what would allow one that is
// refused.
func TestAccess(t *testing.T) {
	place := cloud.Place{Region: "us-east-1", Account: "000000000000"}
	s, err := iam.New(place, nil)
	if err != nil {
		t.Fatal(err)
	}
	role, err := s.CreateRole(iam.Role{Name: "r", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
	if err != nil {
		t.Fatal(err)
	}
	const topic = "arn:aws:sns:us-east-1:000000000000:t"
	err = s.PutRolePolicy("r", "p", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Action":"sns:Subscribe","Resource":"*"},
		{"Sid":"Send","Effect":"Allow","Action":["sns:Publish","sqs:*"],"Resource":["arn:aws:sns:us-east-1:000000000000:other","`+topic+`"]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := s.AssumeRole(t.Context(), cloud.Caller{Service: "lambda.amazonaws.com"}, s.RoleARN(role), "session")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(action, resource string) { // the answers are below
		_ = s.Authorize(t.Context(), cloud.Request{Caller: credentials.Caller, Action: action, Resource: resource})
	}
	ask("SNS:Publish", topic)
	ask("SNS:Publish", topic)
	ask("sns:Subscribe", topic)
	ask("sns:GetTopicAttributes", topic)
	_ = s.Authorize(cloud.AsCheck(t.Context()), cloud.Request{Caller: credentials.Caller, Action: "sqs:SendMessage", Resource: topic})

	var got []string
	for _, g := range s.Access()[0].Grants {
		got = append(got, strings.Join([]string{g.Policy, g.Sid, g.Action, g.Resource[strings.LastIndexByte(g.Resource, ':')+1:], strings.Repeat("|", g.Uses)}, " "))
	}
	want := []string{"p Send sns:Publish other ", "p Send sns:Publish t ||", "p Send sqs:* other ", "p Send sqs:* t "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	if err := s.DeleteRolePolicy("r", "other"); cloud.ErrorCode(err) != "NoSuchEntity" || s.Access()[0].Grants[1].Uses != 2 {
		t.Errorf("a change that failed: %v, %+v", err, s.Access())
	}
	if err := s.PutRolePolicy("r", "p", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"a:b","Resource":"*"},{"Effect":"Allow","Action":["sns:Publish","sqs:*"],"Resource":["*","`+topic+`"]}]}`); err != nil {
		t.Fatal(err)
	}
	for _, g := range s.Access()[0].Grants {
		if g.Uses != 0 {
			t.Errorf("after a change of the policy, %+v has been used", g)
		}
	}
	got = nil
	for _, d := range s.Refusals() {
		got = append(got, d.Action+": "+d.Missing+" in "+d.Where)
	}
	want = []string{
		"sns:Subscribe:  in statement 0 of the policy p denies it; change that",
		`sns:GetTopicAttributes: {"Effect":"Allow","Action":"sns:GetTopicAttributes","Resource":"` + topic + `"} in a policy of role r`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
}

// TestMissingStatement grants what a refusal names, and then the request is allowed.
func TestMissingStatement(t *testing.T) {
	place := cloud.Place{Region: "us-east-1", Account: "000000000000"}
	s, err := iam.New(place, nil)
	if err != nil {
		t.Fatal(err)
	}
	topic, err := cloud.ParseARN("arn:aws:sns:us-east-1:000000000000:t")
	if err != nil {
		t.Fatal(err)
	}
	request := cloud.Request{Caller: cloud.Caller{Service: "sns.amazonaws.com", SourceARN: topic}, Action: "sqs:SendMessage", Resource: "arn:aws:sqs:us-east-1:000000000000:q"}
	if s.Authorize(t.Context(), request) == nil {
		t.Fatal("allowed")
	}
	request.ResourcePolicy = `{"Version":"2012-10-17","Statement":[` + s.Refusals()[0].Missing + `]}`
	if err := s.Authorize(t.Context(), request); err != nil {
		t.Errorf("with %s: %v", request.ResourcePolicy, err)
	}
}
