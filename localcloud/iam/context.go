package iam

import (
	"context"
	"maps"
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
	if r.Caller.Service == "" {
		// A call by a service does not have the keys of the client that caused it.
		q.keys.add(cloud.ConditionKeys(ctx))
	}
	now := time.Now().UTC()
	q.keys.set("aws:currenttime", now.Format(time.RFC3339))
	q.keys.set("aws:epochtime", strconv.FormatInt(now.Unix(), 10))
	q.keys.set("aws:requestedregion", s.place.Region)
	q.keys.set("aws:resourceaccount", s.place.Account)
	// The local endpoint has no TLS, but it represents AWS's endpoint, which has. A
	// policy that refuses plain HTTP on AWS must not lock everyone out here.
	q.keys.set("aws:securetransport", "true")
	// Only KMS is called with the credentials of the caller of another service.
	via := r.Caller.Service == "" && len(r.Context["kms:ViaService"]) > 0
	q.keys.set("aws:viaawsservice", strconv.FormatBool(via))
	if r.Caller.Service != "" {
		s.setService(q.keys, r.Caller)
		return q
	}
	q.keys.set("aws:principalisawsservice", "false")
	q.keys.set("aws:principalaccount", r.Caller.ARN.Account)
	q.keys.set("aws:principalarn", r.Caller.ARN.String())
	q.keys.set("aws:userid", r.Caller.UserID)
	if r.Caller.Role == "" {
		q.keys.set("aws:principaltype", "User")
		q.keys.set("aws:username", strings.TrimPrefix(r.Caller.ARN.Resource, "user/"))
		return q
	}
	setSession(q.keys, r.Caller)
	if id != nil {
		maps.Copy(q.keys, id.keys)
	}
	return q
}

// setService sets the keys of a call by a service principal.
func (s *Service) setService(k keys, c cloud.Caller) {
	k.set("aws:principalisawsservice", "true")
	k.set("aws:principalservicename", c.Service)
	if c.SourceARN != (cloud.ARN{}) {
		k.set("aws:sourcearn", c.SourceARN.String())
		k.set("aws:sourceaccount", s.place.Account)
		k.set("aws:sourceowner", s.place.Account) // the older name, used in the default policy of topics
	}
}

// setSession sets the keys of a role session. Its temporary credentials were issued
// to a service, that is, without MFA.
//
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
func setSession(k keys, c cloud.Caller) {
	k.set("aws:principaltype", "AssumedRole")
	k.set("aws:multifactorauthpresent", "false")
	if !c.Issued.IsZero() {
		k.set("aws:tokenissuetime", c.Issued.UTC().Format(time.RFC3339))
	}
	if c.SourceFunction != (cloud.ARN{}) {
		k.set("lambda:sourcefunctionarn", c.SourceFunction.String())
	}
}
