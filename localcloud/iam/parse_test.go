package iam

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"tally/localcloud/cloud"
)

func TestParsePolicyAccepts(t *testing.T) {
	for name, tt := range map[string]struct {
		kind     Kind
		document string
	}{
		"statement without list": {IdentityPolicy, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}}`},
		"every element":          {IdentityPolicy, `{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"a1","Effect":"Deny","NotAction":["sns:*","*"],"NotResource":["arn:aws:sns:*:*:a*","arn:aws:s3:::b"],"Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"s3:max-keys":[10,"20"]}}},{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"}]}`},
		"no version":             {IdentityPolicy, `{"Statement":{"Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:::${"}}`},
		"no conditions":          {IdentityPolicy, `{"Statement":{"Effect":"Allow","Action":"sns:Publish","Resource":"*","Condition":{}}}`},
		"trust by pattern":       {TrustPolicy, `{"Statement":{"Effect":"Allow","Principal":"*","Action":["sts:*","STS:assumeRole*"]}}`},
		"trust":                  {TrustPolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","edgelambda.amazonaws.com"]},"Action":["sts:AssumeRole","sts:TagSession"]}]}`},
		"principals":             {ResourcePolicy, `{"Version":"2008-10-17","Statement":{"Sid":"a b-c","Effect":"Allow","Principal":{"AWS":["*","000000000000","arn:aws:iam::000000000000:root","arn:aws:iam::000000000000:role/p/r","arn:aws:sts::000000000000:assumed-role/r/s"],"Service":"sns.amazonaws.com","Federated":"accounts.google.com"},"Action":"SNS:Publish","Resource":"*"}}`},
		"not principal":          {ResourcePolicy, `{"Statement":{"Effect":"Deny","NotPrincipal":"*","Action":"sns:*","Resource":"*"}}`},
	} {
		if _, err := ParsePolicy(tt.kind, tt.document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// statement returns a document with one statement. Its version supports variables.
func statement(elements string) string {
	return `{"Version":"2012-10-17","Statement":[{` + elements + `}]}`
}

func TestParsePolicyRefuses(t *testing.T) {
	const (
		syntaxWords = "Syntax errors in policy. "
		prefixed    = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. "
		actions     = "Policy statement must contain actions. "
		resources   = "Policy statement must contain resources. "
		allow       = `"Effect":"Allow","Action":"sns:Publish",`
		allowAll    = allow + `"Resource":"*"`
		trust       = `"Effect":"Allow","Action":"sts:AssumeRole"`
	)
	for _, tt := range []struct {
		kind              Kind
		document, message string
	}{
		// the document
		{IdentityPolicy, `no JSON`, syntaxWords + "(document: not valid JSON)"},
		{IdentityPolicy, `{} {}`, syntaxWords + "(document: not valid JSON)"},
		{TrustPolicy, `no JSON`, "This policy contains invalid Json (document: not valid JSON)"},
		{IdentityPolicy, `[]`, syntaxWords + "(document: must be an object)"},
		{IdentityPolicy, `{"Version":"2012-10-17"}`, syntaxWords + "(document: has no Statement)"},
		{IdentityPolicy, `{"Version":"2012-10-17","Statement":[]}`, syntaxWords + "(document: has no Statement)"},
		{IdentityPolicy, `{"Version":"2012-10-17","Statement":["x"]}`, syntaxWords + "(Statement[0]: must be an object)"},
		{IdentityPolicy, `{"Version":"2013-10-17","Statement":{` + allowAll + `}}`, syntaxWords + `(Version: must be "2012-10-17")`},
		{IdentityPolicy, `{"Version":"2012-10-17","Id":[],"Statement":{` + allowAll + `}}`, syntaxWords + "(Id: must be a string)"},
		{IdentityPolicy, `{"Statements":[]}`, syntaxWords + `(document: unknown element "Statements")`},
		{IdentityPolicy, statement(allowAll + `,"Effect":"Deny"`), syntaxWords + `(document: "Effect" appears twice in one object)`},
		// elements
		{IdentityPolicy, statement(allowAll + `,"Principle":"*"`), syntaxWords + `(Statement[0]: unknown element "Principle")`},
		{TrustPolicy, statement(trust + `,"Principle":"*"`), `Unknown field Principle (Statement[0]: unknown element "Principle")`},
		{IdentityPolicy, statement(allowAll + `,"Sid":1`), syntaxWords + "(Statement[0].Sid: must be a string)"},
		{IdentityPolicy, statement(allowAll + `,"Sid":"a b"`), `Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]* (Statement[0].Sid: found "a b")`},
		{IdentityPolicy, statement(allowAll + `,"Sid":"a"},{` + allowAll + `,"Sid":"a"`), `Statement IDs (SID) in a single policy must be unique. (Statement[1]: repeats the Sid "a")`},
		{IdentityPolicy, statement(`"Action":"sns:Publish","Resource":"*"`), syntaxWords + "(Statement[0]: has no Effect)"},
		{IdentityPolicy, statement(`"Effect":"allow","Action":"sns:Publish","Resource":"*"`), syntaxWords + `(Statement[0].Effect: must be "Allow" or "Deny")`},
		// actions
		{IdentityPolicy, statement(`"Effect":"Allow","Resource":"*"`), actions + "(Statement[0]: has no Action)"},
		{IdentityPolicy, statement(`"Effect":"Allow","Action":[],"Resource":"*"`), actions + "(Statement[0]: has no Action)"},
		{IdentityPolicy, statement(`"Effect":"Allow","Action":null,"Resource":"*"`), syntaxWords + "(Statement[0].Action: must be a string or a list of strings)"},
		{IdentityPolicy, statement(`"Effect":"Allow","Action":"sns","Resource":"*"`), prefixed + `(Statement[0].Action: found "sns")`},
		{IdentityPolicy, statement(`"Effect":"Allow","NotAction":"","Resource":"*"`), prefixed + `(Statement[0].NotAction: found "")`},
		{IdentityPolicy, statement(`"Effect":"Allow","Action":"s:3:Get","Resource":"*"`), `Actions/Condition can contain only one colon. (Statement[0].Action: found "s:3:Get")`},
		{IdentityPolicy, statement(`"Effect":"Allow","Action":"a a:Get","Resource":"*"`), `Vendor a a is not valid (Statement[0].Action: found "a a:Get")`},
		{IdentityPolicy, statement(`"Effect":"Allow","Action":"sns:*","NotAction":"sns:*","Resource":"*"`), syntaxWords + "(Statement[0]: has both Action and NotAction)"},
		{TrustPolicy, statement(`"Effect":"Allow","Principal":"*","Action":"*"`), `AssumeRole policy may only specify STS AssumeRole actions. (Statement[0].Action: found "*", not sts:AssumeRole, sts:AssumeRoleWithSAML, sts:AssumeRoleWithWebIdentity, sts:SetContext, sts:SetSourceIdentity, sts:TagSession)`},
		// resources
		{IdentityPolicy, statement(`"Effect":"Allow","Action":"sns:Publish"`), resources + "(Statement[0]: has no Resource)"},
		{IdentityPolicy, statement(allow + `"Resource":[]`), resources + "(Statement[0]: has no Resource)"},
		{IdentityPolicy, statement(allow + `"Resource":{"a":"*"}`), syntaxWords + "(Statement[0].Resource: must be a string or a list of strings)"},
		{IdentityPolicy, statement(allow + `"Resource":""`), `Resource  must be in ARN format or "*". (Statement[0].Resource: an ARN starts with arn:aws:)`},
		{IdentityPolicy, statement(allow + `"Resource":["*","numbers"]`), `Resource numbers must be in ARN format or "*". (Statement[0].Resource: an ARN starts with arn:aws:)`},
		{IdentityPolicy, statement(allow + `"Resource":"arn:error:s3:::b"`), `Partition "error" is not valid for resource "arn:error:s3:::b". (Statement[0].Resource: the local cloud has only the partition aws)`},
		{IdentityPolicy, statement(allow + `"Resource":"arn:aws"`), `Resource vendor must be fully qualified and cannot contain regexes. (Statement[0].Resource: found "arn:aws")`},
		{IdentityPolicy, statement(allow + `"Resource":"arn:aws:s*:::b"`), `Resource vendor must be fully qualified and cannot contain regexes. (Statement[0].Resource: found "arn:aws:s*:::b")`},
		{IdentityPolicy, statement(allow + `"Resource":"arn:aws:s3::b"`), `The policy failed legacy parsing (Statement[0].Resource: an ARN has six parts, "arn:aws:s3::b" has 5)`},
		{IdentityPolicy, statement(allow + `"Resource":"arn:aws:s3:::${"`), syntaxWords + `(Statement[0].Resource: "${" has no closing brace)`},
		{TrustPolicy, statement(trust + `,"Principal":"*","Resource":"*"`), "Has prohibited field Resource (Statement[0]: a trust policy applies to the role it is attached to)"},
		// principals
		{IdentityPolicy, statement(allowAll + `,"Principal":"*"`), "Policy document should not specify a principal. (Statement[0]: it applies to the identity it is attached to)"},
		{ResourcePolicy, statement(allowAll), syntaxWords + "(Statement[0]: has no Principal)"},
		{TrustPolicy, statement(trust), "Missing required field Principal (Statement[0]: has no Principal)"},
		{ResourcePolicy, statement(allowAll + `,"Principal":"000000000000"`), syntaxWords + `(Statement[0].Principal: must be "*" or an object with AWS, Service or Federated)`},
		{ResourcePolicy, statement(allowAll + `,"Principal":{}`), syntaxWords + `(Statement[0].Principal: must be "*" or an object with AWS, Service or Federated)`},
		{ResourcePolicy, statement(allowAll + `,"Principal":{"aws":"*"}`), syntaxWords + `(Statement[0].Principal: unknown element "aws"; only AWS, Service and Federated are allowed)`},
		{ResourcePolicy, statement(allowAll + `,"Principal":{"AWS":[]}`), syntaxWords + "(Statement[0].Principal.AWS: must be a string or a list of at least one string)"},
		{ResourcePolicy, statement(allowAll + `,"Principal":{"AWS":"arn:aws:iam::000000000000:role/*"}`), `Invalid principal in policy: "AWS":"arn:aws:iam::000000000000:role/*" (Statement[0].Principal: check its spelling)`},
		{TrustPolicy, statement(trust + `,"Principal":{"Service":"lambda"}`), `Invalid principal in policy: "SERVICE":"lambda" (Statement[0].Principal: did you mean lambda.amazonaws.com?)`},
		{TrustPolicy, statement(trust + `,"Principal":{"Federated":""}`), `Invalid principal in policy: "FEDERATED":"" (Statement[0].Principal: check its spelling)`},
		// conditions
		{IdentityPolicy, statement(allowAll + `,"Condition":[]`), syntaxWords + "(Statement[0].Condition: must be an object)"},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"StringEqual":{}}`), syntaxWords + "(Statement[0].Condition.StringEqual: is not a condition operator)"},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"ForSomeValues:StringEquals":{}}`), syntaxWords + "(Statement[0].Condition.ForSomeValues:StringEquals: is not a condition operator)"},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"NullIfExists":{}}`), syntaxWords + "(Statement[0].Condition.NullIfExists: is not a condition operator)"},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"StringEquals":"b"}`), syntaxWords + "(Statement[0].Condition.StringEquals: must be an object of condition keys)"},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"StringEquals":{"a":"b"}}`), prefixed + `(Statement[0].Condition.StringEquals: found "a")`},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"StringEquals":{"a:b":[]}}`), syntaxWords + "(Statement[0].Condition.StringEquals.a:b: must not be empty)"},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"StringEquals":{"a:b":{}}}`), syntaxWords + "(Statement[0].Condition.StringEquals.a:b: must be a string or a list of strings)"},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"StringLike":{"a:b":"${c}"}}`), syntaxWords + "(Statement[0].Condition.StringLike.a:b: ${c} is not a policy variable; use ${aws:key}, ${aws:key, 'default'}, ${*}, ${?} or ${$})"},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"NumericEquals":{"a:b":"ten"}}`), syntaxWords + `(Statement[0].Condition.NumericEquals.a:b: "ten" is not a number)`},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"NumericEquals":{"a:b":"NaN"}}`), syntaxWords + `(Statement[0].Condition.NumericEquals.a:b: "NaN" is not a number)`},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"NumericEquals":{"a:b":"0x1p4"}}`), syntaxWords + `(Statement[0].Condition.NumericEquals.a:b: "0x1p4" is not a number)`},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"DateLessThan":{"a:b":"soon"}}`), syntaxWords + `(Statement[0].Condition.DateLessThan.a:b: "soon" is not a date such as 2026-01-31T12:00:00Z)`},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"Bool":{"a:b":"yes"}}`), syntaxWords + `(Statement[0].Condition.Bool.a:b: "yes" is neither "true" nor "false")`},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"IpAddress":{"a:b":"1.2.3"}}`), syntaxWords + `(Statement[0].Condition.IpAddress.a:b: "1.2.3" is neither an IP address nor a range such as 203.0.113.0/24)`},
		{IdentityPolicy, statement(allowAll + `,"Condition":{"ArnLike":{"a:b":"arn:aws:sns"}}`), syntaxWords + `(Statement[0].Condition.ArnLike.a:b: "arn:aws:sns" is not an ARN such as arn:aws:sns:*:*:numbers)`},
	} {
		_, err := ParsePolicy(tt.kind, tt.document)
		if want := "MalformedPolicyDocument: " + tt.message; err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", tt.document, err, want)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, seed := range []string{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		statement(`"Sid":"a","Effect":"Deny","NotPrincipal":{"AWS":["000000000000","*"]},"Action":"sns:*","NotResource":"arn:aws:sns:*:*:${aws:username, 'x'}*"`),
		statement(`"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"`),
		statement(`"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"ForAllValues:ArnLikeIfExists":{"aws:SourceArn":["arn:aws:sns:*:*:*","*"]},"DateLessThan":{"aws:CurrentTime":2030},"BinaryEquals":{"a:b":"AA=="}}`),
		`{"Statement":[{"Effect":"Allow","Effect":"Deny"}]}`, `{`, `""`, `{"Statement":null}`,
	} {
		f.Add(seed)
	}
	request := cloud.Request{
		Caller:   cloud.Caller{Service: "sns.amazonaws.com"},
		Action:   "sqs:SendMessage",
		Resource: "arn:aws:sqs:us-east-1:000000000000:q",
		Context:  map[string][]string{"aws:SourceArn": {"arn:aws:sns:us-east-1:000000000000:t"}},
	}
	f.Fuzz(func(t *testing.T, document string) {
		for _, kind := range []Kind{IdentityPolicy, ResourcePolicy, TrustPolicy} {
			p, err := ParsePolicy(kind, document)
			if err != nil {
				if cloud.ErrorCode(err) != "MalformedPolicyDocument" {
					t.Errorf("%v", err)
				}
				continue
			}
			// White space has no meaning: without it, the decision is the same.
			var compact bytes.Buffer
			if err := json.Compact(&compact, []byte(document)); err != nil {
				t.Fatal(err)
			}
			again, err := ParsePolicy(kind, compact.String())
			if err != nil {
				t.Fatal(err)
			}
			d, e := Evaluate(request, []*Policy{p}), Evaluate(request, []*Policy{again})
			if d.Effect != e.Effect || len(d.Reasons) != len(e.Reasons) {
				t.Errorf("decision %v, but %v without white space", d, e)
			}
			// The parser is strict: an unknown element is an error.
			if _, err := ParsePolicy(kind, strings.Replace(document, "{", `{"Extra":1,`, 1)); err == nil {
				t.Error("an unknown element is accepted")
			}
		}
	})
}
