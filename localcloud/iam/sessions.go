package iam

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"

	"tally/localcloud/cloud"
)

var (
	_ cloud.Authorizer  = (*Service)(nil)
	_ cloud.RoleAssumer = (*Service)(nil)
)

// The developer's own keys. They are no secret: they open a cloud that listens
// on the loopback only.
const (
	DeveloperKey    = "test" // access key id
	DeveloperSecret = "test" // secret access key
	developerID     = "AIDALOCALDEVELOPERKEY"
)

func (s *Service) developer() cloud.Credentials {
	return cloud.Credentials{
		AccessKeyID:     DeveloperKey,
		SecretAccessKey: DeveloperSecret,
		Caller: cloud.Caller{
			ARN:           s.place.GlobalARN("iam", "user/developer"),
			UserID:        developerID,
			Administrator: true,
		},
	}
}

// Credentials are those of an access key: the developer's, or a session's that
// was not revoked. It fails with InvalidClientTokenId for any other.
func (s *Service) Credentials(accessKeyID string) (cloud.Credentials, error) {
	if accessKeyID == DeveloperKey {
		return s.developer(), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.sessions[accessKeyID]
	if !ok {
		return c, cloud.Errorf(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	return c, nil
}

// AssumeRole starts a session of a role that trusts the service principal; it
// lasts until Revoke. AccessDenied where the role does not trust it or does
// not exist: AWS does not tell which.
func (s *Service) AssumeRole(_ context.Context, principal string, role cloud.ARN, session string) (cloud.Credentials, error) {
	r, err := s.trusted(principal, role)
	if err != nil {
		return cloud.Credentials{}, err
	}
	c := cloud.Credentials{
		AccessKeyID:     "ASIA" + rand.Text()[:16],
		SecretAccessKey: randomText(30),
		SessionToken:    randomText(240),
		Caller: cloud.Caller{
			ARN:    s.place.GlobalARN("sts", "assumed-role/"+r.Name+"/"+session),
			UserID: r.ID + ":" + session,
			Role:   r.Name,
		},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[c.AccessKeyID] = c
	return c, nil
}

// trusted is the role, if its trust policy lets the service assume it.
func (s *Service) trusted(principal string, role cloud.ARN) (Role, error) {
	request := cloud.Request{
		Caller:   cloud.Caller{Service: principal},
		Action:   "sts:AssumeRole",
		Resource: role.String(),
	}
	request.Context = s.contextKeys(request)
	r, err := s.Role(role.Resource[strings.LastIndex(role.Resource, "/")+1:])
	if err != nil || s.RoleARN(r) != role {
		return Role{}, refuse(request, Decision{Effect: Deny})
	}
	trust, err := ParsePolicy(TrustPolicy, r.AssumeRolePolicy)
	if err != nil {
		return Role{}, err
	}
	if d := Evaluate(request, []*Policy{trust}); d.Effect == Deny {
		return Role{}, refuse(request, d)
	}
	return r, nil
}

// Revoke ends a session; its access key is unknown from then on.
func (s *Service) Revoke(accessKeyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, accessKeyID)
}

// randomText is n random bytes in base64.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}
