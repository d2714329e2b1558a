package iam

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"tally/localcloud/cloud"
)

var (
	_ cloud.Authorizer  = (*Service)(nil)
	_ cloud.RoleAssumer = (*Service)(nil)
)

// DeveloperKey is the developer's access key ID. It is the same everywhere; the secret
// access key is not.
const DeveloperKey = "test"

const developerID = "AIDALOCALDEVELOPERKEY"

// SetDeveloperSecret sets the developer's secret access key, which is random until
// then. It must not be called while requests are served.
func (s *Service) SetDeveloperSecret(secret string) { s.developerSecret = secret }

func (s *Service) developer() cloud.Credentials {
	return cloud.Credentials{
		AccessKeyID:     DeveloperKey,
		SecretAccessKey: s.developerSecret,
		Caller: cloud.Caller{
			ARN:           s.place.GlobalARN("iam", "user/developer"),
			UserID:        developerID,
			Administrator: true,
		},
	}
}

// Credentials returns the credentials with that access key: the developer's, or
// those of a session that has not been revoked. It fails with ExpiredToken if they have
// expired, and with InvalidClientTokenId for any other key.
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
	if !c.Expires.IsZero() && !time.Now().Before(c.Expires) {
		return cloud.Credentials{}, cloud.Errorf(403, "ExpiredToken", "The security token included in the request is expired")
	}
	return c, nil
}

// AssumeRole starts a session of a role that trusts the service. The session lasts
// until it is revoked. AssumeRole fails with AccessDenied if the role does not trust
// the service or does not exist. As on AWS, the error does not reveal which.
func (s *Service) AssumeRole(ctx context.Context, service cloud.Caller, role cloud.ARN, session string) (cloud.Credentials, error) {
	r, err := s.trusted(ctx, service, role)
	if err != nil {
		return cloud.Credentials{}, err
	}
	c := s.newSession(r, session)
	if service.Service == "lambda.amazonaws.com" {
		c.Caller.SourceFunction = service.SourceARN
	}
	s.keep(c)
	return c, nil
}

// newSession returns the credentials of a new session.
func (s *Service) newSession(r Role, session string) cloud.Credentials {
	return cloud.Credentials{
		AccessKeyID:     "ASIA" + rand.Text()[:16],
		SecretAccessKey: randomText(30),
		SessionToken:    randomText(240),
		Caller: cloud.Caller{
			ARN:    s.place.GlobalARN("sts", "assumed-role/"+r.Name+"/"+session),
			UserID: r.ID + ":" + session,
			Role:   r.Name,
			Issued: time.Now().UTC().Truncate(time.Second),
		},
	}
}

// keep makes credentials valid. It forgets those that have expired long ago, of which the
// service no longer says so.
func (s *Service) keep(c cloud.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, old := range s.sessions {
		if !old.Expires.IsZero() && time.Since(old.Expires) > maxSessionSeconds*time.Second {
			delete(s.sessions, key)
		}
	}
	s.sessions[c.AccessKeyID] = c
}

// trusted returns the role if its trust policy allows the service to assume it.
func (s *Service) trusted(ctx context.Context, service cloud.Caller, role cloud.ARN) (Role, error) {
	request := cloud.Request{Caller: service, Action: "sts:AssumeRole", Resource: role.String()}
	id := s.roleIdentity(role)
	if id == nil {
		return Role{}, refuse(request, Decision{Effect: Deny})
	}
	if id.err != nil {
		return Role{}, id.err
	}
	q := s.query(ctx, request, nil)
	d := decide(q, []*Policy{id.trust})
	if d.Effect == Deny {
		err := refuse(request, d)
		s.observe(ctx, q, nil, d, err)
		return Role{}, err
	}
	return id.role, nil
}

// Revoke ends a session. Its access key is no longer valid.
func (s *Service) Revoke(accessKeyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, accessKeyID)
}

// randomText returns n random bytes in base64.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}
