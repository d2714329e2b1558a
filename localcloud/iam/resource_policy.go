package iam

import "tally/localcloud/cloud"

var _ cloud.PolicyChecker = (*Service)(nil)

// CheckResourcePolicy implements cloud.PolicyChecker. It returns a
// MalformedPolicyDocument error if the document is not a valid resource policy.
func (s *Service) CheckResourcePolicy(document string) error {
	_, err := ParsePolicy(ResourcePolicy, document)
	return err
}
