package iam

import (
	"context"
	"fmt"
	"strings"

	"tally/localcloud/cloud"
)

// maxResourcePolicies is the number of parsed resource policies in the cache. It is
// more than a stack normally has, and bounds the cache to a few megabytes.
const maxResourcePolicies = 256

// Authorize implements cloud.Authorizer. It evaluates the policies of the caller's
// role and of the resource. The error has the code and the wording of the service
// that the action belongs to. If ctx carries condition keys (see
// cloud.WithConditionKeys), they apply to the caller's own request, but not to a
// call by a service.
func (s *Service) Authorize(ctx context.Context, r cloud.Request) error {
	if r.Caller.Anonymous() && !r.Public {
		return cloud.Errorf(403, "MissingAuthenticationToken", "Missing Authentication Token")
	}
	id := s.sessionIdentity(r.Caller)
	policies, err := s.callerPolicies(r.Caller, id)
	if err != nil {
		return err
	}
	if r.ResourcePolicy != "" {
		p, err := s.resourcePolicy(kindOf(r.Action), r.ResourcePolicy)
		if err != nil {
			return fmt.Errorf("policy of %s: %w", r.Resource, err)
		}
		policies = append(policies, p)
	}
	q := s.query(ctx, r, id)
	d := decide(q, policies)
	if d.Effect == Deny {
		err = refuse(r, d)
	}
	s.observe(ctx, q, id, d, err)
	return err
}

// callerPolicies returns the policies of the caller, in the order in which the reasons of a
// decision name them. The argument id is the role of the caller's session, or nil.
func (s *Service) callerPolicies(c cloud.Caller, id *identity) ([]*Policy, error) {
	policies := make([]*Policy, 0, 8)
	if c.Administrator {
		policies = append(policies, administrator)
	}
	if id != nil {
		if id.err != nil {
			return nil, id.err
		}
		policies = append(policies, id.policies...)
	}
	if c.SessionPolicy != "" {
		p, err := s.resourcePolicy(SessionPolicy, c.SessionPolicy)
		if err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	return policies, nil
}

// kindOf returns the kind of the resource policies that allow an action.
func kindOf(action string) Kind {
	if strings.HasPrefix(action, "kms:") {
		return KeyPolicy
	}
	return ResourcePolicy
}

// A policyText is the key of the cache of parsed resource policies.
type policyText struct {
	kind     Kind
	document string
}

// resourcePolicy parses a document. It caches the result, because services pass the
// document with every request.
func (s *Service) resourcePolicy(kind Kind, document string) (*Policy, error) {
	text := policyText{kind, document}
	if p, ok := s.resourcePolicies.Get(text); ok {
		return p, nil
	}
	p, err := ParsePolicy(kind, document)
	if err != nil {
		return nil, err
	}
	s.resourcePolicies.Add(text, p)
	return p, nil
}
