package lambda_test

import (
	"fmt"
	"strings"
	"testing"

	"tally/localcloud/lambda"
)

var permission = lambda.Permission{
	StatementID: "sns", Action: "lambda:InvokeFunction", Principal: "sns.amazonaws.com",
	SourceARN: "arn:aws:sns:us-east-1:000000000000:numbers",
}

func TestPolicy(t *testing.T) {
	const sessionARN = "arn:aws:sts::000000000000:assumed-role/worker/session"
	s := newKit(t).open(t)
	create(t, s, "add")
	_, err := s.Policy("add")
	expectError(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")

	for _, p := range []lambda.Permission{
		permission,
		{StatementID: "both", Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com", SourceARN: "arn:aws:s3:::b", SourceAccount: "111122223333"},
		{StatementID: "account", Action: "lambda:*", Principal: "111122223333"},
		{StatementID: "role", Action: "lambda:InvokeFunction", Principal: roleARN},
		{StatementID: "session", Action: "lambda:InvokeFunction", Principal: sessionARN},
		{StatementID: "all", Action: "*", Principal: "*"},
	} {
		if err := s.AddPermission("add", p); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Permission("add", p.StatementID); err != nil || got != p {
			t.Errorf("Permission(%s) = %+v, %v", p.StatementID, got, err)
		}
	}
	const end = `,"Resource":"` + addARN + `"`
	want := `{"Version":"2012-10-17","Id":"default","Statement":[` +
		`{"Sid":"sns","Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"lambda:InvokeFunction"` + end +
		`,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:sns:us-east-1:000000000000:numbers"}}},` +
		`{"Sid":"both","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction"` + end +
		`,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"},"StringEquals":{"AWS:SourceAccount":"111122223333"}}},` +
		`{"Sid":"account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"lambda:*"` + end + `},` +
		`{"Sid":"role","Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":"lambda:InvokeFunction"` + end + `},` +
		`{"Sid":"session","Effect":"Allow","Principal":{"AWS":"` + sessionARN + `"},"Action":"lambda:InvokeFunction"` + end + `},` +
		`{"Sid":"all","Effect":"Allow","Principal":"*","Action":"*"` + end + `}]}`
	if got, err := s.Policy("add"); err != nil || got != want {
		t.Errorf("Policy =\n%s, %v, want\n%s", got, err, want)
	}

	expectError(t, s.AddPermission("add", permission), "ResourceConflictException", "The statement id (sns) provided already exists. "+
		"Please provide a new statement id, or remove the existing statement.")
	if err := s.RemovePermission("add", "sns"); err != nil {
		t.Error(err)
	}
	expectError(t, s.RemovePermission("add", "sns"), "ResourceNotFoundException", "Statement sns is not found in resource policy.")
	_, err = s.Permission("add", "sns")
	expectError(t, err, "ResourceNotFoundException", "Statement sns is not found")
}

// TestPermissionByARN checks that the function of a permission may be given in any
// form that Resolve accepts.
func TestPermissionByARN(t *testing.T) {
	s := newKit(t).open(t)
	create(t, s, "add")
	if err := s.AddPermission(addARN, permission); err != nil {
		t.Fatal(err)
	}
	for _, function := range []string{"add", addARN, "000000000000:function:add"} {
		if got, err := s.Permission(function, "sns"); err != nil || got != permission {
			t.Errorf("Permission(%s) = %+v, %v", function, got, err)
		}
	}
	if err := s.RemovePermission(addARN, "sns"); err != nil {
		t.Error(err)
	}
}

func TestPolicySize(t *testing.T) {
	s := newKit(t).open(t)
	create(t, s, "add")
	p := permission
	var err error
	for n := 0; err == nil && n < 100; n++ {
		p.StatementID = fmt.Sprintf("%0100d", n)
		err = s.AddPermission("add", p)
	}
	expectError(t, err, "PolicyLengthExceededException", "The final policy size (20")
	policy, err := s.Policy("add")
	if err != nil || len(policy) > 20480 || len(policy) < 20000 {
		t.Errorf("policy of %d bytes, %v", len(policy), err)
	}
}

func TestAddPermissionRefused(t *testing.T) {
	s := newKit(t).open(t)
	create(t, s, "add")
	for _, tc := range []struct {
		function   string
		change     func(*lambda.Permission)
		code, text string
	}{
		{"sub", func(*lambda.Permission) {}, "ResourceNotFoundException", "Function not found: "},
		{"a b", func(*lambda.Permission) {}, "ValidationException", "1 validation error detected: Value 'a b' at 'functionName'"},
		{"add", func(p *lambda.Permission) { p.StatementID = "a b" }, "ValidationException", "1 validation error detected: Value 'a b' at 'statementId'"},
		{"add", func(p *lambda.Permission) { p.StatementID = strings.Repeat("a", 101) }, "ValidationException",
			"1 validation error detected: Value '" + strings.Repeat("a", 101) + "' at 'statementId' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"add", func(p *lambda.Permission) { p.Action = "sns:Publish" }, "ValidationException", "1 validation error detected: Value 'sns:Publish' at 'action'"},
		{"add", func(p *lambda.Permission) { p.Principal = "sns" }, "InvalidParameterValueException", "The provided principal was invalid."},
		{"add", func(p *lambda.Permission) { p.Principal = permission.SourceARN }, "InvalidParameterValueException", "The provided principal was invalid."},
		{"add", func(p *lambda.Permission) { p.Principal = "arn:aws:iam::000000000000:policy/p" }, "InvalidParameterValueException", "The provided principal was invalid."},
		{"add", func(p *lambda.Permission) { p.Principal = "arn:aws:iam::0:role/worker" }, "InvalidParameterValueException", "The provided principal was invalid."},
	} {
		p := permission
		tc.change(&p)
		expectError(t, s.AddPermission(tc.function, p), tc.code, tc.text)
	}
}
