package iam

import (
	"fmt"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

var _ cloud.PolicyChecker = (*Service)(nil)

// CheckResourcePolicy implements cloud.PolicyChecker. A valid document is then in the
// cache of Authorize.
func (s *Service) CheckResourcePolicy(document string) error {
	p, err := s.resourcePolicy(ResourcePolicy, document)
	if err != nil {
		return err
	}
	return s.checkPrincipals(p)
}

// CheckKeyPolicy checks the policy of a key like CheckResourcePolicy.
func (s *Service) CheckKeyPolicy(document string) error {
	p, err := s.resourcePolicy(KeyPolicy, document)
	if err != nil {
		return err
	}
	return s.checkPrincipals(p)
}

// AllowsIdentity reports whether a statement of the policy allows the action to any
// identity of the account, be it directly or by delegating to the account's identity
// policies. It ignores conditions.
func AllowsIdentity(p *Policy, account, action string) bool {
	return slices.ContainsFunc(p.Statements, func(s Statement) bool {
		return s.Effect == Allow && s.actions.includes(strings.ToLower(action), nil) && s.principals.anyIn(account)
	})
}

// checkTrusted checks that the principals of a valid trust policy exist.
func (s *Service) checkTrusted(document string) error {
	p, err := ParsePolicy(TrustPolicy, document)
	if err != nil {
		return err
	}
	return s.checkPrincipals(p)
}

// checkPrincipals checks that the roles and users of this account that the policy
// names exist. AWS replaces their ARNs with unique IDs when the policy is set, and
// refuses the policy if it cannot.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
// https://repost.aws/knowledge-center/s3-invalid-principal-in-policy-error
// https://github.com/databrickslabs/ucx/issues/2269
func (s *Service) checkPrincipals(p *Policy) error {
	for i, statement := range p.Statements {
		for _, arn := range statement.principals.arns {
			if !statement.principals.except && !s.exists(arn) {
				return invalidPrincipal("AWS", arn, fmt.Sprintf("Statement[%d].Principal", i), "this account has no role or user with the ARN %s", arn)
			}
		}
	}
	return nil
}

// exists reports whether a principal exists. Nothing is known of other accounts, and
// sessions may have any name, so their principals count as existing.
func (s *Service) exists(principal string) bool {
	a, err := cloud.ParseARN(principal)
	if err != nil || a.Service != "iam" || a.Account != s.place.Account {
		return true
	}
	if id := s.roleIdentity(a); id != nil {
		return true
	}
	return s.developer().Caller.ARN == a
}
