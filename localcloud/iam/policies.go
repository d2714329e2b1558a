package iam

import (
	"cmp"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// ManagedPolicy is a customer managed policy. Roles can have it attached, or have
// it as their permissions boundary.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html
type ManagedPolicy struct {
	Name        string // up to 128 letters, digits and any of +=,.@_-
	Path        string // "/" if empty
	ID          string // "ANPA…", set by CreatePolicy
	Description string // up to 1,000 characters
	Document    string // identity policy, JSON of up to 6,144 characters
	Tags        map[string]string
	Created     time.Time // set by CreatePolicy
}

// PolicyARN returns the ARN of a customer managed policy:
// "arn:aws:iam::000000000000:policy/path/name".
func (s *Service) PolicyARN(p ManagedPolicy) string {
	return s.place.GlobalARN("iam", "policy"+p.Path+p.Name).String()
}

// CreatePolicy creates a customer managed policy. Errors: EntityAlreadyExists,
// LimitExceeded, MalformedPolicyDocument, ValidationError.
func (s *Service) CreatePolicy(p ManagedPolicy) (ManagedPolicy, error) {
	p.Path = cmp.Or(p.Path, "/")
	if err := p.validate(); err != nil {
		return ManagedPolicy{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.policies.Get(strings.ToLower(p.Name)); taken {
		return ManagedPolicy{}, cloud.Errorf(409, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", p.Name)
	}
	p.ID = "ANPA" + rand.Text()[:17]
	p.Created = time.Now().UTC().Truncate(time.Second)
	return p, s.policies.Put(strings.ToLower(p.Name), p)
}

// UpdatePolicy replaces the document and the tags of a customer managed policy, for
// all roles that have it. Errors: NoSuchEntity and those of CreatePolicy.
func (s *Service) UpdatePolicy(arn, document string, tags map[string]string) (ManagedPolicy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.Policy(arn)
	if err != nil {
		return ManagedPolicy{}, err
	}
	p.Document, p.Tags = document, tags
	if err := p.validate(); err != nil {
		return ManagedPolicy{}, err
	}
	if err := s.policies.Put(strings.ToLower(p.Name), p); err != nil {
		return ManagedPolicy{}, err
	}
	for _, r := range s.roles.All() {
		if r.uses(arn) {
			s.identities.Store(strings.ToLower(r.Name), s.parseIdentity(r))
			s.observed.forget(r.ID)
		}
	}
	return p, nil
}

// Policy returns the customer managed policy with that ARN. It fails with
// NoSuchEntity if there is none. Its tags are read-only.
func (s *Service) Policy(arn string) (ManagedPolicy, error) {
	p, ok := s.policies.Get(strings.ToLower(arn[strings.LastIndex(arn, "/")+1:]))
	if !ok || s.PolicyARN(p) != arn {
		return ManagedPolicy{}, cloud.Errorf(404, "NoSuchEntity", "Policy %s was not found.", arn)
	}
	return p, nil
}

// DeletePolicy removes a customer managed policy. It fails with DeleteConflict if a
// role has it, and with NoSuchEntity if it does not exist.
func (s *Service) DeletePolicy(arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.Policy(arn)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(s.roles.All(), func(r Role) bool { return r.uses(arn) }) {
		return cloud.Errorf(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	return s.policies.Delete(strings.ToLower(p.Name))
}

// Attachments returns the number of roles that a managed policy is attached to. As
// on AWS, it does not count the roles of which it is the permissions boundary.
func (s *Service) Attachments(arn string) (n int) {
	for _, r := range s.roles.All() {
		if slices.Contains(r.Managed, arn) {
			n++
		}
	}
	return n
}

func (r Role) uses(policyARN string) bool {
	return r.PermissionsBoundary == policyARN || slices.Contains(r.Managed, policyARN)
}

// parseManaged returns an AWS managed policy, or parses a customer managed policy.
func (s *Service) parseManaged(kind Kind, arn string) (*Policy, error) {
	if p, ok := managedPolicies[arn]; ok {
		of := *p
		of.Kind = kind
		return &of, nil
	}
	stored, err := s.Policy(arn)
	if err != nil {
		return nil, notAttachable(arn)
	}
	p, err := ParsePolicy(kind, stored.Document)
	if err != nil {
		return nil, err
	}
	p.Name = arn
	return p, nil
}

// notAttachable returns the error that there is no managed policy with the ARN.
func notAttachable(arn string) error {
	if strings.HasPrefix(arn, "arn:aws:iam::aws:") {
		return cloud.Errorf(404, "NoSuchEntity", "Policy %s does not exist or is not attachable. The local cloud has %s.",
			arn, strings.Join(slices.Sorted(maps.Keys(managedPolicies)), ", "))
	}
	return cloud.Errorf(404, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
}

// checkBoundary checks that a permissions boundary exists. "" is no boundary.
func (s *Service) checkBoundary(arn string) error {
	if arn == "" {
		return nil
	}
	if _, err := s.parseManaged(BoundaryPolicy, arn); err != nil {
		return cloud.Errorf(404, "NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return nil
}
