package iam

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

const (
	trustsLambda = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	mayPublish   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}`
	basic        = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	xray         = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
)

func newService(t *testing.T) *Service {
	t.Helper()
	s, err := New(place, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks that err begins with want: some errors end with a list.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRoleLifecycle(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(dir)
	must(t, err)
	s, err := New(place, st)
	must(t, err)

	created, err := s.CreateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda, Inline: map[string]string{"no": "notice"}})
	must(t, err)
	if created.Path != "/" || created.MaxSessionSeconds != 3600 || created.Inline != nil || created.Created.IsZero() {
		t.Errorf("created %+v", created)
	}
	if !strings.HasPrefix(created.ID, "AROA") || len(created.ID) != 21 {
		t.Errorf("ID %q", created.ID)
	}
	if got := s.RoleARN(created).String(); got != "arn:aws:iam::000000000000:role/worker" {
		t.Errorf("ARN %s", got)
	}

	must(t, s.PutRolePolicy("worker", "publish", mayPublish))
	before, err := s.Role("worker")
	must(t, err)
	must(t, s.PutRolePolicy("worker", "other", mayPublish))
	must(t, s.AttachRolePolicy("worker", basic))
	must(t, s.AttachRolePolicy("worker", basic))
	must(t, s.AttachRolePolicy("worker", xray))
	if len(before.Inline) != 1 {
		t.Error("a change to a role modifies a copy that was read before")
	}
	updated, err := s.UpdateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda, Description: "works", MaxSessionSeconds: 7200, Tags: map[string]string{"a": "b"}})
	must(t, err)

	must(t, st.Close())
	st, err = store.Open(dir)
	must(t, err)
	defer st.Close()
	s, err = New(place, st)
	must(t, err)
	want := created
	want.Description, want.MaxSessionSeconds, want.Tags = "works", 7200, map[string]string{"a": "b"}
	want.Inline = map[string]string{"publish": mayPublish, "other": mayPublish}
	want.Managed = []string{basic, xray}
	got, err := s.Role("worker")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, updated); diff != "" {
		t.Errorf("updated role (-want +got):\n%s", diff)
	}

	session, err := s.AssumeRole(t.Context(), byLambda("s"), s.RoleARN(got), "s")
	must(t, err)
	must(t, s.Authorize(t.Context(), cloud.Request{Caller: session.Caller, Action: "sns:Publish", Resource: numbers}))

	wantError(t, s.DeleteRole("worker"), "DeleteConflict: Cannot delete entity, must delete policies first.")
	must(t, s.DeleteRolePolicy("worker", "publish"))
	must(t, s.DeleteRolePolicy("worker", "other"))
	wantError(t, s.DeleteRole("worker"), "DeleteConflict: Cannot delete entity, must detach all policies first.")
	must(t, s.DetachRolePolicy("worker", basic))
	must(t, s.DetachRolePolicy("worker", xray))
	must(t, s.DeleteRole("worker"))
	_, err = s.Role("worker")
	wantError(t, err, "NoSuchEntity: The role with name worker cannot be found.")
}

func TestCreateRoleRefuses(t *testing.T) {
	s := newService(t)
	_, err := s.CreateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda})
	must(t, err)
	const wrongName = "ValidationError: The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
	for want, r := range map[string]Role{
		"EntityAlreadyExists: Role with name worker already exists.": {Name: "worker"},
		"EntityAlreadyExists: Role with name WORKER already exists.": {Name: "WORKER"},
		wrongName: {Name: "a b"},
		"ValidationError: 1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64":                      {Name: strings.Repeat("a", 65)},
		"ValidationError: The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.":                  {Name: "r", Path: "/a"},
		"ValidationError: 1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000":                 {Name: "r", Description: strings.Repeat("é", 1001)},
		"ValidationError: 1 validation error detected: Value at 'description' failed to satisfy constraint: Member must satisfy regular expression pattern: [":                  {Name: "r", Description: "€"},
		"ValidationError: 1 validation error detected: Value '3599' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600": {Name: "r", MaxSessionSeconds: 3599},
		"ValidationError: 1 validation error detected: Value '43201' at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200":  {Name: "r", MaxSessionSeconds: 43201},
		"LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048":                             {Name: "r", AssumeRolePolicy: strings.Repeat("x", 2049)},
		"MalformedPolicyDocument: This policy contains invalid Json (document: not valid JSON)":   {Name: "r", AssumeRolePolicy: "{"},
		"MalformedPolicyDocument: Has prohibited field Resource (Statement[0]: a trust":           {Name: "r", AssumeRolePolicy: mayPublish},
		"InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive.": {Name: "r", Tags: map[string]string{"stage": "dev", "Stage": "prod"}},
	} {
		if r.AssumeRolePolicy == "" {
			r.AssumeRolePolicy = trustsLambda
		}
		_, err := s.CreateRole(r)
		wantError(t, err, want)
	}
	_, err = s.CreateRole(Role{AssumeRolePolicy: trustsLambda})
	wantError(t, err, wrongName)
	_, err = s.CreateRole(Role{Name: "r", Path: "/a/b/", AssumeRolePolicy: trustsLambda + strings.Repeat(" \n", 2048)})
	must(t, err) // white space does not count
}

func TestRolePoliciesRefuse(t *testing.T) {
	s := newService(t)
	_, err := s.CreateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda})
	must(t, err)
	// 3,500 characters without white space.
	long := strings.Replace(mayPublish, "sns:Publish", "sns:"+strings.Repeat("P", 3500-len(mayPublish)+len("Publish")), 1)
	must(t, s.PutRolePolicy("worker", "a", long))
	must(t, s.PutRolePolicy("worker", "b", strings.ReplaceAll(long, ",", " ,\n")))
	must(t, s.PutRolePolicy("worker", "b", long)) // replaces

	_, updateErr := s.UpdateRole(Role{Name: "worker", AssumeRolePolicy: mayPublish})
	_, missingErr := s.UpdateRole(Role{Name: "nobody", AssumeRolePolicy: trustsLambda})
	for _, tt := range []struct {
		err  error
		want string
	}{
		{s.PutRolePolicy("worker", "c", long), "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role worker"},
		{s.PutRolePolicy("worker", "a b", mayPublish), "ValidationError: The specified value for policyName is invalid."},
		{s.PutRolePolicy("worker", "d", trustsLambda), "MalformedPolicyDocument: Policy document should not specify a principal."},
		{s.PutRolePolicy("a b", "d", mayPublish), "ValidationError: The specified value for roleName is invalid."},
		{s.AttachRolePolicy(place.GlobalARN("iam", "role/worker").String(), basic), "ValidationError: The specified value for roleName is invalid."},
		{s.PutRolePolicy("worker", "d", long+strings.Repeat("x", 7000)), "LimitExceeded: Maximum policy size of 10240 bytes exceeded"},
		{s.PutRolePolicy("nobody", "d", mayPublish), "NoSuchEntity: The role with name nobody cannot be found."},
		{s.DeleteRolePolicy("worker", "c"), "NoSuchEntity: The role policy with name c cannot be found."},
		{s.AttachRolePolicy("worker", "arn:aws:iam::aws:policy/PowerUserAccess"), "NoSuchEntity: Policy arn:aws:iam::aws:policy/PowerUserAccess does not exist or is not attachable. The local cloud has arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess, arn:"},
		{s.DetachRolePolicy("worker", basic), "NoSuchEntity: Policy " + basic + " was not found."},
		{s.DeleteRole("Worker"), "NoSuchEntity: The role with name Worker cannot be found."},
		{updateErr, "MalformedPolicyDocument: Has prohibited field Resource"},
		{missingErr, "NoSuchEntity: The role with name nobody cannot be found."},
	} {
		wantError(t, tt.err, tt.want)
	}
	r, err := s.Role("worker")
	must(t, err)
	if len(r.Inline) != 2 || r.AssumeRolePolicy != trustsLambda {
		t.Errorf("a refused change modified the role: %v", r)
	}
}

func TestManagedPoliciesAreValid(t *testing.T) {
	for arn := range managedPolicies {
		must(t, CheckManagedPolicy(arn))
		p, err := newService(t).parseManaged(IdentityPolicy, arn)
		must(t, err)
		if p.Name != arn || p.Kind != IdentityPolicy || len(p.Statements) != 1 {
			t.Errorf("%s: %+v", arn, p)
		}
	}
}
