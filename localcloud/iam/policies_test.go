package iam

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

const limit = "arn:aws:iam::000000000000:policy/team/limit"

func TestManagedPolicyLifecycle(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(dir)
	must(t, err)
	s, err := New(place, st)
	must(t, err)
	created, err := s.CreatePolicy(ManagedPolicy{Name: "limit", Path: "/team/", Description: "bounds", Document: mayPublish})
	must(t, err)
	if !strings.HasPrefix(created.ID, "ANPA") || created.Created.IsZero() || s.PolicyARN(created) != limit {
		t.Errorf("created %+v with the ARN %s", created, s.PolicyARN(created))
	}
	_, err = s.CreateRole(Role{Name: "bounded", AssumeRolePolicy: trustsLambda, PermissionsBoundary: limit})
	must(t, err)
	_, err = s.CreateRole(Role{Name: "attached", AssumeRolePolicy: trustsLambda})
	must(t, err)
	must(t, s.AttachRolePolicy("attached", limit))
	if got := s.Attachments(limit); got != 1 {
		t.Errorf("%d attachments, want 1: a boundary does not count", got)
	}

	must(t, st.Close())
	st, err = store.Open(dir)
	must(t, err)
	defer st.Close()
	s, err = New(place, st)
	must(t, err)
	got, err := s.Policy(limit)
	must(t, err)
	if diff := cmp.Diff(created, got); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	for _, name := range []string{"bounded", "attached"} {
		if id := s.identity(name); id.err != nil || len(id.policies) != 1 || id.policies[0].Name != limit {
			t.Errorf("after a restart, %s has the policies %v: %v", name, id.policies, id.err)
		}
	}

	wantError(t, s.DeletePolicy(limit), "DeleteConflict: Cannot delete a policy attached to entities.")
	must(t, s.DetachRolePolicy("attached", limit))
	wantError(t, s.DeletePolicy(limit), "DeleteConflict: Cannot delete a policy attached to entities.")
	_, err = s.UpdateRole(Role{Name: "bounded", AssumeRolePolicy: trustsLambda})
	must(t, err)
	must(t, s.DeletePolicy(limit))
	wantError(t, s.DeletePolicy(limit), "NoSuchEntity: Policy "+limit+" was not found.")
}

func TestManagedPoliciesRefuse(t *testing.T) {
	s := newService(t)
	_, err := s.CreatePolicy(ManagedPolicy{Name: "limit", Document: mayPublish})
	must(t, err)
	const absent, ours = "arn:aws:iam::000000000000:policy/absent", "arn:aws:iam::000000000000:policy/limit"
	_, err = s.CreateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda, PermissionsBoundary: ours})
	must(t, err)

	create := func(p ManagedPolicy) error { _, err := s.CreatePolicy(p); return err }
	update := func(arn, document string) error { _, err := s.UpdatePolicy(arn, document, nil); return err }
	bounded := func(arn string) error {
		_, err := s.CreateRole(Role{Name: "r", AssumeRolePolicy: trustsLambda, PermissionsBoundary: arn})
		return err
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{create(ManagedPolicy{Name: "Limit", Document: mayPublish}), "EntityAlreadyExists: A policy called Limit already exists. Duplicate names are not allowed."},
		{create(ManagedPolicy{Name: "a b", Document: mayPublish}), "ValidationError: The specified value for policyName is invalid."},
		{create(ManagedPolicy{Name: "p", Document: trustsLambda}), "MalformedPolicyDocument: Policy document should not specify a principal."},
		{create(ManagedPolicy{Name: "p", Document: mayPublish + strings.Repeat("x", 6144)}), "LimitExceeded: Cannot exceed quota for PolicySize: 6144"},
		{update(ours, trustsLambda), "MalformedPolicyDocument: Policy document should not specify a principal."},
		{update(absent, mayPublish), "NoSuchEntity: Policy " + absent + " was not found."},
		{update("arn:aws:iam::111111111111:policy/limit", mayPublish), "NoSuchEntity: Policy arn:aws:iam::111111111111:policy/limit was not found."},
		{s.AttachRolePolicy("worker", absent), "NoSuchEntity: Policy " + absent + " does not exist or is not attachable."},
		{bounded(absent), "NoSuchEntity: Scope ARN: " + absent + " does not exist or is not attachable."},
		{bounded(numbers), "ValidationError: ARN " + numbers + " is not valid."},
		{bounded("arn:aws:iam::aws:policy/PowerUserAccess"), "NoSuchEntity: Scope ARN: arn:aws:iam::aws:policy/PowerUserAccess does not exist or is not attachable. The local cloud has arn:"},
		{func() error {
			_, err := s.UpdateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda, PermissionsBoundary: absent})
			return err
		}(), "NoSuchEntity: Scope ARN: " + absent},
	} {
		wantError(t, tt.err, tt.want)
	}
	if r, err := s.Role("worker"); err != nil || r.PermissionsBoundary != ours {
		t.Errorf("a refused change modified the role: %+v, %v", r, err)
	}
}

// A permissions boundary limits the role's own policies, from the next request on.
func TestAuthorizeInBounds(t *testing.T) {
	s := newService(t)
	_, err := s.CreatePolicy(ManagedPolicy{Name: "limit", Path: "/team/", Document: mayPublish})
	must(t, err)
	caller := assume(t, s, Role{Name: "worker", PermissionsBoundary: limit},
		statement(`"Effect":"Allow","Action":["sns:*","sqs:*"],"Resource":"*"`)).Caller
	try := func(action, resourcePolicy string) error {
		return s.Authorize(t.Context(), cloud.Request{Caller: caller, Action: action, Resource: numbers, ResourcePolicy: resourcePolicy})
	}
	const refused = "AccessDenied: User: arn:aws:sts::000000000000:assumed-role/worker/s is not authorized to perform: sqs:sendmessage on resource: "

	must(t, try("sns:Publish", ""))
	wantError(t, try("sqs:SendMessage", ""), refused+numbers+" because no permissions boundary allows the sqs:sendmessage action")
	wantError(t, try("lambda:InvokeFunction", ""), "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/worker/s is not authorized to perform: "+
		"lambda:InvokeFunction on resource: "+numbers+" because no identity-based policy allows the lambda:InvokeFunction action")
	to := func(principal string) string {
		return statement(`"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*","Principal":` + principal)
	}
	wantError(t, try("sqs:SendMessage", to(`{"AWS":"arn:aws:iam::000000000000:role/worker"}`)), refused+numbers+" because no permissions boundary")
	must(t, try("sqs:SendMessage", to(`"*"`)))

	_, err = s.UpdatePolicy(limit, statement(`"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sqs:*","Resource":"*"`), nil)
	must(t, err)
	wantError(t, try("sqs:SendMessage", to(`"*"`)), refused+numbers+" with an explicit deny in a permissions boundary")
	_, err = s.UpdateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda})
	must(t, err)
	must(t, try("sqs:SendMessage", ""))
}

// Requests to AWS itself may have condition keys that no request here has.
func TestParsePolicyForAWS(t *testing.T) {
	tagged := statement(`"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/project":"tally"}}`)
	if _, err := ParsePolicy(IdentityPolicy, tagged); err == nil {
		t.Error("a role here may have a policy that depends on the tags of resources")
	}
	p, err := ParsePolicyForAWS(IdentityPolicy, tagged)
	must(t, err)
	for project, want := range map[string]Effect{"tally": Allow, "other": Deny} {
		r := cloud.Request{Action: "kms:Decrypt", Resource: "arn:aws:kms:us-east-1:000000000000:key/k", Context: map[string][]string{"aws:ResourceTag/project": {project}}}
		if got := Evaluate(r, []*Policy{p}); got.Effect != want {
			t.Errorf("project %s: %v", project, got)
		}
	}
}
