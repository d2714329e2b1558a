package provider

import (
	"maps"
	"slices"
	"strings"
)

const (
	apiMappingToken = "aws:apigatewayv2/apiMapping:ApiMapping"
	keyAliasToken   = "aws:kms/alias:Alias"
)

// recordedRefusals holds the refusals of the types that are recorded as a whole.
func recordedRefusals() refusals {
	rows := []refusal{
		{token: apiMappingToken, property: "apiMappingKey", value: "v 1", words: "must be at most 300 letters"},

		{token: certificateToken, property: "domainName", value: "localhost", words: "must be a domain name"},
		{token: certificateToken, property: "subjectAlternativeNames", value: []any{"a.example.com", "b c"}, words: "[1]: must be a domain name"},
		{token: certificateToken, property: "validationMethod", value: "HTTP", words: `accepts "DNS", "EMAIL"`},
		{token: certificateToken, property: "keyAlgorithm", value: "RSA_1024", words: `accepts "RSA_2048"`},
		{token: certificateToken, property: "options.certificateTransparencyLoggingPreference", value: "ON", words: `accepts "ENABLED", "DISABLED"`},
		{token: certificateToken, property: "tags", value: badTags, words: "begins with aws:"},
		{token: validationToken, property: "certificateArn", value: aTopic, words: "must be an ARN of the service acm"},

		{token: dashboardToken, property: "dashboardName", value: "a b", words: "must be 1 to 255 letters"},
		{token: dashboardToken, property: "dashboardBody", value: `{"widgets":{}}`, words: "the dashboard body is invalid"},

		{token: domainNameToken, property: "domainName", value: "localhost", words: "must be a domain name"},
		{token: domainNameToken, property: "domainNameConfiguration.certificateArn", value: aTopic, words: "must be an ARN of the service acm"},
		{token: domainNameToken, property: "domainNameConfiguration.certificateArn", value: "arn:aws:acm:us-east-1:000000000000:c", words: "must be the ARN of a certificate"},
		{token: domainNameToken, property: "domainNameConfiguration.certificateArn", value: "arn:aws:acm:eu-west-1:000000000000:certificate/c", words: "Certificate must be in 'us-east-1'."},
		{token: domainNameToken, property: "domainNameConfiguration.endpointType", value: "EDGE", words: `accepts "REGIONAL"`},
		{token: domainNameToken, property: "domainNameConfiguration.securityPolicy", value: "TLS_1_0", words: `accepts "TLS_1_2"`},
		{token: domainNameToken, property: "domainNameConfiguration.ipAddressType", value: "ipv6", words: `accepts "ipv4", "dualstack"`},
		{token: domainNameToken, property: "domainNameConfiguration.ownershipVerificationCertificateArn", value: "c", words: "An ARN must have at least 6 elements"},
		{token: domainNameToken, property: "tags", value: badTags, words: "begins with aws:"},

		{token: keyAliasToken, property: "name", value: "mine", words: `must be "alias/"`},
		{token: keyAliasToken, property: "name", value: "alias/aws/sns", words: "must not begin with alias/aws/"},
		{token: keyAliasToken, property: "targetKeyId", value: aQueue, words: "must be an ARN of the service kms"},
		{token: keyToken, property: "description", value: strings.Repeat("d", 8193), words: "must be 0 to 8192 characters long"},
		{token: keyToken, property: "policy", value: badPolicy, words: "MalformedPolicyDocument"},
		{token: keyToken, property: "rotationPeriodInDays", value: 89, words: "expected a number from 90 to 2560"},
		{token: keyToken, property: "rotationPeriodInDays", value: 90, with: map[string]any{"enableKeyRotation": false}, words: "requires enableKeyRotation"},
		{token: keyToken, property: "deletionWindowInDays", value: 6, words: "expected a number from 7 to 30"},
		{token: keyToken, property: "keyUsage", value: "SIGN", words: `accepts "ENCRYPT_DECRYPT"`},
		{token: keyToken, property: "keyUsage", value: "SIGN_VERIFY", words: "keys of the spec SYMMETRIC_DEFAULT can have ENCRYPT_DECRYPT"},
		{token: keyToken, property: "customerMasterKeySpec", value: "AES_256", words: `accepts "SYMMETRIC_DEFAULT"`},
		{token: keyToken, property: "enableKeyRotation", value: true, with: map[string]any{"customerMasterKeySpec": "RSA_2048"}, words: "only keys of the spec SYMMETRIC_DEFAULT can be rotated"},
		{token: keyToken, property: "tags", value: badTags, words: "begins with aws:"},
	}
	return refusals{slices.Concat(rows, recordRefusals(), alarmRefusals()), nil}
}

func recordRefusals() []refusal {
	records := func(kind string, values ...any) map[string]any {
		return map[string]any{"type": kind, "ttl": 60, "aliases": nil, "records": values}
	}
	const (
		illegalIPv4 = "InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '"
		illegalIPv6 = "InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address) encountered with '"
		incomplete  = "InvalidInput: Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
	)
	rows := []refusal{
		{property: "zoneId", value: "example.com", words: "must be the ID of a hosted zone"},
		{property: "name", value: "", words: "must be 1 to 1024 characters long"},
		{property: "type", value: "ALIAS", words: `accepts "A", "AAAA"`},
		{property: "ttl", value: -1, with: records("A", "127.0.0.1"), words: "expected a number from 0"},
		{property: "aliases[0].name", value: "", words: "must be 1 to 1024 characters long"},
		{property: "aliases[0].zoneId", value: "z", words: "must be the ID of a hosted zone"},
		{property: "records", value: nil, with: map[string]any{"aliases": []any{}}, words: "exactly one of records and aliases"},
		{property: "records", value: []any{"127.0.0.1"}, words: "exactly one of records and aliases"},
		{property: "records", value: []any{}, with: records("A"), words: incomplete},
		{property: "ttl", value: 60, words: "conflicts with aliases"},
		{property: "records", value: []any{"127.0.0.1", "hello"}, with: records("A"), words: illegalIPv4 + "hello'']"},
		{property: "records", value: []any{"::1"}, with: records("A"), words: illegalIPv4 + "::1'']"},
		{property: "records", value: []any{"127.0.0.1"}, with: records("AAAA"), words: illegalIPv6 + "127.0.0.1'']"},
		{property: "records", value: []any{"fe80::1%eth0"}, with: records("AAAA"), words: illegalIPv6 + "fe80::1%eth0'']"},
		{property: "records", value: []any{"a.example.com", "b.example.com"}, with: records("CNAME"), words: "a record of the type CNAME can have only one value, not 2"},
	}
	for i := range rows {
		rows[i].token = recordToken
	}
	return rows
}

func alarmRefusals() []refusal {
	query := func(id string, more map[string]any) map[string]any {
		q := map[string]any{"id": id, "returnData": true}
		maps.Copy(q, more)
		return q
	}
	expression := map[string]any{"expression": "a/b"}
	metric := func(name string, value any) map[string]any {
		m := map[string]any{"metricName": "m", "period": 60, "stat": "Sum"}
		m[name] = value
		return map[string]any{"metric": m}
	}
	metrics := func(queries ...any) map[string]any {
		return map[string]any{"metricName": nil, "namespace": nil, "dimensions": nil, "period": nil, "statistic": nil, "metricQueries": queries}
	}
	banded := map[string]any{"comparisonOperator": "GreaterThanUpperThreshold", "threshold": nil}
	band := func(query map[string]any) map[string]any {
		in := metrics(query)
		maps.Copy(in, banded)
		return in
	}
	rows := []refusal{
		{property: "name", value: strings.Repeat("n", 256), words: "must be 1 to 255 characters long"},
		{property: "comparisonOperator", value: ">", words: `accepts "GreaterThanOrEqualToThreshold"`},
		{property: "evaluationPeriods", value: 0, words: "expected a number from 1"},
		{property: "evaluationPeriods", value: 1441, words: "metrics cannot be checked across more than 24h0m0s"},
		{property: "datapointsToAlarm", value: 0, words: "expected a number from 1"},
		{property: "datapointsToAlarm", value: 2, words: "expected at most the 1 evaluationPeriods"},
		{property: "metricName", value: "", words: "must be 1 to 255 characters long"},
		{property: "namespace", value: ":AWS", words: "do not begin with a colon"},
		{property: "dimensions", value: dimensions(31), words: "expected at most 30 dimensions, got 31"},
		{property: "period", value: 90, words: "must be 10, 20, 30 or a multiple of 60"},
		{property: "statistic", value: "Mean", words: `accepts "SampleCount"`},
		{property: "extendedStatistic", value: "p999", words: "must be a percentile"},
		{property: "unit", value: "Meters", words: `accepts "Seconds"`},
		{property: "treatMissingData", value: "good", words: `accepts "breaching"`},
		{property: "evaluateLowSampleCountPercentiles", value: "no", words: `accepts "evaluate"`},
		{property: "alarmDescription", value: strings.Repeat("d", 1025), words: "must be 0 to 1024 characters long"},
		{property: "alarmActions", value: []any{"alarms"}, words: "[0]: An ARN must have at least 6 elements"},
		{property: "alarmActions", value: []any{aTopic, aBucket}, words: "[1]: CloudWatch has no alarm action"},
		{property: "okActions", value: slices.Repeat([]any{aTopic}, 6), words: "expected at most 5, got 6"},
		{property: "insufficientDataActions", value: []any{aQueue}, words: "[0]: CloudWatch has no alarm action"},
		{property: "tags", value: badTags, words: "begins with aws:"},

		{property: "thresholdMetricId", value: "e1", words: "Threshold and ThresholdMetricId cannot both be set"},
		{property: "threshold", value: nil, with: map[string]any{"thresholdMetricId": "e1"}, words: "PutMetricAlarm request should have valid Threshold parameter"},
		{property: "thresholdMetricId", value: nil, with: banded, words: "ComparisonOperators for ranges require ThresholdMetricId to be set"},
		{property: "thresholdMetricId", value: "e1", with: banded, words: "Threshold metric expression must use ANOMALY_DETECTION_BAND function"},
		{property: "thresholdMetricId", value: "e1", with: band(query("e1", expression)), words: "Threshold metric expression must use ANOMALY_DETECTION_BAND function"},
		{property: "thresholdMetricId", value: "e2", with: band(query("e1", map[string]any{"expression": "ANOMALY_DETECTION_BAND(m1)"})), words: "Threshold metric expression must use ANOMALY_DETECTION_BAND function"},

		{property: "metricQueries[0].id", value: "E", with: metrics(query("e", expression)), words: "must be letters"},
		{property: "metricQueries[0].expression", value: "", with: metrics(query("e", nil)), words: "must be 1 to 2048 characters long"},
		{property: "metricQueries[0].expression", value: "SUM(SEARCH('{n}', 'Sum'))", with: metrics(query("e", nil)), words: "SEARCH is not supported on Metric Alarms"},
		{property: "metricQueries[0].period", value: 90, with: metrics(query("e", expression)), words: "must be 10, 20, 30"},
		{property: "metricQueries[0].metric.metricName", value: "", with: metrics(query("e", metric("unit", "Count"))), words: "must be 1 to 255 characters long"},
		{property: "metricQueries[0].metric.dimensions", value: dimensions(31), with: metrics(query("e", metric("unit", "Count"))), words: "expected at most 30 dimensions"},
		{property: "metricQueries[0].metric.period", value: 90, with: metrics(query("e", metric("unit", "Count"))), words: "must be 10, 20, 30"},
		{property: "metricQueries[0].metric.stat", value: "Mean", with: metrics(query("e", metric("unit", "Count"))), words: "must be a statistic"},
		{property: "metricQueries[0].metric.unit", value: "Meters", with: metrics(query("e", metric("unit", "Count"))), words: `accepts "Seconds"`},
		{property: "metricQueries[1].id", value: "e", with: metrics(query("e", expression), map[string]any{"id": "f", "expression": "a"}), words: "is the id of another query"},
	}
	for i := range rows {
		rows[i].token = alarmToken
	}
	return rows
}

// dimensions returns n dimensions.
func dimensions(n int) map[string]any {
	all := map[string]any{}
	for i := range n {
		all[strings.Repeat("d", i+1)] = "x"
	}
	return all
}
