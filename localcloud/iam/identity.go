package iam

import (
	"fmt"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// An identity is a role in the form that authorization uses. Its policies are
// parsed once, when the role changes. An identity is never modified, only replaced.
type identity struct {
	role     Role
	policies []*Policy // inline and managed ones, ordered by name, and the permissions boundary
	trust    *Policy
	keys     map[string][]string // condition keys that are the same for all its requests
	err      error               // set if a stored policy cannot be parsed
}

// parseIdentity parses the policies of a role. They were checked when they were
// set, so an error means that another version wrote the store.
func (s *Service) parseIdentity(role Role) *identity {
	id := &identity{role: role, keys: map[string][]string{"aws:principalarn": {s.RoleARN(role).String()}}}
	for tag, value := range role.Tags {
		id.keys["aws:principaltag/"+strings.ToLower(tag)] = []string{value}
	}
	if id.trust, id.err = ParsePolicy(TrustPolicy, role.AssumeRolePolicy); id.err != nil {
		id.err = fmt.Errorf("trust policy of role %s: %w", role.Name, id.err)
		return id
	}
	for _, arn := range role.Managed {
		id.addManaged(s, IdentityPolicy, arn)
	}
	for name, document := range role.Inline {
		p, err := ParsePolicy(IdentityPolicy, document)
		if err != nil {
			id.err = fmt.Errorf("policy %s of role %s: %w", name, role.Name, err)
			return id
		}
		p.Name = name
		id.policies = append(id.policies, p)
	}
	slices.SortFunc(id.policies, func(a, b *Policy) int { return strings.Compare(a.Name, b.Name) })
	if role.PermissionsBoundary != "" {
		id.addManaged(s, BoundaryPolicy, role.PermissionsBoundary)
	}
	return id
}

// addManaged adds a managed policy of the role.
func (id *identity) addManaged(s *Service, kind Kind, arn string) {
	p, err := s.parseManaged(kind, arn)
	if err != nil {
		id.err = fmt.Errorf("role %s: %w", id.role.Name, err)
		return
	}
	id.policies = append(id.policies, p)
}

// identity returns the identity of the role with that name, or nil if there is no
// such role.
func (s *Service) identity(name string) *identity {
	found, ok := s.identities.Load(strings.ToLower(name))
	if !ok {
		return nil
	}
	if id := found.(*identity); id.role.Name == name {
		return id
	}
	return nil
}

// roleIdentity returns the identity of the role with that ARN, or nil if there is no such
// role.
func (s *Service) roleIdentity(arn cloud.ARN) *identity {
	if id := s.identity(arn.Resource[strings.LastIndex(arn.Resource, "/")+1:]); id != nil && s.RoleARN(id.role) == arn {
		return id
	}
	return nil
}

// sessionIdentity returns the identity of a session's role. It returns nil if the
// caller is not a session, or if the role was deleted: a session can outlive its
// role, but then it has no permissions, even if a new role has the same name.
func (s *Service) sessionIdentity(c cloud.Caller) *identity {
	if c.Role == "" {
		return nil
	}
	if id := s.identity(c.Role); id != nil && strings.HasPrefix(c.UserID, id.role.ID+":") {
		return id
	}
	return nil
}
