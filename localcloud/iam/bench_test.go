package iam

import (
	"testing"

	"tally/localcloud/cloud"
)

// BenchmarkAuthorize authorizes a function to publish to a topic. The function's
// role has four policies, and the topic has one.
func BenchmarkAuthorize(b *testing.B) {
	s, err := New(place, nil)
	if err != nil {
		b.Fatal(err)
	}
	role, err := s.CreateRole(Role{Name: "worker", AssumeRolePolicy: trustsLambda, Tags: map[string]string{"project": "tally"}})
	if err != nil {
		b.Fatal(err)
	}
	const trace = `"Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords"],"Resource":"*"`
	const key = `"Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"arn:aws:kms:us-east-1:000000000000:key/1"`
	const publish = `"Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:000000000000:numbers"`
	for name, document := range map[string]string{"trace": trace, "key": key, "publish": publish} {
		if err := s.PutRolePolicy("worker", name, statement(document)); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.AttachRolePolicy("worker", basic); err != nil {
		b.Fatal(err)
	}
	session, err := s.AssumeRole(b.Context(), byLambda("add-numbers"), s.RoleARN(role), "add-numbers")
	if err != nil {
		b.Fatal(err)
	}
	request := cloud.Request{Caller: session.Caller, Action: "sns:Publish", Resource: numbers, ResourcePolicy: statement(
		`"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"sns:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},` +
			`{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"*",` +
			`"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}`)}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Authorize(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
}
