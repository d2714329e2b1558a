package iam

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// The functions below check only the form of a value. They are pure, and return a
// *cloud.Error worded like IAM's if the value is not valid.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

const (
	maxTrustPolicy    = 2048  // characters without white space
	maxInlinePolicies = 10240 // characters without white space, of all inline policies of a role together
	maxManagedPolicy  = 6144  // characters without white space
	minSessionSeconds = 3600  // the default
	maxSessionSeconds = 43200
)

var (
	namePattern        = regexp.MustCompile(`^[\w+=,.@-]+$`)
	policyARN          = regexp.MustCompile(`^arn:aws:iam::(aws|[0-9]{12}):policy/[\x21-\x7E]+$`)
	customerPolicy     = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:policy/[\x21-\x7E]+$`)
	pathPattern        = regexp.MustCompile(`^/([!-~]+/)?$`)
	descriptionPattern = regexp.MustCompile(`^[\t\n\r\x20-\x7E\x{A1}-\x{FF}]*$`)
)

// CheckRoleName checks the name of a role: 1 to 64 letters, digits and any of
// +=,.@_-.
func CheckRoleName(name string) error { return checkName("roleName", name, 64) }

// CheckPolicyName checks the name of a policy: 1 to 128 letters, digits and any of
// +=,.@_-.
func CheckPolicyName(name string) error { return checkName("policyName", name, 128) }

func checkName(member, name string, maxLength int) error {
	if len(name) > maxLength {
		return violated(cloud.Hidden, member, "Member must have length less than or equal to %d", maxLength)
	}
	if !namePattern.MatchString(name) {
		return invalid("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", member)
	}
	return nil
}

// CheckPath checks the path of a role or policy: "/", or up to 512 printable ASCII
// characters that begin and end with a slash.
func CheckPath(path string) error {
	if len(path) > 512 || !pathPattern.MatchString(path) {
		return invalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return nil
}

// CheckDescription checks the description of a role or policy: up to 1,000 Latin-1
// characters.
func CheckDescription(description string) error {
	if utf8.RuneCountInString(description) > 1000 {
		return violated(cloud.Hidden, "description", "Member must have length less than or equal to 1000")
	}
	if !descriptionPattern.MatchString(description) {
		return violated(cloud.Hidden, "description", `Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`)
	}
	return nil
}

// CheckSessionSeconds checks the maximum session duration of a role: 3,600 to
// 43,200 seconds.
func CheckSessionSeconds(seconds int) error {
	return cloud.CheckRange(validation, "maxSessionDuration", seconds, minSessionSeconds, maxSessionSeconds)
}

// CheckTrustPolicy checks the trust policy of a role: a valid TrustPolicy of up to
// 2,048 characters, not counting white space.
func CheckTrustPolicy(document string) error {
	if size(document) > maxTrustPolicy {
		return cloud.Errorf(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d", maxTrustPolicy)
	}
	_, err := ParsePolicy(TrustPolicy, document)
	return err
}

// CheckInlinePolicy checks an inline policy of a role: a valid IdentityPolicy of up
// to 10,240 characters, not counting white space.
func CheckInlinePolicy(document string) error {
	if size(document) > maxInlinePolicies {
		return cloud.Errorf(409, "LimitExceeded", "Maximum policy size of %d bytes exceeded", maxInlinePolicies)
	}
	_, err := ParsePolicy(IdentityPolicy, document)
	return err
}

// CheckDocument checks the document of a managed policy: a valid IdentityPolicy of
// up to 6,144 characters, not counting white space.
func CheckDocument(document string) error {
	if size(document) > maxManagedPolicy {
		return cloud.Errorf(409, "LimitExceeded", "Cannot exceed quota for PolicySize: %d", maxManagedPolicy)
	}
	_, err := ParsePolicy(IdentityPolicy, document)
	return err
}

// CheckManagedPolicy checks the ARN of a managed policy: that of any customer managed
// policy, which need not exist, or of an AWS managed policy that the local cloud has.
// Otherwise it fails with NoSuchEntity. For other AWS managed policies, the error lists
// those that the local cloud has.
func CheckManagedPolicy(arn string) error {
	if managedPolicies[arn] == nil && !customerPolicy.MatchString(arn) {
		return notAttachable(arn)
	}
	return nil
}

// CheckBoundary checks the ARN of a managed policy that is to be a permissions
// boundary, as CheckManagedPolicy does.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
func CheckBoundary(arn string) error {
	switch {
	case !policyARN.MatchString(arn):
		return invalid("ARN %s is not valid.", arn)
	case CheckManagedPolicy(arn) != nil:
		return cloud.Errorf(404, "NoSuchEntity", "Scope ARN: %s does not exist or is not attachable. The local cloud has %s.",
			arn, strings.Join(slices.Sorted(maps.Keys(managedPolicies)), ", "))
	}
	return nil
}

// CheckManagedPolicies applies CheckManagedPolicy to each ARN.
func CheckManagedPolicies(arns []string) error {
	for _, arn := range arns {
		if err := CheckManagedPolicy(arn); err != nil {
			return err
		}
	}
	return nil
}

// CheckTags checks the tags of a role or policy. There may be up to 50, with keys that
// differ in more than case.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return invalid("Invalid tags: %v", err)
	}
	seen := map[string]bool{}
	for key := range tags {
		key = strings.ToLower(key)
		if seen[key] {
			return cloud.Errorf(400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[key] = true
	}
	return nil
}

func (r Role) validate() error {
	return cmp.Or(
		CheckRoleName(r.Name), CheckPath(r.Path), CheckDescription(r.Description), CheckSessionSeconds(r.MaxSessionSeconds),
		CheckTrustPolicy(r.AssumeRolePolicy), cloud.CheckOptional(r.PermissionsBoundary, CheckBoundary), CheckTags(r.Tags),
	)
}

func (p ManagedPolicy) validate() error {
	return cmp.Or(CheckPolicyName(p.Name), CheckPath(p.Path), CheckDescription(p.Description), CheckDocument(p.Document), CheckTags(p.Tags))
}

func violated(value any, member, rule string, args ...any) error {
	return cloud.Violated(validation, value, member, rule, args...)
}

const validation = "ValidationError"

func invalid(format string, args ...any) error {
	return cloud.Errorf(400, validation, format, args...)
}

// size returns the total number of characters in the documents, not counting white
// space, like IAM's quotas.
func size(documents ...string) int {
	n := 0
	for _, d := range documents {
		for _, r := range d {
			if !unicode.IsSpace(r) {
				n++
			}
		}
	}
	return n
}
