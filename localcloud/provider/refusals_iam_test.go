package provider

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	roleToken           = "aws:iam/role:Role"
	rolePolicyToken     = "aws:iam/rolePolicy:RolePolicy"
	roleAttachmentToken = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	managedPolicyToken  = "aws:iam/policy:Policy"
)

func iamRefusals() refusals {
	const conditional = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole",` +
		`"Condition":{"StringEquals":{"KEY":"x"}}}]}`
	on := func(key string) string { return strings.Replace(conditional, "KEY", key, 1) }
	long := strings.Repeat("x", 10241)
	return refusals{[]refusal{
		{token: roleToken, property: "name", value: "bad name!", words: "The specified value for roleName is invalid"},
		{token: roleToken, property: "name", value: strings.Repeat("r", 65), words: "less than or equal to 64"},
		{token: roleToken, property: "path", value: "team", words: "The specified value for path is invalid"},
		{token: roleToken, property: "description", value: strings.Repeat("d", 1001), words: "less than or equal to 1000"},
		{token: roleToken, property: "description", value: "5 €", words: "must satisfy regular expression pattern"},
		{token: roleToken, property: "maxSessionDuration", value: 3599, words: "greater than or equal to 3600"},
		{token: roleToken, property: "maxSessionDuration", value: 43201, words: "less than or equal to 43200"},
		{token: roleToken, property: "assumeRolePolicy", value: publish, words: "Has prohibited field Resource"},
		{token: roleToken, property: "assumeRolePolicy", value: long, words: "Cannot exceed quota for ACLSizePerRole: 2048"},
		{token: roleToken, property: "assumeRolePolicy", value: on("aws:SourceOrgID"), words: "AWS accepts the condition key aws:SourceOrgID, but the local cloud cannot evaluate it"},
		{token: roleToken, property: "assumeRolePolicy", value: on("aws:SorceArn"), words: "did you mean aws:SourceArn?"},
		{token: roleToken, property: "assumeRolePolicy", value: strings.Replace(trust, "lambda.", "lamda.", 1), words: `Invalid principal in policy: "SERVICE":"lamda.amazonaws.com" (Statement[0].Principal: did you mean lambda.amazonaws.com?)`},
		{token: roleToken, property: "assumeRolePolicy", value: strings.Replace(trust, "amazonaws", "amazon", 1), words: `Invalid principal in policy: "SERVICE":"lambda.amazon.com" (Statement[0].Principal: did you mean lambda.amazonaws.com?)`},
		{token: roleToken, property: "assumeRolePolicy", value: strings.Replace(trust, "sts:AssumeRole", "sts:TagSessions", 1), words: "AssumeRole policy may only specify STS AssumeRole actions."},
		{token: roleToken, property: "managedPolicyArns", value: []any{"arn:aws:iam::aws:policy/PowerUserAccess"}, words: "does not exist or is not attachable"},
		{token: roleToken, property: "permissionsBoundary", value: "boundary", words: "ValidationError: ARN boundary is not valid."},
		{token: roleToken, property: "permissionsBoundary", value: "arn:aws:iam::000000000000:role/r", words: "ValidationError: ARN arn:aws:iam::000000000000:role/r is not valid."},
		{token: roleToken, property: "permissionsBoundary", value: "arn:aws:iam::aws:policy/PowerUserAccess", words: "NoSuchEntity: Scope ARN: arn:aws:iam::aws:policy/PowerUserAccess does not exist or is not attachable."},
		{token: roleToken, property: "tags", value: badTags, words: "Invalid tags: the tag key"},
		{token: managedPolicyToken, property: "name", value: "bad name!", words: "The specified value for policyName is invalid"},
		{token: managedPolicyToken, property: "path", value: "team", words: "The specified value for path is invalid"},
		{token: managedPolicyToken, property: "description", value: strings.Repeat("d", 1001), words: "less than or equal to 1000"},
		{token: managedPolicyToken, property: "policy", value: trust, words: "Policy document should not specify a principal"},
		{token: managedPolicyToken, property: "policy", value: long, words: "LimitExceeded: Cannot exceed quota for PolicySize: 6144"},
		{token: managedPolicyToken, property: "tags", value: badTags, words: "Invalid tags: the tag key"},
		{token: rolePolicyToken, property: "name", value: "bad name!", words: "The specified value for policyName is invalid"},
		{token: rolePolicyToken, property: "role", value: "arn:aws:iam::000000000000:role/r", words: "The specified value for roleName is invalid"},
		{token: rolePolicyToken, property: "policy", value: trust, words: "Policy document should not specify a principal"},
		{token: rolePolicyToken, property: "policy", value: long, words: "Maximum policy size of 10240 bytes exceeded"},
		{token: roleAttachmentToken, property: "role", value: "bad name!", words: "The specified value for roleName is invalid"},
		{token: roleAttachmentToken, property: "policyArn", value: "arn:aws:sns:us-east-1:000000000000:t", words: "does not exist or is not attachable"},
	}, []string{roleToken + ".forceDetachPolicies"}}
}

// The policies of topics, queues and keys are evaluated here, so their conditions may use
// only what can be known.
func TestConditionsThatCannotBeEvaluated(t *testing.T) {
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*",` +
		`"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`
	for token, action := range map[string]string{topicToken: "sns:Publish", queueToken: "sqs:SendMessage", keyToken: "kms:Decrypt"} {
		c := start(t)
		inputs := validInputs(t, c, token)
		inputs["policy"] = resource.NewStringProperty(strings.Replace(policy, "sns:Publish", action, 1))
		res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(token, "thing"), News: c.raw(inputs)})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(reasonOf(res, "policy"), "aws:PrincipalOrgID, but the local cloud cannot evaluate it") {
			t.Errorf("%s: failures %v", token, res.Failures)
		}
	}
}
