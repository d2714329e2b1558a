package iam

import (
	"crypto/rand"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Role is an identity that AWS services assume.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
type Role struct {
	Name             string // up to 64 letters, digits and any of +=,.@_-
	Path             string // "/" where empty
	ID               string // "AROA…", set by CreateRole
	Description      string // up to 1,000 characters
	AssumeRolePolicy string // trust policy, JSON of up to 2,048 characters
	// MaxSessionSeconds is from 3,600, which 0 stands for, to 43,200. Sessions
	// here end when their service revokes them, not earlier.
	MaxSessionSeconds int
	Tags              map[string]string
	Created           time.Time // set by CreateRole

	// Inline and Managed are read only: PutRolePolicy and AttachRolePolicy
	// change them, CreateRole and UpdateRole take no notice of them.
	Inline  map[string]string // policy name to document
	Managed []string          // ARNs in the order they were attached in
}

// Service is IAM. Its methods may be called concurrently; their refusals are
// *cloud.Error.
type Service struct {
	place cloud.Place
	roles *store.Table[Role] // by name in lower case: names that differ in case only are taken

	mu       sync.Mutex // for changes of roles, and for sessions
	sessions map[string]cloud.Credentials
}

// New opens the roles that the store holds. Sessions do not outlive a Service.
func New(place cloud.Place, st *store.Store) (*Service, error) {
	roles, err := store.NewTable[Role](st, "iam-roles")
	if err != nil {
		return nil, err
	}
	return &Service{place: place, roles: roles, sessions: map[string]cloud.Credentials{}}, nil
}

// RoleARN is "arn:aws:iam::000000000000:role/path/name".
func (s *Service) RoleARN(r Role) cloud.ARN {
	return s.place.GlobalARN("iam", "role"+r.Path+r.Name)
}

// CreateRole makes a role without policies. Errors: EntityAlreadyExists,
// LimitExceeded, MalformedPolicyDocument, ValidationError.
func (s *Service) CreateRole(r Role) (Role, error) {
	if r.Path == "" {
		r.Path = "/"
	}
	if r.MaxSessionSeconds == 0 {
		r.MaxSessionSeconds = 3600
	}
	if err := checkRole(r); err != nil {
		return Role{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.roles.Get(strings.ToLower(r.Name)); taken {
		return Role{}, cloud.Errorf(409, "EntityAlreadyExists", "Role with name %s already exists.", r.Name)
	}
	r.ID = "AROA" + rand.Text()[:17]
	r.Created = time.Now().UTC().Truncate(time.Second)
	r.Inline, r.Managed = nil, nil
	return r, s.put(r)
}

// UpdateRole replaces the description, the trust policy, the session length
// and the tags of the role of that name. Errors: those of Role and CreateRole.
func (s *Service) UpdateRole(r Role) (Role, error) {
	err := s.change(r.Name, func(old *Role) error {
		old.Description, old.AssumeRolePolicy, old.Tags = r.Description, r.AssumeRolePolicy, r.Tags
		old.MaxSessionSeconds = r.MaxSessionSeconds
		if r.MaxSessionSeconds == 0 {
			old.MaxSessionSeconds = 3600
		}
		r = *old
		return checkRole(r)
	})
	if err != nil {
		return Role{}, err
	}
	return r, nil
}

// Role fails with NoSuchEntity where there is none of that name. Treat its
// maps and slices as read only.
func (s *Service) Role(name string) (Role, error) {
	r, ok := s.roles.Get(strings.ToLower(name))
	if !ok || r.Name != name {
		return Role{}, cloud.Errorf(404, "NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	return r, nil
}

// DeleteRole removes a role that has no policies any more. Errors:
// NoSuchEntity, DeleteConflict.
func (s *Service) DeleteRole(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r, err := s.Role(name); {
	case err != nil:
		return err
	case len(r.Inline) > 0:
		return cloud.Errorf(409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	case len(r.Managed) > 0:
		return cloud.Errorf(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	return s.roles.Delete(strings.ToLower(name))
}

// change applies f to a copy of the role, and keeps it unless f fails.
func (s *Service) change(name string, f func(*Role) error) error {
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

func (s *Service) put(r Role) error { return s.roles.Put(strings.ToLower(r.Name), r) }

var (
	namePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern = regexp.MustCompile(`^/([!-~]+/)?$`)
)

func checkRole(r Role) error {
	if err := checkName("roleName", r.Name, 64); err != nil {
		return err
	}
	switch {
	case len(r.Path) > 512 || !pathPattern.MatchString(r.Path):
		return invalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	case utf8.RuneCountInString(r.Description) > 1000:
		return invalid("1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000")
	case r.MaxSessionSeconds < 3600:
		return invalid("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600", r.MaxSessionSeconds)
	case r.MaxSessionSeconds > 43200:
		return invalid("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200", r.MaxSessionSeconds)
	case size(r.AssumeRolePolicy) > 2048:
		return cloud.Errorf(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
	}
	_, err := ParsePolicy(TrustPolicy, r.AssumeRolePolicy)
	return err
}

func checkName(member, name string, most int) error {
	if len(name) > most {
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", member, most)
	}
	if !namePattern.MatchString(name) {
		return invalid("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", member)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return cloud.Errorf(400, "ValidationError", format, args...)
}

// size counts as IAM's quotas do, without white space.
func size(documents ...string) int {
	n := 0
	for _, d := range documents {
		for _, r := range d {
			if !unicode.IsSpace(r) {
				n++
			}
		}
	}
	return n
}
