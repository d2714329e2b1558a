package sns

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// policyActions are the actions that the policy of a topic may contain, in lowercase.
// AWS documents all of them except Receive, which it accepts.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
// https://github.com/aws/aws-cli/issues/3143
var policyActions = []string{
	"sns:addpermission", "sns:deletetopic", "sns:getdataprotectionpolicy", "sns:gettopicattributes", "sns:listsubscriptionsbytopic",
	"sns:listtagsforresource", "sns:publish", "sns:putdataprotectionpolicy", "sns:receive", "sns:removepermission",
	"sns:settopicattributes", "sns:subscribe",
}

// CheckPolicy accepts any JSON within the quotas of SNS whose actions are in
// policyActions; "sns:*" is not. If there is more than one statement, each must have a
// unique Sid. IAM checks whether it is a valid policy. AWS does not document whether
// the quota of principals applies to the policy or to each statement, so it is applied
// to each statement.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
// https://github.com/hashicorp/terraform/issues/12740
// https://github.com/Bayer-Group/cloudformation-template-generator/issues/138
func CheckPolicy(document string) error {
	const maxBytes, maxStatements, maxPrincipals = 30 * 1024, 100, 200
	if !json.Valid([]byte(document)) {
		return invalid("Attributes Reason: Policy: failed to parse JSON.")
	}
	if len(document) > maxBytes {
		return invalid("Policy Error: a policy must be at most %d bytes long, not %d", maxBytes, len(document))
	}
	statements := cloud.PolicyStatements(document)
	if n := len(statements); n > maxStatements {
		return invalid("Policy Error: a policy must have at most %d statements, not %d", maxStatements, n)
	}
	if len(statements) > 1 && !distinctSids(statements) {
		return invalid("Every policy statement must have a unique ID (its Sid)")
	}
	for _, s := range statements {
		if s.Principals > maxPrincipals {
			return invalid("Policy Error: a statement must have at most %d principals, not %d", maxPrincipals, s.Principals)
		}
		for _, action := range s.Actions {
			if !slices.Contains(policyActions, strings.ToLower(action)) {
				return invalid("Policy statement action out of service scope! (%s)", action)
			}
		}
	}
	return nil
}

func distinctSids(statements []cloud.PolicyStatement) bool {
	seen := map[string]bool{}
	for _, s := range statements {
		if seen[s.Sid] {
			return false
		}
		seen[s.Sid] = true
	}
	return true
}

// RewordPolicyError returns the error of SNS for an error of IAM about a policy. SNS
// reports only whether a principal is the reason; what follows in parentheses is added
// here.
//
// https://github.com/hashicorp/terraform-provider-aws/issues/26041
// https://github.com/serverless/serverless/issues/5519
func RewordPolicyError(err error) error {
	return cloud.RewordPolicyError(err, func(p *cloud.PolicyError) error {
		reason := "null"
		if p.Principal {
			reason = "PrincipalNotFound"
		}
		return invalid("Policy Error: %s (%s)", reason, p.Detail)
	})
}

// CheckPolicyResources accepts a policy each of whose statements has one Resource,
// which is the ARN of the topic or a pattern that matches it.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
func CheckPolicyResources(topicARN, document string) error {
	for _, s := range cloud.PolicyStatements(document) {
		if len(s.Resources) != 1 || !wildcards(s.Resources[0]).MatchString(topicARN) {
			return invalid("Policy Error: the Resource of each statement must be the topic's ARN, %s, not %q", topicARN, s.Resources)
		}
	}
	return nil
}

// wildcards compiles a pattern in which * matches any text and ? any character.
func wildcards(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	return regexp.MustCompile("(?s)^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoted) + "$")
}
