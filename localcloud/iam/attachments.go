package iam

import (
	"maps"
	"slices"

	"tally/localcloud/cloud"
)

// PutRolePolicy adds or replaces an inline policy of a role. All inline policies of
// a role together can have up to 10,240 characters, not counting white space.
// Errors: NoSuchEntity, ValidationError, MalformedPolicyDocument, LimitExceeded.
func (s *Service) PutRolePolicy(role, name, document string) error {
	if err := CheckPolicyName(name); err != nil {
		return err
	}
	if err := CheckInlinePolicy(document); err != nil {
		return err
	}
	return s.change(role, func(r *Role) error {
		r.Inline = maps.Clone(r.Inline) // readers share the old map
		if r.Inline == nil {
			r.Inline = map[string]string{}
		}
		r.Inline[name] = document
		if size(slices.Collect(maps.Values(r.Inline))...) > maxInlinePolicies {
			return cloud.Errorf(409, "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", maxInlinePolicies, role)
		}
		return nil
	})
}

// DeleteRolePolicy removes an inline policy. It fails with NoSuchEntity if the role
// does not exist or has no policy with that name.
func (s *Service) DeleteRolePolicy(role, name string) error {
	return s.change(role, func(r *Role) error {
		if _, ok := r.Inline[name]; !ok {
			return cloud.Errorf(404, "NoSuchEntity", "The role policy with name %s cannot be found.", name)
		}
		r.Inline = maps.Clone(r.Inline)
		delete(r.Inline, name)
		return nil
	})
}

// AttachRolePolicy attaches a managed policy to a role. It does nothing if the
// policy is already attached. It fails with NoSuchEntity if the role does not exist
// or the local cloud does not have the policy.
func (s *Service) AttachRolePolicy(role, policyARN string) error {
	if err := CheckManagedPolicy(policyARN); err != nil {
		return err
	}
	return s.change(role, func(r *Role) error {
		if _, err := s.parseManaged(IdentityPolicy, policyARN); err != nil {
			return err
		}
		if !slices.Contains(r.Managed, policyARN) {
			r.Managed = append(slices.Clip(r.Managed), policyARN)
		}
		return nil
	})
}

// DetachRolePolicy detaches a managed policy from a role. It fails with NoSuchEntity
// if the role does not exist or the policy is not attached.
func (s *Service) DetachRolePolicy(role, policyARN string) error {
	return s.change(role, func(r *Role) error {
		i := slices.Index(r.Managed, policyARN)
		if i < 0 {
			return cloud.Errorf(404, "NoSuchEntity", "Policy %s was not found.", policyARN)
		}
		r.Managed = slices.Concat(r.Managed[:i], r.Managed[i+1:])
		return nil
	})
}
