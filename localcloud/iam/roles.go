package iam

import (
	"cmp"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Role is an identity that AWS services can assume.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
type Role struct {
	Name             string // up to 64 letters, digits and any of +=,.@_-
	Path             string // "/" if empty
	ID               string // "AROA…", set by CreateRole
	Description      string // up to 1,000 characters of Latin-1
	AssumeRolePolicy string // trust policy, JSON of up to 2,048 characters
	// MaxSessionSeconds is from 3,600, the default, to 43,200. Sessions of services last
	// until the service revokes them.
	MaxSessionSeconds int
	// PermissionsBoundary is the ARN of the managed policy that limits what the
	// role's policies allow, or "".
	PermissionsBoundary string
	Tags                map[string]string
	Created             time.Time // set by CreateRole

	// CreateRole and UpdateRole ignore Inline and Managed. PutRolePolicy,
	// AttachRolePolicy and their counterparts change them.
	Inline  map[string]string // policy name to document
	Managed []string          // ARNs in the order in which they were attached
}

// Service holds the roles of the account and their sessions. Its methods may be
// called concurrently. They refuse a request with a *cloud.Error.
type Service struct {
	place           cloud.Place
	developerSecret string
	// By name in lowercase, because names are unique regardless of case.
	roles    *store.Table[Role]
	policies *store.Table[ManagedPolicy]

	observed         observed
	identities       sync.Map // *identity, by the same keys as roles
	resourcePolicies *lru.Cache[policyText, *Policy]

	mu       sync.Mutex                   // held while roles and policies change; guards sessions
	sessions map[string]cloud.Credentials // by access key ID
}

// New opens the roles and policies in the store. If st is nil, they are in memory
// only. Sessions are not stored.
func New(place cloud.Place, st *store.Store) (*Service, error) {
	roles, err := store.NewTable[Role](st, "iam-roles")
	if err != nil {
		return nil, err
	}
	policies, err := store.NewTable[ManagedPolicy](st, "iam-policies")
	if err != nil {
		return nil, err
	}
	parsed, err := lru.New[policyText, *Policy](maxResourcePolicies)
	if err != nil {
		return nil, err
	}
	s := &Service{place: place, developerSecret: randomText(30), roles: roles, policies: policies, resourcePolicies: parsed, sessions: map[string]cloud.Credentials{}}
	for _, r := range roles.All() {
		s.identities.Store(strings.ToLower(r.Name), s.parseIdentity(r))
	}
	return s, nil
}

// RoleARN returns the ARN of a role: "arn:aws:iam::000000000000:role/path/name".
func (s *Service) RoleARN(r Role) cloud.ARN {
	return s.place.GlobalARN("iam", "role"+r.Path+r.Name)
}

// CreateRole creates a role without policies. Errors: EntityAlreadyExists,
// LimitExceeded, MalformedPolicyDocument, NoSuchEntity, ValidationError.
func (s *Service) CreateRole(r Role) (Role, error) {
	if r.Path == "" {
		r.Path = "/"
	}
	if r.MaxSessionSeconds == 0 {
		r.MaxSessionSeconds = minSessionSeconds
	}
	if err := r.validate(); err != nil {
		return Role{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.roles.Get(strings.ToLower(r.Name)); taken {
		return Role{}, cloud.Errorf(409, "EntityAlreadyExists", "Role with name %s already exists.", r.Name)
	}
	if err := cmp.Or(s.checkTrusted(r.AssumeRolePolicy), s.checkBoundary(r.PermissionsBoundary)); err != nil {
		return Role{}, err
	}
	r.ID = "AROA" + rand.Text()[:17]
	r.Created = time.Now().UTC().Truncate(time.Second)
	r.Inline, r.Managed = nil, nil
	return r, s.put(r)
}

// UpdateRole replaces the description, the trust policy, the maximum session
// duration, the permissions boundary and the tags of the role with r's name. Errors:
// those of Role and CreateRole.
func (s *Service) UpdateRole(r Role) (Role, error) {
	err := s.change(r.Name, func(old *Role) error {
		replaced := r.AssumeRolePolicy != old.AssumeRolePolicy
		old.Description, old.AssumeRolePolicy, old.Tags = r.Description, r.AssumeRolePolicy, r.Tags
		old.PermissionsBoundary = r.PermissionsBoundary
		old.MaxSessionSeconds = r.MaxSessionSeconds
		if r.MaxSessionSeconds == 0 {
			old.MaxSessionSeconds = minSessionSeconds
		}
		r = *old
		if err := cmp.Or(r.validate(), s.checkBoundary(r.PermissionsBoundary)); err != nil || !replaced {
			return err
		}
		return s.checkTrusted(r.AssumeRolePolicy)
	})
	if err != nil {
		return Role{}, err
	}
	return r, nil
}

// Role returns the role with that name. It fails with NoSuchEntity if there is none.
// The maps and slices of the role are read-only.
func (s *Service) Role(name string) (Role, error) {
	r, ok := s.roles.Get(strings.ToLower(name))
	if !ok || r.Name != name {
		return Role{}, cloud.Errorf(404, "NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	return r, nil
}

// DeleteRole removes a role. It fails with DeleteConflict if the role still has
// policies, and with NoSuchEntity if it does not exist.
func (s *Service) DeleteRole(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.Role(name)
	switch {
	case err != nil:
		return err
	case len(r.Inline) > 0:
		return cloud.Errorf(409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	case len(r.Managed) > 0:
		return cloud.Errorf(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	if err := s.roles.Delete(strings.ToLower(name)); err != nil {
		return err
	}
	s.identities.Delete(strings.ToLower(name))
	s.observed.forget(r.ID)
	return nil
}

// change applies f to a copy of the role and stores the copy, unless f fails.
func (s *Service) change(name string, f func(*Role) error) error {
	if err := CheckRoleName(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.Role(name)
	if err != nil {
		return err
	}
	if err := f(&r); err != nil {
		return err
	}
	return s.put(r)
}

func (s *Service) put(r Role) error {
	old, _ := s.roles.Get(strings.ToLower(r.Name))
	if err := s.roles.Put(strings.ToLower(r.Name), r); err != nil {
		return err
	}
	if !maps.Equal(old.Inline, r.Inline) || !slices.Equal(old.Managed, r.Managed) {
		s.observed.forget(r.ID)
	}
	s.identities.Store(strings.ToLower(r.Name), s.parseIdentity(r))
	return nil
}
