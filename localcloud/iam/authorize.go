package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// Authorize decides by the policies of the caller's role and of the resource.
// The refusal has the code and the words of the service whose action it is.
func (s *Service) Authorize(_ context.Context, r cloud.Request) error {
	if r.Caller.Nobody() {
		return cloud.Errorf(403, "MissingAuthenticationToken", "Missing Authentication Token")
	}
	policies, err := s.identityPolicies(r.Caller)
	if err != nil {
		return err
	}
	if r.ResourcePolicy != "" {
		p, err := ParsePolicy(ResourcePolicy, r.ResourcePolicy)
		if err != nil {
			return fmt.Errorf("policy of %s: %w", r.Resource, err)
		}
		policies = append(policies, p)
	}
	r.Context = s.contextKeys(r)
	if d := Evaluate(r, policies); d.Effect == Deny {
		return refuse(r, d)
	}
	return nil
}

// administrator is AWS's AdministratorAccess. As on AWS, a resource's policy
// may still deny.
const administrator = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// sessionRole is the role behind a session. A session may outlive it, but not
// what it allowed; one made again under the same name is another role.
func (s *Service) sessionRole(c cloud.Caller) (Role, bool) {
	r, err := s.Role(c.Role)
	if err != nil || !strings.HasPrefix(c.UserID, r.ID+":") {
		return Role{}, false
	}
	return r, true
}

// identityPolicies are those attached to the caller.
func (s *Service) identityPolicies(c cloud.Caller) ([]*Policy, error) {
	documents := map[string]string{}
	if c.Administrator {
		documents["AdministratorAccess"] = administrator
	}
	role, _ := s.sessionRole(c)
	maps.Copy(documents, role.Inline)
	for _, arn := range role.Managed {
		document, err := ManagedPolicy(arn)
		if err != nil {
			return nil, err
		}
		documents[arn] = document
	}
	var policies []*Policy
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		p, err := ParsePolicy(IdentityPolicy, documents[name])
		if err != nil {
			return nil, fmt.Errorf("policy %s of %s: %w", name, c, err)
		}
		p.Name = name
		policies = append(policies, p)
	}
	return policies, nil
}

// contextKeys are the request's own condition keys and those that follow from
// its caller, place and time, which win.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (s *Service) contextKeys(r cloud.Request) map[string][]string {
	now := time.Now().UTC()
	k := maps.Clone(r.Context)
	if k == nil {
		k = map[string][]string{}
	}
	set := func(key, value string) { k[key] = []string{value} }
	set("aws:CurrentTime", now.Format(time.RFC3339))
	set("aws:EpochTime", strconv.FormatInt(now.Unix(), 10))
	set("aws:RequestedRegion", s.place.Region)
	// The loopback has no TLS, but it stands for AWS's endpoint, which has: a
	// policy that refuses plain HTTP on AWS must not lock everybody out here.
	set("aws:SecureTransport", "true")
	set("aws:PrincipalIsAWSService", strconv.FormatBool(r.Caller.Service != ""))
	if r.Caller.Service != "" {
		set("aws:PrincipalServiceName", r.Caller.Service)
		if r.Caller.SourceARN != (cloud.ARN{}) {
			set("aws:SourceArn", r.Caller.SourceARN.String())
			set("aws:SourceAccount", s.place.Account)
			set("aws:SourceOwner", s.place.Account) // its older name, in the default policy of topics
		}
		return k
	}
	set("aws:PrincipalAccount", r.Caller.ARN.Account)
	set("aws:PrincipalArn", r.Caller.ARN.String())
	set("aws:userid", r.Caller.UserID)
	if r.Caller.Role == "" {
		set("aws:PrincipalType", "User")
		set("aws:username", strings.TrimPrefix(r.Caller.ARN.Resource, "user/"))
		return k
	}
	set("aws:PrincipalType", "AssumedRole")
	if role, ok := s.sessionRole(r.Caller); ok {
		set("aws:PrincipalArn", s.RoleARN(role).String())
		for tag, value := range role.Tags {
			set("aws:PrincipalTag/"+tag, value)
		}
	}
	return k
}
