package provider

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"tally/localcloud/recorded"
)

const (
	alarmToken     = "aws:cloudwatch/metricAlarm:MetricAlarm"
	dashboardToken = "aws:cloudwatch/dashboard:Dashboard"
	keyToken       = "aws:kms/key:Key"
	recordToken    = "aws:route53/record:Record"
)

// valid holds valid inputs by type. Tests change them with inputsWith.
var valid = map[string]map[string]any{
	alarmToken: {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 0, "statistic": "Sum",
		"metricName": "Errors", "namespace": "AWS/Lambda", "period": 60},
	dashboardToken: {"dashboardName": "d", "dashboardBody": `{"widgets":[{"type":"metric","x":0,"y":0,"width":24,"height":6,"properties":{"region":"us-east-1"}}]}`},
	keyToken: {"policy": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*",
			"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}]}`},
	"aws:kms/alias:Alias": {"name": "alias/awsome", "targetKeyId": "k"},
	recordToken:           {"zoneId": "Z1", "name": "api.example.com", "type": "A", "ttl": 60, "records": []any{"127.0.0.1"}},
	domainNameToken: {"domainName": "api.example.com", "domainNameConfiguration": map[string]any{
		"certificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/c", "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}},
	"aws:acm/certificate:Certificate": {"domainName": "*.example.com", "validationMethod": "DNS"},
}

// inputsWith returns the valid inputs of a type with changes; nil removes an
// input.
func inputsWith(token string, changes map[string]any) resource.PropertyMap {
	inputs := maps.Clone(valid[token])
	for k, v := range changes {
		if inputs[k] = v; v == nil {
			delete(inputs, k)
		}
	}
	return resource.NewPropertyMapFromMap(inputs)
}

// What a single value gives away is in recordedRefusals.
func TestCombinationsOfRecordedInputs(t *testing.T) {
	c := start(t)
	query := func(more map[string]any) map[string]any {
		q := map[string]any{"id": "e", "expression": "a/b", "returnData": true}
		maps.Copy(q, more)
		return q
	}
	queries := func(list ...any) map[string]any {
		return map[string]any{"metricName": nil, "namespace": nil, "period": nil, "statistic": nil, "metricQueries": list}
	}
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	band := func(threshold, metric any) map[string]any { // as in the real provider's example of anomaly detection
		in := queries(query(map[string]any{"id": "b", "expression": "ANOMALY_DETECTION_BAND(m, 2)"}),
			map[string]any{"id": metric, "returnData": true, "metric": map[string]any{"metricName": "m", "period": 60, "stat": "Sum"}})
		in["comparisonOperator"], in["threshold"], in["thresholdMetricId"] = "GreaterThanUpperThreshold", nil, threshold
		return in
	}
	for name, tc := range map[string]struct {
		token   string
		changes map[string]any
		want    string // "" if nothing is wrong
	}{
		"alarm":           {alarmToken, nil, ""},
		"alarm, unknown":  {alarmToken, map[string]any{"threshold": unknown, "alarmActions": []any{unknown}}, ""},
		"ten seconds":     {alarmToken, map[string]any{"period": 10}, ""},
		"short period":    {alarmToken, map[string]any{"period": 0}, "period: must be 10, 20, 30 or a multiple of 60"},
		"a week of hours": {alarmToken, map[string]any{"period": 3600, "evaluationPeriods": 168}, ""},
		"no statistic":    {alarmToken, map[string]any{"statistic": nil}, "statistic: exactly one of"},
		"two statistics":  {alarmToken, map[string]any{"extendedStatistic": "p99"}, "statistic: exactly one of"},
		"percentile":      {alarmToken, map[string]any{"statistic": nil, "extendedStatistic": "p99.9"}, ""},
		"no threshold":    {alarmToken, map[string]any{"threshold": nil}, ""},
		"actions": {alarmToken, map[string]any{"alarmActions": []any{"arn:aws:automate:us-east-1:ec2:stop", "arn:aws:swf:us-east-1:000000000000:action/actions/AWS_EC2.InstanceId.Stop/1.0",
			aFunction, "arn:aws:ssm:us-east-1:000000000000:opsitem:3#CATEGORY=performance", "arn:aws:ssm-incidents::000000000000:response-plan/p"}}, ""},
		"band":                   {alarmToken, band("b", "m"), ""},
		"unknown band":           {alarmToken, band(unknown, "m"), ""},
		"band of unknown query":  {alarmToken, band("b", unknown), ""},
		"no metric":              {alarmToken, map[string]any{"metricName": nil}, "metricName: is required without metricQueries"},
		"unit":                   {alarmToken, map[string]any{"unit": "Count/Second"}, ""},
		"percentile of a query":  {alarmToken, queries(map[string]any{"id": "e", "returnData": true, "metric": map[string]any{"metricName": "m", "period": 60, "stat": "p99"}}), ""},
		"queries":                {alarmToken, queries(query(nil), query(map[string]any{"id": "a", "returnData": false})), ""},
		"queries and a metric":   {alarmToken, map[string]any{"metricQueries": []any{query(nil)}}, "period: conflicts with metricQueries"},
		"nothing to watch":       {alarmToken, queries(query(map[string]any{"returnData": false})), "metricQueries: exactly one query must have returnData"},
		"query of nothing":       {alarmToken, queries(map[string]any{"id": "e", "returnData": true}), "metricQueries[0]: exactly one of metric and expression"},
		"dashboard":              {dashboardToken, nil, ""},
		"dashboard body":         {dashboardToken, map[string]any{"dashboardBody": "{"}, "dashboardBody: must be a JSON document"},
		"widget type":            {dashboardToken, map[string]any{"dashboardBody": `{"widgets":[{"type":"chart"}]}`}, `1 validation errors: /widgets/0 has the unknown type "chart"`},
		"widget region and size": {dashboardToken, map[string]any{"dashboardBody": `{"widgets":[{"type":"metric","width":25}]}`}, `2 validation errors: /widgets/0 has no property "region", which a widget of type metric requires; /widgets/0 has width 25, expected 1 to 24`},
		"key":                    {keyToken, nil, ""},
		"usage of a spec":        {keyToken, map[string]any{"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "ECC_NIST_P256"}, ""},
		"wrong usage":            {keyToken, map[string]any{"customerMasterKeySpec": "HMAC_256"}, "keyUsage: keys of the spec HMAC_256 can have GENERATE_VERIFY_MAC, not ENCRYPT_DECRYPT"},
		"agreement on a curve":   {keyToken, map[string]any{"keyUsage": "KEY_AGREEMENT", "customerMasterKeySpec": "ECC_SECG_P256K1"}, "keyUsage: keys of the spec ECC_SECG_P256K1 can have SIGN_VERIFY, not KEY_AGREEMENT"},
		"usage of unknown spec":  {keyToken, map[string]any{"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": unknown}, ""},
		"alias":                  {"aws:kms/alias:Alias", nil, ""},
		"record":                 {recordToken, nil, ""},
		"record without aliases": {recordToken, map[string]any{"aliases": []any{}}, ""},
		"record, unknown":        {recordToken, map[string]any{"records": []any{unknown}, "ttl": unknown}, ""},
		"alias, unknown":         {recordToken, map[string]any{"records": nil, "ttl": nil, "aliases": unknown}, ""},
		"record without ttl":     {recordToken, map[string]any{"ttl": nil}, "ttl: InvalidInput: Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]"},
		"record of nothing":      {recordToken, map[string]any{"records": nil}, "records: exactly one of"},
		"IPv6":                   {recordToken, map[string]any{"type": "AAAA", "records": []any{"2001:0db8:85a3:0:0:8a2e:0370:7334", "::ffff:192.0.2.1"}}, ""},
		"one CNAME twice":        {recordToken, map[string]any{"type": "CNAME", "records": []any{"a.example.com", "a.example.com"}}, ""},
		"domain":                 {domainNameToken, nil, ""},
		"certificate":            {"aws:acm/certificate:Certificate", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := inputsWith(tc.token, tc.changes)
			res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(tc.token, "x"), News: c.raw(want)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range res.Failures {
				got = append(got, strings.TrimPrefix(f.Property+": "+f.Reason, ": "))
			}
			found := slices.ContainsFunc(got, func(failure string) bool { return strings.Contains(failure, tc.want) })
			if tc.want == "" && len(got) > 0 || tc.want != "" && !found {
				t.Errorf("failures %q, want %q", got, tc.want)
			}
		})
	}
}

// Rules about other resources apply only when a resource is created.
func TestRecordedResourcesNeedOtherResources(t *testing.T) {
	c := start(t)
	create := func(token string, inputs resource.PropertyMap) error {
		_, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(token, "x"), Properties: c.raw(c.check(token, "x", nil, inputs))})
		return err
	}
	holds(t, create("aws:kms/alias:Alias", inputsWith("aws:kms/alias:Alias", nil)), "creating KMS Alias (alias/awsome): NotFoundException", "key/k' does not exist")
	key := c.create(keyToken, "k", nil)
	named := inputsWith("aws:kms/alias:Alias", map[string]any{"targetKeyId": key.arn()})
	if err := create("aws:kms/alias:Alias", named); err != nil {
		t.Error(err)
	}
	holds(t, create("aws:kms/alias:Alias", named), "AlreadyExistsException")

	domain := func(name, arn string) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(map[string]any{"domainName": name,
			"domainNameConfiguration": map[string]any{"certificateArn": arn, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}})
	}
	validation := func(arn string, records ...any) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(map[string]any{"certificateArn": arn, "validationRecordFqdns": records})
	}
	const noCertificate = "arn:aws:acm:us-east-1:000000000000:certificate/none"
	certificate := c.certificate("*.example.com").id
	email := c.create(certificateToken, "email", map[string]any{"domainName": "example.com", "validationMethod": "EMAIL"}).id
	holds(t, create(domainNameToken, domain("api.example.com", noCertificate)), "BadRequestException", "The certificate provided must be owned by the account creating the domain.", noCertificate)
	for _, name := range []string{"example.com", "a.b.example.com", "api.example.org"} {
		holds(t, create(domainNameToken, domain(name, certificate)), "BadRequestException: The domain name to be created is not covered by the provided certificate.")
	}
	holds(t, create(validationToken, validation(noCertificate)), "ResourceNotFoundException: Could not find certificate "+noCertificate+" in account 000000000000.")
	holds(t, create(validationToken, validation(certificate, "_x.example.com")), "missing *.example.com DNS validation record: _", ".example.com")
	holds(t, create(validationToken, validation(email, "_x.example.com")), "validation_record_fqdns is not valid for EMAIL validation")
	for _, arn := range []string{certificate, email} {
		if err := create(validationToken, validation(arn)); err != nil {
			t.Error(err)
		}
	}

	mapping := map[string]any{"apiId": c.api().id, "stage": "$default", "domainName": "api.example.com"}
	holds(t, create("aws:apigatewayv2/apiMapping:ApiMapping", resource.NewPropertyMapFromMap(mapping)), "NotFoundException", "stage")
	c.create("aws:apigatewayv2/stage:Stage", "s", map[string]any{"apiId": mapping["apiId"], "name": "$default", "autoDeploy": true})
	holds(t, create("aws:apigatewayv2/apiMapping:ApiMapping", resource.NewPropertyMapFromMap(mapping)), "NotFoundException", "domain name")

	if err := create(recordToken, inputsWith(recordToken, nil)); err != nil {
		t.Error(err)
	}
	holds(t, create(recordToken, inputsWith(recordToken, nil)), "InvalidChangeBatch", "name='api.example.com.', type='A'] but it already exists")
	for range 2 { // CloudWatch replaces an alarm, and allowOverwrite a record
		for _, err := range []error{
			create(alarmToken, inputsWith(alarmToken, map[string]any{"name": "errors"})),
			create(recordToken, inputsWith(recordToken, map[string]any{"allowOverwrite": true})),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// Properties without effect are noted as long as a resource has them.
func TestPropertiesWithoutEffectAreNoted(t *testing.T) {
	c := start(t)
	const token, property = "aws:sqs/queue:Queue", "kmsDataKeyReusePeriodSeconds"
	plain := map[string]any{"name": "x"}
	notes := func(want ...recorded.Note) {
		t.Helper()
		if d := cmp.Diff(append([]recorded.Note{}, want...), c.services.Recorded.Notes()); d != "" {
			t.Errorf("notes (-want +got):\n%s", d)
		}
	}
	note := recorded.Note{Type: token, ID: "http://127.0.0.1:4566/000000000000/x", Name: "x", Properties: []string{property}}
	m := c.create(token, "x", map[string]any{"name": "x", property: 60})
	notes(note)
	inputs := c.check(token, "x", m.inputs, resource.NewPropertyMapFromMap(plain))
	m.state, m.inputs = c.update(m, inputs, false), inputs
	notes()
	inputs = c.check(token, "x", m.inputs, resource.NewPropertyMapFromMap(map[string]any{"name": "x", property: 60}))
	m.state, m.inputs = c.update(m, inputs, false), inputs
	notes(note)
	c.delete(m)
	notes()
	if all := c.services.Recorded.Resources(); len(all) > 0 {
		t.Errorf("an emulated resource was recorded: %v", all)
	}
}
