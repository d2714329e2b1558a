package iam

import "testing"

// AWS refuses a principal of this account that does not exist. Of other accounts,
// the local cloud knows nothing.
func TestPrincipalsMustExist(t *testing.T) {
	trusts := func(principal string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"}]}`
	}
	resource := func(principal string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"},` +
			`{"Effect":"Allow","Principal":{"AWS":["000000000000","` + principal + `"]},"Action":"sqs:SendMessage","Resource":"*"}]}`
	}
	s := newService(t)
	for _, r := range []Role{{Name: "worker"}, {Name: "reader", Path: "/team/"}} {
		r.AssumeRolePolicy = trustsLambda
		_, err := s.CreateRole(r)
		must(t, err)
	}
	for principal, exists := range map[string]bool{
		"arn:aws:iam::000000000000:role/worker":                true,
		"arn:aws:iam::000000000000:role/team/reader":           true,
		"arn:aws:iam::000000000000:user/developer":             true,
		"arn:aws:iam::000000000000:root":                       true,
		"arn:aws:sts::000000000000:assumed-role/worker/anyone": true,
		"arn:aws:iam::111111111111:role/unknown":               true,
		"*":                                                    true,
		"arn:aws:iam::000000000000:role/Worker":                false,
		"arn:aws:iam::000000000000:role/reader":                false,
		"arn:aws:iam::000000000000:role/unknown":               false,
		"arn:aws:iam::000000000000:user/unknown":               false,
		"arn:aws:iam::000000000000:user/x/developer":           false,
		"arn:aws:iam::000000000000:role/team/worker":           false,
		"arn:aws:iam::000000000000:role/team/unknown":          false,
	} {
		refusal := `MalformedPolicyDocument: Invalid principal in policy: "AWS":"` + principal + `" (Statement[`
		_, err := s.CreateRole(Role{Name: "unknown", AssumeRolePolicy: trusts(principal)}) // may not trust itself either
		check := func(err error) {
			t.Helper()
			if exists {
				must(t, err)
			} else {
				wantError(t, err, refusal)
			}
		}
		check(err)
		if exists {
			must(t, s.DeleteRole("unknown"))
		}
		check(s.CheckResourcePolicy(resource(principal)))
	}
}

func TestUpdateRoleChecksPrincipalsOfNewPolicies(t *testing.T) {
	const trustsWorker = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/worker"},"Action":"sts:AssumeRole"}}`
	s := newService(t)
	for _, r := range []Role{{Name: "worker", AssumeRolePolicy: trustsLambda}, {Name: "reader", AssumeRolePolicy: trustsWorker}} {
		_, err := s.CreateRole(r)
		must(t, err)
	}
	must(t, s.DeleteRole("worker"))
	_, err := s.UpdateRole(Role{Name: "reader", AssumeRolePolicy: trustsWorker, Description: "retains its policy"})
	must(t, err)
	_, err = s.UpdateRole(Role{Name: "reader", AssumeRolePolicy: trustsLambda})
	must(t, err)
	_, err = s.UpdateRole(Role{Name: "reader", AssumeRolePolicy: trustsWorker})
	wantError(t, err, `MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::000000000000:role/worker" (Statement[0].Principal: `)
}
