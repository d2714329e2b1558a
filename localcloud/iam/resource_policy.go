package iam

import "tally/localcloud/cloud"

var _ cloud.PolicyChecker = (*Service)(nil)

// CheckResourcePolicy implements cloud.PolicyChecker.
func (s *Service) CheckResourcePolicy(document string) error {
	_, err := ParsePolicy(ResourcePolicy, document)
	return err
}
