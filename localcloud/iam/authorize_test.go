package iam

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
)

// assume creates a role with inline policies and returns the credentials of a
// session of the role.
func assume(t *testing.T, s *Service, r Role, inline ...string) cloud.Credentials {
	t.Helper()
	r.AssumeRolePolicy = trustsLambda
	created, err := s.CreateRole(r)
	must(t, err)
	for i, document := range inline {
		must(t, s.PutRolePolicy(r.Name, "p"+string(rune('0'+i)), document))
	}
	c, err := s.AssumeRole(t.Context(), byLambda("s"), s.RoleARN(created), "s")
	must(t, err)
	return c
}

func TestAuthorizeErrors(t *testing.T) {
	s := newService(t)
	denyAll := statement(`"Effect":"Deny","Action":"*","Resource":"*"`)
	closed := statement(`"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"`)
	plain := assume(t, s, Role{Name: "plain"}).Caller
	denied := assume(t, s, Role{Name: "denied"}, denyAll).Caller
	developer, err := s.Credentials("test")
	must(t, err)

	const user = "User: arn:aws:sts::000000000000:assumed-role/"
	for _, tt := range []struct {
		caller           cloud.Caller
		action, resource string
		policy           string
		status           int
		want             string
	}{
		{plain, "sns:Publish", numbers, "", 403,
			"AuthorizationError: " + user + "plain/s is not authorized to perform: SNS:Publish on resource: " + numbers + " because no identity-based policy allows the SNS:Publish action"},
		{plain, "lambda:InvokeFunction", "arn:x", "", 403,
			"AccessDeniedException: " + user + "plain/s is not authorized to perform: lambda:InvokeFunction on resource: arn:x because no identity-based policy allows the lambda:InvokeFunction action"},
		{plain, "logs:PutLogEvents", "arn:x", "", 400,
			"AccessDeniedException: " + user + "plain/s is not authorized to perform: logs:PutLogEvents on resource: arn:x because no identity-based policy allows the logs:PutLogEvents action"},
		{plain, "sqs:SendMessage", "arn:x", "", 403,
			"AccessDenied: " + user + "plain/s is not authorized to perform: sqs:sendmessage on resource: arn:x because no identity-based policy allows the sqs:sendmessage action"},
		{denied, "sns:Publish", numbers, "", 403,
			"AuthorizationError: " + user + "denied/s is not authorized to perform: SNS:Publish on resource: " + numbers + " with an explicit deny in an identity-based policy"},
		{developer.Caller, "sns:Publish", numbers, closed, 403,
			"AuthorizationError: User: arn:aws:iam::000000000000:user/developer is not authorized to perform: SNS:Publish on resource: " + numbers + " with an explicit deny in a resource-based policy"},
		{service, "lambda:InvokeFunction", "arn:x", "", 403,
			"AccessDeniedException: User: sns.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: arn:x because no resource-based policy allows the lambda:InvokeFunction action"},
		{cloud.Caller{}, "sns:Publish", numbers, strings.ReplaceAll(closed, "Deny", "Allow"), 403,
			"MissingAuthenticationToken: Missing Authentication Token"},
	} {
		err := s.Authorize(t.Context(), cloud.Request{Caller: tt.caller, Action: tt.action, Resource: tt.resource, ResourcePolicy: tt.policy})
		if err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
			continue
		}
		if got := err.(*cloud.Error).Status; got != tt.status {
			t.Errorf("%v: status %d, want %d", err, got, tt.status)
		}
	}

	err = s.Authorize(t.Context(), cloud.Request{Caller: plain, Action: "ec2:RunInstances", Resource: "*"})
	wantError(t, err, "iam: ec2:RunInstances is denied to arn:aws:sts::000000000000:assumed-role/plain/s, but the error that service \"ec2\" returns for this is unknown")
	err = s.Authorize(t.Context(), cloud.Request{Caller: plain, Action: "sns:Publish", Resource: numbers, ResourcePolicy: "{"})
	wantError(t, err, "policy of "+numbers+": MalformedPolicyDocument: ")
}

func TestAuthorizeByRolePolicies(t *testing.T) {
	s := newService(t)
	caller := assume(t, s, Role{Name: "worker"}, mayPublish).Caller
	allowed := func(action string) bool {
		return s.Authorize(t.Context(), cloud.Request{Caller: caller, Action: action, Resource: numbers}) == nil
	}
	if !allowed("sns:Publish") || allowed("logs:PutLogEvents") {
		t.Error("the inline policy does not take effect")
	}
	must(t, s.AttachRolePolicy("worker", basic))
	if !allowed("logs:PutLogEvents") {
		t.Error("the managed policy does not take effect")
	}
	must(t, s.DetachRolePolicy("worker", basic))
	must(t, s.DeleteRolePolicy("worker", "p0"))
	if allowed("logs:PutLogEvents") || allowed("sns:Publish") {
		t.Error("removed policies still take effect")
	}

	must(t, s.DeleteRole("worker"))
	_ = assume(t, s, Role{Name: "worker"}, mayPublish)
	if allowed("sns:Publish") {
		t.Error("a session has the permissions of a new role with the same name")
	}
}

func TestDeveloperIsAdministrator(t *testing.T) {
	s := newService(t)
	c, err := s.Credentials("test")
	must(t, err)
	if len(c.SecretAccessKey) < 20 || c.SessionToken != "" || c.Caller.String() != "arn:aws:iam::000000000000:user/developer" || len(c.Caller.UserID) != 21 {
		t.Errorf("%+v", c)
	}
	must(t, s.Authorize(t.Context(), cloud.Request{Caller: c.Caller, Action: "sns:Publish", Resource: numbers}))
}

// TestClockOfTheMachine checks that a session, which lasts until it is revoked, survives
// steps of the machine's clock, and is revoked all the same.
func TestClockOfTheMachine(t *testing.T) {
	for name, tc := range map[string]struct{ before, after time.Duration }{
		"back":       {time.Hour, 0},
		"days ahead": {0, 72 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			var session cloud.Credentials
			synctest.Test(t, func(t *testing.T) { // each bubble begins at the same time
				time.Sleep(tc.before)
				session = assume(t, s, Role{Name: "worker"}, mayPublish)
			})
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(tc.after)
				found, err := s.Credentials(session.AccessKeyID)
				must(t, err)
				if found.SessionToken != session.SessionToken {
					t.Errorf("found %+v", found)
				}
				must(t, s.Authorize(t.Context(), cloud.Request{Caller: found.Caller, Action: "sns:Publish", Resource: numbers}))
				s.Revoke(session.AccessKeyID)
				if _, err := s.Credentials(session.AccessKeyID); cloud.ErrorCode(err) != "InvalidClientTokenId" {
					t.Errorf("after it was revoked: %v", err)
				}
			})
		})
	}
}

// TestContextKeys checks each key with a policy that denies any other value.
func TestContextKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		developer, err := s.Credentials("test")
		must(t, err)
		worker := assume(t, s, Role{Name: "worker", Path: "/team/", Tags: map[string]string{"Stage": "dev"}}).Caller

		now := time.Now().UTC() // does not advance in this bubble
		client := cloud.WithConditionKeys(t.Context(), map[string][]string{
			"aws:SourceIp": {"127.0.0.1"}, "aws:UserAgent": {"aws-cli/2"}, "aws:referer": {"https://www.example.com/"},
			"aws:SecureTransport": {"false"}, // ignored: the client does not determine it
		})
		seen := map[string]bool{}
		for _, tt := range []struct {
			caller     cloud.Caller
			key, value string // a value of "" means that the key is missing
		}{
			{worker, "aws:PrincipalArn", "arn:aws:iam::000000000000:role/team/worker"},
			{worker, "aws:PrincipalAccount", "000000000000"},
			{worker, "aws:PrincipalType", "AssumedRole"},
			{worker, "aws:PrincipalIsAWSService", "false"},
			{worker, "aws:PrincipalTag/stage", "dev"},
			{worker, "aws:RequestTag/other", ""},
			{worker, "ssm:Overwrite", "true"},
			{worker, "ssm:Recursive", "false"},
			{worker, "secretsmanager:VersionStage", "AWSCURRENT"},
			{worker, "aws:userid", worker.UserID},
			{worker, "aws:username", ""},
			{worker, "aws:SourceArn", ""},
			{worker, "aws:SourceAccount", ""},
			{worker, "aws:TokenIssueTime", "2000-01-01T00:00:00Z"},
			{worker, "aws:MultiFactorAuthPresent", "false"},
			{worker, "aws:ResourceAccount", "000000000000"},
			{worker, "aws:ViaAWSService", "false"},
			{worker, "aws:SourceIp", "127.0.0.1"},
			{worker, "aws:UserAgent", "aws-cli/2"},
			{worker, "aws:PrincipalServiceName", ""},
			{worker, "aws:SourceOwner", ""},
			{worker, "aws:SecureTransport", "true"},
			{worker, "aws:RequestedRegion", "us-east-1"},
			{worker, "aws:CurrentTime", now.Format(time.RFC3339)},
			{worker, "aws:EpochTime", "946684800"}, // the start of a bubble's clock
			{worker, "sns:Protocol", "lambda"},
			{worker, "sns:Endpoint", "arn:f"},
			{worker, "sts:ExternalId", "id"},
			{worker, "cloudwatch:namespace", "tally"},
			{developer.Caller, "aws:PrincipalArn", "arn:aws:iam::000000000000:user/developer"},
			{developer.Caller, "aws:PrincipalType", "User"},
			{developer.Caller, "aws:username", "developer"},
			{developer.Caller, "aws:userid", "AIDALOCALDEVELOPERKEY"},
			{developer.Caller, "aws:PrincipalAccount", "000000000000"},
			{developer.Caller, "aws:referer", "https://www.example.com/"},
			{developer.Caller, "aws:TokenIssueTime", ""},
			{developer.Caller, "aws:MultiFactorAuthPresent", ""},
			{worker, "aws:RequestTag/Team", "a"},
			{worker, "aws:TagKeys", "team"},
			{worker, "lambda:Principal", "sns.amazonaws.com"},
			{worker, "lambda:FunctionArn", "arn:aws:lambda:us-east-1:000000000000:function:s"},
			{worker, "lambda:FunctionUrlAuthType", "NONE"},
			{worker, "lambda:InvokedViaFunctionUrl", "true"},
			{cloud.Caller{}, "aws:PrincipalType", "Anonymous"},
			{cloud.Caller{}, "aws:userid", "anonymous"},
			{cloud.Caller{}, "aws:PrincipalArn", ""},
			{cloud.Caller{}, "aws:PrincipalAccount", ""},
			{cloud.Caller{}, "aws:username", ""},
			{cloud.Caller{}, "aws:SourceIp", "127.0.0.1"},
			{service, "aws:PrincipalIsAWSService", "true"},
			{service, "aws:PrincipalServiceName", "sns.amazonaws.com"},
			{service, "aws:SourceArn", numbers},
			{service, "aws:SourceAccount", "000000000000"},
			{service, "aws:SourceOwner", "000000000000"},
			{service, "aws:PrincipalArn", ""},
			{service, "aws:PrincipalAccount", ""},
			{service, "aws:ViaAWSService", "false"},
			{service, "aws:ResourceAccount", "000000000000"},
			{service, "aws:SourceIp", ""}, // the client of the service is not the caller
			{service, "aws:UserAgent", ""},
			{cloud.Caller{Service: "sns.amazonaws.com"}, "aws:SourceArn", ""},
		} {
			denied := `"StringNotEquals":{"` + tt.key + `":"` + tt.value + `"}`
			if tt.value == "" {
				denied = `"Null":{"` + tt.key + `":"false"}`
			}
			name, _, tagged := strings.Cut(tt.key, "/")
			if tagged {
				name += "/"
			}
			seen[name] = seen[name] || tt.value != ""
			err := s.Authorize(client, cloud.Request{
				Caller: tt.caller, Action: "sns:Subscribe", Resource: numbers, Public: true,
				ResourcePolicy: statement(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
					{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{` + denied + `}`),
				// The last is ignored: the request does not determine it.
				Context: map[string][]string{"sns:Protocol": {"lambda"}, "sns:Endpoint": {"arn:f"}, "sts:ExternalId": {"id"}, "cloudwatch:namespace": {"tally"}, "aws:RequestTag/team": {"a"}, "aws:TagKeys": {"team"},
					"lambda:Principal": {"sns.amazonaws.com"}, "lambda:FunctionArn": {"arn:aws:lambda:us-east-1:000000000000:function:s"}, "aws:SecureTransport": {"false"},
					"lambda:FunctionUrlAuthType": {"NONE"}, "lambda:InvokedViaFunctionUrl": {"true"}, "ssm:Overwrite": {"true"}, "ssm:Recursive": {"false"}, "secretsmanager:VersionStage": {"AWSCURRENT"}},
			})
			if err != nil {
				t.Errorf("%s of %s is not %q", tt.key, tt.caller, tt.value)
			}
		}
		// This key is refused in resource policies, so it is tested in an identity policy.
		const source = "lambda:SourceFunctionArn"
		only := `"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"` + source + `":"arn:aws:lambda:us-east-1:000000000000:function:s"}}`
		must(t, s.PutRolePolicy("worker", "source", statement(only)))
		lambdaItself := worker
		lambdaItself.SourceFunction = cloud.ARN{}
		for caller, allowed := range map[cloud.Caller]bool{worker: true, lambdaItself: false} {
			err := s.Authorize(client, cloud.Request{Caller: caller, Action: "sqs:SendMessage", Resource: "*"})
			if seen[source] = true; (err == nil) != allowed {
				t.Errorf("%s of a session for %q: %v", source, caller.SourceFunction, err)
			}
		}
		for _, key := range sentKeys {
			own := strings.HasPrefix(key, "kms:") || strings.HasPrefix(key, "dynamodb:") || strings.HasPrefix(key, "secretsmanager:")
			if !seen[key] && !own { // see packages kms, dynamodb and gateway
				t.Errorf("no request has a value for %s", key)
			}
		}
	})
}

// Only a request that needs no signature may be anonymous, and only a statement for everyone
// allows it.
func TestAnonymousCallers(t *testing.T) {
	s := newService(t)
	nobody := "AccessDeniedException: User: anonymous is not authorized to perform: lambda:InvokeFunctionUrl on resource: " + numbers +
		" because no resource-based policy allows the lambda:InvokeFunctionUrl action"
	allow := func(principal string) string {
		return statement(`"Effect":"Allow","Principal":` + principal + `,"Action":"lambda:*","Resource":"*"`)
	}
	for _, tt := range []struct {
		policy string
		public bool
		want   string
	}{
		{allow(`"*"`), true, ""},
		{allow(`"*"`), false, "MissingAuthenticationToken: Missing Authentication Token"},
		{allow(`{"AWS":"*"}`), true, ""},
		{allow(`{"AWS":"000000000000"}`), true, nobody},
		{allow(`{"Service":"lambda.amazonaws.com"}`), true, nobody},
		{"", true, nobody},
	} {
		got := ""
		if err := s.Authorize(t.Context(), cloud.Request{Action: "lambda:InvokeFunctionUrl", Resource: numbers, ResourcePolicy: tt.policy, Public: tt.public}); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s, public %t: %q, want %q", tt.policy, tt.public, got, tt.want)
		}
	}
}

func TestAssumeRole(t *testing.T) {
	s := newService(t)
	role, err := s.CreateRole(Role{Name: "worker", Path: "/team/", AssumeRolePolicy: trustsLambda})
	must(t, err)
	arn := s.RoleARN(role)

	c, err := s.AssumeRole(t.Context(), byLambda("add-numbers"), arn, "add-numbers")
	must(t, err)
	if !strings.HasPrefix(c.AccessKeyID, "ASIA") || len(c.AccessKeyID) != 20 || len(c.SecretAccessKey) != 40 || c.SessionToken == "" {
		t.Errorf("credentials %+v", c)
	}
	want := cloud.Caller{ARN: place.GlobalARN("sts", "assumed-role/worker/add-numbers"), UserID: role.ID + ":add-numbers", Role: "worker",
		Issued: c.Caller.Issued, SourceFunction: place.ARN("lambda", "function:add-numbers")}
	if age := time.Since(c.Caller.Issued); c.Caller != want || age < 0 || age > time.Minute || c.Caller.Issued.Nanosecond() != 0 {
		t.Errorf("caller %+v, want %+v", c.Caller, want)
	}
	known, err := s.Credentials(c.AccessKeyID)
	must(t, err)
	if known != c {
		t.Errorf("the access key belongs to %+v", known)
	}
	s.Revoke(c.AccessKeyID)
	_, err = s.Credentials(c.AccessKeyID)
	wantError(t, err, "InvalidClientTokenId: The security token included in the request is invalid.")

	withoutPath := place.GlobalARN("iam", "role/worker")
	for principal, refused := range map[string]cloud.ARN{"sns.amazonaws.com": arn, "lambda.amazonaws.com": withoutPath} {
		_, err := s.AssumeRole(t.Context(), cloud.Caller{Service: principal}, refused, "s")
		wantError(t, err, "AccessDenied: User: "+principal+" is not authorized to perform: sts:AssumeRole on resource: "+refused.String()+" because no role trust policy allows the sts:AssumeRole action")
	}
	role.AssumeRolePolicy = strings.Replace(trustsLambda, "Allow", "Deny", 1)
	_, err = s.UpdateRole(role)
	must(t, err)
	_, err = s.AssumeRole(t.Context(), byLambda("s"), arn, "s")
	wantError(t, err, "AccessDenied: User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: "+arn.String()+" with an explicit deny in the role trust policy")
}

func TestAssumeRoleOnBehalfOfAResource(t *testing.T) {
	s := newService(t)
	role, err := s.CreateRole(Role{Name: "worker", AssumeRolePolicy: strings.Replace(trustsLambda, `"sts:AssumeRole"`, `"sts:AssumeRole",`+
		`"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"},"ArnLike":{"aws:SourceArn":"arn:aws:lambda:*:*:function:add-*"}}`, 1)})
	must(t, err)
	_, err = s.AssumeRole(t.Context(), byLambda("add-numbers"), s.RoleARN(role), "s")
	must(t, err)
	_, err = s.AssumeRole(t.Context(), byLambda("other"), s.RoleARN(role), "s")
	wantError(t, err, "AccessDenied: User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: "+s.RoleARN(role).String()+" because no role trust policy allows the sts:AssumeRole action")
}

// byLambda is Lambda on behalf of a function.
func byLambda(function string) cloud.Caller {
	return cloud.Caller{Service: "lambda.amazonaws.com", SourceARN: place.ARN("lambda", "function:"+function)}
}

func TestConcurrentUse(t *testing.T) {
	s := newService(t)
	role, err := s.CreateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda})
	must(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			name := string(rune('a' + i))
			if err := s.PutRolePolicy("worker", name, mayPublish); err != nil {
				t.Error(err)
			}
			c, err := s.AssumeRole(context.Background(), byLambda(name), s.RoleARN(role), name)
			if err != nil {
				t.Error(err)
			}
			if err := s.Authorize(context.Background(), cloud.Request{Caller: c.Caller, Action: "sns:Publish", Resource: numbers}); err != nil {
				t.Error(err)
			}
			s.Revoke(c.AccessKeyID)
		})
	}
	wg.Wait()
	if r, _ := s.Role("worker"); len(r.Inline) != 8 {
		t.Errorf("the role has %d policies, want 8", len(r.Inline))
	}
}
