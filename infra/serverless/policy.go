package serverless

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// statement is one statement of a policy. Its effect is Allow unless Deny is
// set.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type statement struct {
	Sid       string
	Deny      bool
	Principal pulumi.Input // of a trust or resource policy: service(…), principal(…) or "*"
	Action    []string
	Resource  []pulumi.StringInput // none in a trust policy
	Condition pulumi.Map           // operator → key → value
}

// document returns the JSON of a policy with these statements.
func document(statements ...statement) pulumi.StringOutput {
	all := make(pulumi.Array, len(statements))
	for i, s := range statements {
		all[i] = s.members()
	}
	return pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String("2012-10-17"), "Statement": all})
}

// members returns the members of the statement's JSON object.
func (s statement) members() pulumi.Map {
	m := pulumi.Map{"Effect": pulumi.String("Allow"), "Action": pulumi.ToStringArray(s.Action)}
	if s.Deny {
		m["Effect"] = pulumi.String("Deny")
	}
	if s.Sid != "" {
		m["Sid"] = pulumi.String(s.Sid)
	}
	if s.Principal != nil {
		m["Principal"] = s.Principal
	}
	if len(s.Resource) > 0 {
		m["Resource"] = pulumi.StringArray(s.Resource)
	}
	if len(s.Condition) > 0 {
		m["Condition"] = s.Condition
	}
	return m
}

// assumableBy returns the trust policy of a role that an AWS service may assume.
func assumableBy(name string) pulumi.StringOutput {
	return document(statement{Principal: service(name), Action: []string{"sts:AssumeRole"}})
}

// service returns the principal of an AWS service.
func service(name string) pulumi.Input { return pulumi.StringMap{"Service": pulumi.String(name)} }

// principal returns the principal of an account or a role, by ARN.
func principal(arn pulumi.StringInput) pulumi.Input { return pulumi.StringMap{"AWS": arn} }

// from returns the condition that a service acts on behalf of the resource.
func from(arn pulumi.StringInput) pulumi.Map {
	return pulumi.Map{"ArnEquals": pulumi.StringMap{"aws:SourceArn": arn}}
}

// denyPlainHTTP returns the statement that denies every request without TLS.
func denyPlainHTTP(action string, resource pulumi.StringInput) statement {
	return statement{
		Sid: "TLSOnly", Deny: true, Principal: pulumi.String("*"), Action: []string{action}, Resource: []pulumi.StringInput{resource},
		Condition: pulumi.Map{"Bool": pulumi.StringMap{"aws:SecureTransport": pulumi.String("false")}},
	}
}
