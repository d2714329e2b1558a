package iam

import (
	"context"
	"fmt"

	"tally/localcloud/cloud"
)

// maxResourcePolicies bounds the resource policies that are kept parsed: more
// than one laptop's resources have, and a few megabytes at their largest.
const maxResourcePolicies = 256

// Authorize decides by the policies of the caller's role and of the resource.
// The error has the code and the words of the service whose action it is.
// Condition keys that ctx carries (see cloud.WithConditionKeys) are those of
// the caller's own request.
func (s *Service) Authorize(ctx context.Context, r cloud.Request) error {
	if r.Caller.Nobody() {
		return cloud.Errorf(403, "MissingAuthenticationToken", "Missing Authentication Token")
	}
	id := s.sessionIdentity(r.Caller)
	if id != nil && id.err != nil {
		return id.err
	}
	policies := make([]*Policy, 0, 8)
	if r.Caller.Administrator {
		policies = append(policies, administrator)
	}
	if id != nil {
		policies = append(policies, id.policies...)
	}
	if r.ResourcePolicy != "" {
		p, err := s.resourcePolicy(r.ResourcePolicy)
		if err != nil {
			return fmt.Errorf("policy of %s: %w", r.Resource, err)
		}
		policies = append(policies, p)
	}
	if d := decide(s.question(ctx, r, id), policies); d.Effect == Deny {
		return refuse(r, d)
	}
	return nil
}

// resourcePolicy returns the parsed document, which services pass as text with
// every request.
func (s *Service) resourcePolicy(document string) (*Policy, error) {
	if p, ok := s.resourcePolicies.Get(document); ok {
		return p, nil
	}
	p, err := ParsePolicy(ResourcePolicy, document)
	if err != nil {
		return nil, err
	}
	s.resourcePolicies.Add(document, p)
	return p, nil
}
