package iam

import (
	"context"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// query prepares a request for evaluation. Its condition keys are those of the
// request and of the client's request in ctx, and those that follow from the
// caller, the place and the time, which take precedence. All of the latter are in
// sentKeys. The argument id is the role of the caller's session, or nil.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (s *Service) query(ctx context.Context, r cloud.Request, id *identity) query {
	q := newQuery(r)
	now := time.Now().UTC()
	q.keys.derive = func(name string) (string, bool) { return s.derive(r, name, now) }
	if r.Caller.Service == "" {
		// A call by a service does not have the keys of the client that caused it.
		q.keys.client = cloud.ConditionKeys(ctx)
	}
	if id != nil {
		q.keys.role = id.keys
	}
	return q
}

// derive returns the value of a key that follows from the request: the caller, the place or the
// time, and false if there is no such key for this caller.
func (s *Service) derive(r cloud.Request, name string, now time.Time) (string, bool) {
	c := r.Caller
	switch name {
	case "aws:currenttime":
		return now.Format(time.RFC3339), true
	case "aws:epochtime":
		return strconv.FormatInt(now.Unix(), 10), true
	case "aws:requestedregion":
		return s.place.Region, true
	case "aws:resourceaccount":
		return s.place.Account, true
	case "aws:securetransport":
		// The local endpoint has no TLS, but it represents AWS's endpoint, which has. A
		// policy that refuses plain HTTP on AWS must not lock everyone out here.
		return "true", true
	case "aws:viaawsservice":
		// Only KMS is called with the credentials of the caller of another service.
		return strconv.FormatBool(c.Service == "" && len(r.Context["kms:ViaService"]) > 0), true
	case "aws:principalisawsservice":
		return strconv.FormatBool(c.Service != ""), true
	}
	switch {
	case c.Service != "":
		return s.deriveService(c, name)
	case c.Role != "":
		return deriveSession(c, name)
	case c.Anonymous():
		return deriveAnonymous(name)
	}
	return deriveUser(c, name)
}

// deriveService returns the value of a key of a call by a service principal.
func (s *Service) deriveService(c cloud.Caller, name string) (string, bool) {
	hasSource := c.SourceARN != (cloud.ARN{})
	switch name {
	case "aws:principalservicename":
		return c.Service, true
	case "aws:sourcearn":
		return c.SourceARN.String(), hasSource
	case "aws:sourceaccount", "aws:sourceowner": // the older name, used in the default policy of topics
		return s.place.Account, hasSource
	}
	return "", false
}

// deriveIdentity returns the value of a key of a request by a user or a session.
func deriveIdentity(c cloud.Caller, name string) (string, bool) {
	switch name {
	case "aws:principalaccount":
		return c.ARN.Account, true
	case "aws:principalarn":
		return c.ARN.String(), true
	case "aws:userid":
		return c.UserID, true
	}
	return "", false
}

// deriveAnonymous returns the value of a key of a request without a signature.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
func deriveAnonymous(name string) (string, bool) {
	switch name {
	case "aws:principaltype":
		return "Anonymous", true
	case "aws:userid":
		return "anonymous", true
	}
	return "", false
}

func deriveUser(c cloud.Caller, name string) (string, bool) {
	switch name {
	case "aws:principaltype":
		return "User", true
	case "aws:username":
		return strings.TrimPrefix(c.ARN.Resource, "user/"), true
	}
	return deriveIdentity(c, name)
}

// deriveSession returns the value of a key of a request by a role session. Its
// temporary credentials were issued to a service, that is, without MFA.
//
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
func deriveSession(c cloud.Caller, name string) (string, bool) {
	switch name {
	case "aws:principaltype":
		return "AssumedRole", true
	case "aws:multifactorauthpresent":
		return "false", true
	case "aws:tokenissuetime":
		return c.Issued.UTC().Format(time.RFC3339), !c.Issued.IsZero()
	case "lambda:sourcefunctionarn":
		return c.SourceFunction.String(), c.SourceFunction != (cloud.ARN{})
	}
	return deriveIdentity(c, name)
}
