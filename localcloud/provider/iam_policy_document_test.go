package provider

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// policyDocumentOf calls the data source with arguments in JSON.
func (c cloudUnderTest) policyDocumentOf(args string) (resource.PropertyMap, error) {
	c.t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(args), &m); err != nil {
		c.t.Fatal(err)
	}
	res, err := c.Invoke(c.t.Context(), &pulumirpc.InvokeRequest{
		Tok: "aws:iam/getPolicyDocument:getPolicyDocument", Args: c.raw(resource.NewPropertyMapFromMap(m))})
	if err != nil {
		return nil, err
	}
	return c.properties(res.Return), nil
}

// The first documents and their JSON are those of the real provider's own tests. The
// orders of sets are those of its hashes.
func TestPolicyDocuments(t *testing.T) {
	c := start(t)
	for name, test := range map[string]struct{ args, want string }{
		"empty": {`{}`, `{"Version":"2012-10-17"}`},
		"sets are descending": {
			`{"policyId":"policy_id","statements":[{"sid":"1","actions":["s3:ListAllMyBuckets","s3:GetBucketLocation","s3:GetBucketLocation"],"resources":["arn:aws:s3:::*"]}]}`,
			`{"Version":"2012-10-17","Id":"policy_id","Statement":[{"Sid":"1","Effect":"Allow","Action":["s3:ListAllMyBuckets","s3:GetBucketLocation"],"Resource":"arn:aws:s3:::*"}]}`},
		"values keep their order": {
			`{"statements":[{"actions":["s3:ListBucket"],"resources":["arn:aws:s3:::foo"],"conditions":[{"test":"StringLike","variable":"s3:prefix","values":["home/","","home/&{aws:username}/"]}],
				"notPrincipals":[{"type":"AWS","identifiers":["arn:blahblah:example"]}]}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::foo","NotPrincipal":{"AWS":"arn:blahblah:example"},` +
				`"Condition":{"StringLike":{"s3:prefix":["home/","","home/${aws:username}/"]}}}]}`},
		"variables": {
			`{"statements":[{"actions":["s3:*"],"resources":["arn:aws:s3:::foo/home/&{aws:username}","arn:aws:s3:::foo/home/&{aws:username}/*"],"principals":[{"type":"AWS","identifiers":["arn:blahblah:example"]}]}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::foo/home/${aws:username}/*","arn:aws:s3:::foo/home/${aws:username}"],"Principal":{"AWS":"arn:blahblah:example"}}]}`},
		"all but": {
			`{"statements":[{"effect":"Deny","notActions":["s3:*"],"notResources":["arn:aws:s3:::*"]}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"s3:*","NotResource":"arn:aws:s3:::*"}]}`},
		"everyone": {
			`{"statements":[{"actions":["kinesis:*"],"principals":[{"type":"AWS","identifiers":["*"]}]},{"actions":["firehose:*"],"principals":[{"type":"*","identifiers":["*"]}]}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kinesis:*","Principal":{"AWS":"*"}},{"Effect":"Allow","Action":"firehose:*","Principal":"*"}]}`},
		"blocks of principals are in the order of their hashes": {
			`{"statements":[{"principals":[{"type":"AWS","identifiers":["c","a"]},{"type":"AWS","identifiers":["b"]},{"type":"AWS","identifiers":["d"]},{"type":"AWS","identifiers":["e","x","f"]},
				{"type":"AWS","identifiers":["f","e","x"]},{"type":"Service","identifiers":["sns.amazonaws.com"]},{"type":"AWS","identifiers":["g"]},{"type":"AWS","identifiers":["111111111111"]}]}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["d","111111111111","b","g","x","f","e","c","a"],"Service":"sns.amazonaws.com"}}]}`},
		"blocks of conditions are in the order of their hashes": {
			`{"statements":[{"conditions":[{"test":"StringLike","variable":"aws:SourceArn","values":["a","b"]},{"test":"StringLike","variable":"aws:SourceArn","values":["c"]},
				{"test":"StringLike","variable":"aws:SourceArn","values":["d","","e"]},{"test":"StringLike","variable":"aws:SourceArn","values":["f"]},{"test":"StringLike","variable":"aws:SourceArn","values":["g"]},
				{"test":"StringLike","variable":"aws:SourceArn","values":["c"]},{"test":"Bool","variable":"aws:SecureTransport","values":["true"]}]}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Condition":{"Bool":{"aws:SecureTransport":"true"},"StringLike":{"aws:SourceArn":["d","","e","f","c","a","b","g"]}}}]}`},
		"the earlier version": {
			`{"version":"2008-10-17","statements":[{"actions":["*"],"resources":["*"]}]}`,
			`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
		"characters of HTML": {
			`{"statements":[{"resources":["<&>"]}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"\u003c\u0026\u003e"}]}`},
		"sources": {
			`{"sourcePolicyDocuments":["{\"Id\":\"a\",\"Version\":\"2008-10-17\",\"Statement\":[{\"Sid\":\"one\",\"Effect\":\"Allow\",\"Action\":[\"b\",\"c\",\"a\"],\"Resource\":\"&{x}\"},{\"Sid\":\"two\",\"Effect\":\"Deny\",\"Action\":\"x\"}]}",
				"","{\"Statement\":[{\"Action\":[\"s\"]},{\"Action\":7}]}"], "statements":[{"sid":"one","actions":["own"]}]}`,
			`{"Version":"2012-10-17","Id":"a","Statement":[{"Sid":"one","Effect":"Allow","Action":"own"},{"Sid":"two","Effect":"Deny","Action":"x"},{"Action":["s"]},{"Action":7}]}`},
		"overrides": {
			`{"policyId":"own","statements":[{"sid":"one","actions":["a"]},{"actions":["unnamed"]}],
				"overridePolicyDocuments":["{\"Statement\":[{\"Sid\":\"one\",\"Action\":\"b\"},{\"Sid\":\"\",\"Action\":\"unnamed\"}]}","{\"Id\":\"last\",\"Statement\":[{\"Sid\":\"one\",\"Action\":\"c\"},{\"Sid\":\"new\"}]}"]}`,
			`{"Version":"2012-10-17","Id":"last","Statement":[{"Sid":"one","Action":"c"},{"Effect":"Allow","Action":"unnamed"},{"Action":"unnamed"},{"Sid":"new"}]}`},
		"principals and conditions of sources": {
			`{"sourcePolicyDocuments":["{\"Statement\":[{\"Principal\":{\"Service\":[\"a\",\"c\",\"a\"],\"AWS\":[\"x\"],\"Federated\":\"f\"},\"Condition\":{\"Bool\":{\"k\":true},\"StringEquals\":{\"l\":[\"b\",\"a\"],\"m\":[\"c\"],\"n\":\"d\"},\"NumericEquals\":{\"o\":7}}},` +
				`{\"Principal\":\"everyone\"},{\"NotPrincipal\":{\"*\":[\"*\"]}},{\"Principal\":{}}]}"]}`,
			`{"Version":"2012-10-17","Statement":[{"Principal":{"AWS":["x"],"Federated":"f","Service":["c","a","a"]},"Condition":{"Bool":{"k":"true"},"StringEquals":{"l":["b","a"],"m":"c","n":"d"}}},` +
				`{"Principal":"*"},{"NotPrincipal":"*"},{}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.policyDocumentOf(test.args)
			if err != nil {
				t.Fatal(err)
			}
			if m := got["minifiedJson"].StringValue(); m != test.want {
				t.Errorf("got  %s\nwant %s", m, test.want)
			}
		})
	}
}

func TestPolicyDocumentOutputs(t *testing.T) {
	got, err := start(t).policyDocumentOf(`{"statements":[{"actions":["b","a"],"resources":["*"]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "outputs", got, resource.NewPropertyMapFromMap(map[string]any{
		"id": "3389428106", "version": "2012-10-17",
		"statements":   []any{map[string]any{"actions": []any{"b", "a"}, "resources": []any{"*"}}},
		"minifiedJson": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["b","a"],"Resource":"*"}]}`,
		"json": `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "b",
        "a"
      ],
      "Resource": "*"
    }
  ]
}`,
	}))
}

func TestPolicyDocumentsAreRefused(t *testing.T) {
	c := start(t)
	for name, test := range map[string]struct{ args, reason string }{
		"duplicate Sid": {`{"statements":[{"sid":"a"},{},{},{"sid":"a"}]}`,
			"writing IAM Policy Document: duplicate Sid (a). Remove the Sid or ensure the Sid is unique."},
		"duplicate Sid of sources": {`{"sourcePolicyDocuments":["{\"Statement\":[{\"Sid\":\"a\"}]}","{\"Statement\":[{},{\"Sid\":\"a\"}]}"]}`,
			"merging source document 1: duplicate Sid (a) in source_policy_documents (statement 1). Remove the Sid or ensure Sids are unique."},
		"variable in resources":     {`{"version":"2008-10-17","statements":[{"resources":["&{a}"]}]}`, "reading resources: found &{ sequence in (&{a}), which is not supported in document version 2008-10-17"},
		"variable in notResources":  {`{"version":"2008-10-17","statements":[{"notResources":["&{a}"]}]}`, "reading not_resources: found &{"},
		"variable in principals":    {`{"version":"2008-10-17","statements":[{"principals":[{"type":"AWS","identifiers":["&{a}"]}]}]}`, "reading principals: reading identifiers: found &{"},
		"variable in notPrincipals": {`{"version":"2008-10-17","statements":[{"notPrincipals":[{"type":"AWS","identifiers":["&{a}"]}]}]}`, "reading not_principals: reading identifiers: found &{"},
		"variable in conditions":    {`{"version":"2008-10-17","statements":[{"conditions":[{"test":"t","variable":"v","values":["&{a}"]}]}]}`, "reading condition: reading values: found &{"},
		"effect":                    {`{"statements":[{},{"effect":"allow"}]}`, `expected statement.1.effect to be one of ["Allow" "Deny"], got allow`},
		"Sid":                       {`{"statements":[{"sid":"a b"}]}`, "must only include alphanumeric characters"},
		"version":                   {`{"version":"2012"}`, `expected version to be one of ["2008-10-17" "2012-10-17"], got 2012`},
		"not JSON":                  {`{"sourcePolicyDocuments":["{"]}`, "sourcePolicyDocuments: element 0 contains an invalid JSON document"},
		"one statement":             {`{"overridePolicyDocuments":["{\"Statement\":{}}"]}`, "merging override document 0: json: cannot unmarshal object"},
		"a number as a principal":   {`{"sourcePolicyDocuments":["{\"Statement\":[{\"Principal\":{\"AWS\":[1]}}]}"]}`, "the principal AWS: element 0 must be a string"},
		"a number as a value":       {`{"sourcePolicyDocuments":["{\"Statement\":[{\"Condition\":{\"t\":{\"v\":[1]}}}]}"]}`, "the condition t of v: element 0 must be a string"},
		"deprecated":                {`{"sourceJson":"{}"}`, "sourceJson: must be empty"},
		"typo":                      {`{"statement":[]}`, `did you mean "statements"?`},
		"no type":                   {`{"statements":[{"principals":[{"identifiers":[]}]}]}`, "type: missing required property"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.policyDocumentOf(test.args)
			holds(t, err, test.reason)
		})
	}
}
