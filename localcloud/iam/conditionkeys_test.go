package iam

import "testing"

func TestConditionKeys(t *testing.T) {
	const organization = "the account does not belong to an organization here"
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
		at, reason    string // a reason of "" means that the key is accepted
	}{
		// sent
		{condition("aws:SourceIp"), "", "", ""},
		{condition("AWS:sourceip"), "", "", ""},
		{condition("aws:PrincipalTag/Team"), "", "", ""},
		{condition("lambda:SourceFunctionArn"), "", "", ""},
		{condition("lambda:FunctionArn"), "", "", ""},
		{condition("aws:RequestTag/team"), "", "", ""},
		{condition("kms:ViaService"), "", "", ""},
		{condition("kms:EncryptionContext:aws:sqs:arn"), "", "", ""},
		{condition("kms:EncryptionContext:a/b"), "", "", ""},
		{resource("aws:PrincipalTag/team"), "", "", ""},
		{operand("aws:username"), "", "", ""},
		// absent on AWS as well
		{condition("sns:Protocol"), "", "", ""},
		{condition("aws:CalledVia"), "", "", ""},
		{condition("sts:ExternalId"), "", "", ""},
		{condition("kms:GrantIsForAWSResource"), "", "", ""},
		{condition("kms:EncryptionContext:SecretVersionId"), "kms:EncryptionContext:SecretVersionId", inCondition, "nobody knows the IDs of versions in advance"},
		{condition("secretsmanager:VersionStage"), "", "", ""},
		{condition("secretsmanager:resource/AllowRotationLambdaArn"), "", "", ""},
		{condition("ssm:resourceTag/a"), "ssm:resourceTag/a", inCondition, noResourceTags},
		{condition("sts:IdentityTokenAudience"), "", "", ""},
		{condition("sts:SigningAlgorithm"), "", "", ""},
		// sent only to services whose requests are not authorized here
		{condition("s3:prefix"), "", "", ""},
		{condition("ec2:SourceInstanceArn"), "", "", ""},
		{condition("iam:PassedToService"), "", "", ""},
		{condition("token.actions.githubusercontent.com:aud"), "", "", ""},
		// sent only by AWS
		{condition("aws:PrincipalOrgID"), "aws:PrincipalOrgID", inCondition, organization},
		{condition("AWS:principalorgid"), "AWS:principalorgid", inCondition, organization},
		{condition("aws:SourceVpce"), "aws:SourceVpce", inCondition, "VPC endpoints are not emulated"},
		{condition("aws:ResourceTag/team"), "aws:ResourceTag/team", inCondition, "resource tags are not available to authorization"},
		{condition("sts:RoleSessionName"), "sts:RoleSessionName", inCondition, "AWS does not document the session names that its services use"},
		{condition("kms:RequestAlias"), "kms:RequestAlias", inCondition, "AWS does not document whether its services name a key by its alias"},
		{resource("aws:PrincipalOrgID"), "aws:PrincipalOrgID", inResource, organization},
		{operand("aws:SourceOrgID"), "aws:SourceOrgID", "Statement[0].Condition.StringLike.aws:username", organization},
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

	for _, tt := range []struct{ document, key, at, reason string }{
		{condition("aws:SorceArn"), "aws:SorceArn", inCondition, "did you mean aws:SourceArn?"},
		{condition("aws:PrincipalTag"), "aws:PrincipalTag", inCondition, "did you mean aws:PrincipalTag/?"},
		{condition("sns:Protokol"), "sns:Protokol", inCondition, "did you mean sns:Protocol?"},
		{condition("sqs:Colour"), "sqs:Colour", inCondition, "AWS would accept it, and treat it as missing from every request"},
		{resource("aws:user"), "aws:user", inResource, "did you mean aws:userid?"},
	} {
		_, err := ParsePolicy(IdentityPolicy, tt.document)
		wantError(t, err, "MalformedPolicyDocument: There is no condition key "+tt.key+". ("+tt.at+": "+tt.reason+")")
	}

	const source = `"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"*","Condition":{"ArnEquals":{"lambda:SourceFunctionArn":"*"}}`
	_, err := ParsePolicy(ResourcePolicy, statement(source))
	wantError(t, err, "MalformedPolicyDocument: AWS accepts the condition key lambda:SourceFunctionArn, but the local cloud cannot evaluate it. "+
		"(Statement[0].Condition.ArnEquals: AWS supports it only in identity-based policies)")

	const key = `"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaServce":"s"}}`
	_, err = ParsePolicy(KeyPolicy, statement(key))
	wantError(t, err, "MalformedPolicyDocument: There is no condition key kms:ViaServce. (Statement[0].Condition.StringEquals: did you mean kms:ViaService?)")
	if _, err := ParsePolicy(KeyPolicy, statement(`"Effect":"Allow","Action":"kms:*","Resource":"*"`)); err == nil {
		t.Error("the policy of a key without a principal was accepted")
	}
}

// Each key must be in exactly one table.
func TestConditionKeysAreDistinct(t *testing.T) {
	if n := len(sentKeys) + len(absentKeys); len(decidableKeys) != n {
		t.Errorf("the tables list %d decidable keys, but only %d are distinct", n, len(decidableKeys))
	}
	for key := range unknowable {
		if decidableKeys[key] {
			t.Errorf("%s is both decidable and unknowable", key)
		}
	}
}
