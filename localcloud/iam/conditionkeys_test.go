package iam

import "testing"

func TestConditionKeys(t *testing.T) {
	const organization = "it does not know the organization of the account"
	condition := func(key string) string {
		return statement(`"Effect":"Deny","Action":"sns:*","Resource":"*","Condition":{"StringEquals":{"` + key + `":"x"}}`)
	}
	resource := func(variable string) string {
		return statement(`"Effect":"Allow","Action":"sns:*","Resource":"arn:aws:sns:*:*:${` + variable + `}"`)
	}
	operand := func(variable string) string {
		return statement(`"Effect":"Allow","Action":"sns:*","Resource":"*","Condition":{"StringLike":{"aws:username":"${` + variable + `}*"}}`)
	}
	const inCondition, inResource = "Statement[0].Condition.StringEquals", "Statement[0].Resource"
	for _, tt := range []struct {
		document, key string
		at, reason    string // reason "": accepted
	}{
		// sent
		{condition("aws:SourceIp"), "", "", ""},
		{condition("AWS:sourceip"), "", "", ""},
		{condition("aws:PrincipalTag/Team"), "", "", ""},
		{condition("lambda:SourceFunctionArn"), "", "", ""},
		{resource("aws:PrincipalTag/team"), "", "", ""},
		{operand("aws:username"), "", "", ""},
		// absent on AWS as well
		{condition("sns:Protocol"), "", "", ""},
		{condition("aws:RequestTag/team"), "", "", ""},
		{condition("aws:CalledVia"), "", "", ""},
		{condition("sts:ExternalId"), "", "", ""},
		// sent only to services whose requests are not decided here
		{condition("kms:ViaService"), "", "", ""},
		{condition("s3:prefix"), "", "", ""},
		{condition("ec2:SourceInstanceArn"), "", "", ""},
		{condition("iam:PassedToService"), "", "", ""},
		{condition("token.actions.githubusercontent.com:aud"), "", "", ""},
		// sent by AWS only
		{condition("aws:PrincipalOrgID"), "aws:PrincipalOrgID", inCondition, organization},
		{condition("AWS:principalorgid"), "AWS:principalorgid", inCondition, organization},
		{condition("aws:SourceVpce"), "aws:SourceVpce", inCondition, "it has no VPC endpoints"},
		{condition("aws:ResourceTag/team"), "aws:ResourceTag/team", inCondition, "it authorizes requests without the tags of their resources"},
		{condition("sts:RoleSessionName"), "sts:RoleSessionName", inCondition, "AWS does not document the names that its services give to their sessions"},
		{resource("aws:PrincipalOrgID"), "aws:PrincipalOrgID", inResource, organization},
		{operand("aws:SourceOrgID"), "aws:SourceOrgID", "Statement[0].Condition.StringLike.aws:username", organization},
		// misspelt
		{condition("aws:SorceArn"), "aws:SorceArn", inCondition, "it knows no such key; did you mean aws:SourceArn?"},
		{condition("aws:PrincipalTag"), "aws:PrincipalTag", inCondition, "it knows no such key; did you mean aws:PrincipalTag/?"},
		{condition("sns:Protokol"), "sns:Protokol", inCondition, "it knows no such key; did you mean sns:Protocol?"},
		{condition("sqs:Colour"), "sqs:Colour", inCondition, "it knows no such key"},
		{resource("aws:user"), "aws:user", inResource, "it knows no such key; did you mean aws:userid?"},
	} {
		want := ""
		if tt.reason != "" {
			want = "MalformedPolicyDocument: AWS accepts the condition key " + tt.key + ", but the local cloud cannot evaluate it. (" + tt.at + ": " + tt.reason + ")"
		}
		got := ""
		if _, err := ParsePolicy(IdentityPolicy, tt.document); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\ngot  %q\nwant %q", tt.document, got, want)
		}
	}

	const source = `"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"*","Condition":{"ArnEquals":{"lambda:SourceFunctionArn":"*"}}`
	_, err := ParsePolicy(ResourcePolicy, statement(source))
	wantError(t, err, "MalformedPolicyDocument: AWS accepts the condition key lambda:SourceFunctionArn, but the local cloud cannot evaluate it. "+
		"(Statement[0].Condition.ArnEquals: AWS supports it only in identity-based policies)")

	const key = `"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o","kms:ViaService":"s","aws:SorceArn":"x"}}`
	if _, err := ParsePolicy(KeyPolicy, statement(key)); err != nil {
		t.Errorf("the policy of a key is only recorded: %v", err)
	}
	if _, err := ParsePolicy(KeyPolicy, statement(`"Effect":"Allow","Action":"kms:*","Resource":"*"`)); err == nil {
		t.Error("the policy of a key needs a principal")
	}
}

// Every key is in one table, so that it has one meaning.
func TestConditionKeysAreDistinct(t *testing.T) {
	if n := len(sentKeys) + len(absentKeys); len(decidableKeys) != n {
		t.Errorf("%d decidable keys, and %d names of them", len(decidableKeys), n)
	}
	for key := range unknowable {
		if decidableKeys[key] {
			t.Errorf("%s is decidable and is not", key)
		}
	}
}
