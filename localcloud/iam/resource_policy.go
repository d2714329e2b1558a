package iam

import "tally/localcloud/cloud"

var _ cloud.PolicyChecker = (*Service)(nil)

// CheckResourcePolicy implements cloud.PolicyChecker. It returns a
// MalformedPolicyDocument error if the document is not a valid resource policy. A
// valid one is then in the cache of Authorize.
func (s *Service) CheckResourcePolicy(document string) error {
	_, err := s.resourcePolicy(document)
	return err
}
