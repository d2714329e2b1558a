package iam

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// Assumption holds the parameters of Assume.
type Assumption struct {
	Role       string // ARN
	Session    string // 2 to 64 letters, digits and any of _+=,.@-
	Seconds    int    // 900 to the maximum of the role; 0 means 3,600
	Policy     string // limits the session, as JSON of up to 2,048 characters; "" does not
	ExternalID string // 2 to 1,224 characters; "" for none
}

const (
	minAssumedSeconds = 900
	maxChainedSeconds = 3600
	maxSessionPolicy  = 2048 // characters
)

var (
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]+$`) // 2 to 1,224 characters
)

// Assume starts a session of a role for a user or for a session of a role of the account.
// The role's trust policy must name the caller or, if it names the account, the caller's own
// policies must allow sts:AssumeRole. Assume fails with AccessDenied, ValidationError and
// MalformedPolicyDocument.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (s *Service) Assume(ctx context.Context, caller cloud.Caller, a Assumption) (cloud.Credentials, error) {
	if err := a.check(); err != nil {
		return cloud.Credentials{}, err
	}
	request := cloud.Request{Caller: caller, Action: "sts:AssumeRole", Resource: a.Role, Context: map[string][]string{}}
	if a.ExternalID != "" {
		request.Context["sts:ExternalId"] = []string{a.ExternalID}
	}
	r, err := s.assumable(ctx, request)
	if err != nil {
		return cloud.Credentials{}, err
	}
	seconds := cmp.Or(a.Seconds, minSessionSeconds)
	switch {
	case caller.Role != "" && seconds > maxChainedSeconds:
		return cloud.Credentials{}, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case seconds > r.MaxSessionSeconds:
		return cloud.Credentials{}, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	c := s.newSession(r, a.Session)
	c.Expires = c.Caller.Issued.Add(time.Duration(seconds) * time.Second)
	c.Caller.SessionPolicy = a.Policy
	s.keep(c)
	return c, nil
}

func (a Assumption) check() error {
	switch {
	case !strings.HasPrefix(a.Role, "arn:"):
		return invalid("%s is invalid", a.Role)
	case !sessionName.MatchString(a.Session):
		return violated(a.Session, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*, and have length from 2 to 64`)
	case a.Seconds != 0 && a.Seconds < minAssumedSeconds:
		return violated(a.Seconds, "durationSeconds", "Member must have value greater than or equal to %d", minAssumedSeconds)
	case a.Seconds > maxSessionSeconds:
		return violated(a.Seconds, "durationSeconds", "Member must have value less than or equal to %d", maxSessionSeconds)
	case a.ExternalID != "" && (len(a.ExternalID) < 2 || len(a.ExternalID) > 1224 || !externalID.MatchString(a.ExternalID)):
		return violated(a.ExternalID, "externalId", `Member must satisfy regular expression pattern: [\w+=,.@:\/-]*, and have length from 2 to 1224`)
	case utf8.RuneCountInString(a.Policy) > maxSessionPolicy:
		return violated("…", "policy", "Member must have length less than or equal to %d", maxSessionPolicy)
	case a.Policy == "":
		return nil
	}
	_, err := ParsePolicy(SessionPolicy, a.Policy)
	return err
}

// assumable returns the role of a request if the caller may assume it. As on AWS, the error
// does not reveal whether the role exists.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html
func (s *Service) assumable(ctx context.Context, r cloud.Request) (Role, error) {
	arn, err := cloud.ParseARN(r.Resource)
	if err != nil {
		return Role{}, invalid("%s is invalid", r.Resource)
	}
	id := s.roleIdentity(arn)
	if id == nil {
		return Role{}, refuse(r, Decision{Effect: Deny})
	}
	if id.err != nil {
		return Role{}, id.err
	}
	own := s.sessionIdentity(r.Caller)
	q := s.query(ctx, r, own)
	trusted := decide(q, []*Policy{id.trust})
	delegated := slices.ContainsFunc(id.trust.Statements, func(st Statement) bool {
		return st.Effect == Allow && st.principals.delegate(q) && st.appliesTo(q)
	})
	if trusted.Effect == Deny && (len(trusted.Reasons) > 0 || !delegated) {
		return Role{}, refuse(r, trusted)
	}
	policies, err := s.callerPolicies(r.Caller, own)
	if err != nil {
		return Role{}, fmt.Errorf("caller: %w", err)
	}
	d := decide(q, append([]*Policy{id.trust}, policies...))
	if d.Effect == Deny {
		err = refuse(r, d)
	}
	s.observe(ctx, q, own, d, err)
	return id.role, err
}
