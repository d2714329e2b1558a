package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"tally/infra/settings"
)

// TestEveryFunctionIsComplete proves that each function has an alias, a failure
// queue, a log group and all alarms, and that every trigger invokes the alias.
func TestEveryFunctionIsComplete(t *testing.T) {
	cloud, _ := deployStack(t, example())
	for _, name := range functionNames(t) {
		for _, want := range []string{
			"aws:lambda/alias:Alias main-" + name,
			"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig main-" + name,
			"aws:sqs/queue:Queue main-" + name + "-failures",
			"aws:sqs/queuePolicy:QueuePolicy main-" + name + "-failures",
			"aws:cloudwatch/logGroup:LogGroup main-" + name,
			"aws:cloudwatch/metricAlarm:MetricAlarm main-" + name + "-errors",
			"aws:cloudwatch/metricAlarm:MetricAlarm main-" + name + "-throttles",
			"aws:cloudwatch/metricAlarm:MetricAlarm main-" + name + "-duration",
			"aws:cloudwatch/metricAlarm:MetricAlarm main-" + name + "-concurrency",
			"aws:cloudwatch/metricAlarm:MetricAlarm main-" + name + "-age",
			"aws:cloudwatch/metricAlarm:MetricAlarm main-" + name + "-dropped",
			"aws:cloudwatch/metricAlarm:MetricAlarm main-" + name + "-undelivered",
			"aws:cloudwatch/metricAlarm:MetricAlarm main-" + name + "-failures-messages",
		} {
			if _, ok := cloud.resources[want]; !ok {
				t.Errorf("there is no %s", want)
			}
		}
	}
	for name, qualifier := range cloud.property("aws:lambda/permission:Permission", "qualifier") {
		if qualifier != "live" {
			t.Errorf("permission %s has the qualifier %q", name, qualifier)
		}
	}
}

// TestRollout proves that a deployment changes what the setting allows it to change
// of an alias.
func TestRollout(t *testing.T) {
	for rollout, want := range map[string][]string{
		settings.AllAtOnce: {"description", "routingConfig"},
		"canary-10-5m":     {"description", "routingConfig", "functionVersion"},
	} {
		config := example()
		config.Functions.Rollout = rollout
		cloud, _ := deployStack(t, config)
		for _, name := range functionNames(t) {
			got := cloud.resources["aws:lambda/alias:Alias main-"+name].RegisterRPC.GetIgnoreChanges()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: %s", rollout, name, diff)
			}
		}
	}
}

// TestProvider proves that every resource uses the environment's provider, and
// so has its default tags.
func TestProvider(t *testing.T) {
	cloud, _ := deployStack(t, example())
	for name, r := range cloud.resources {
		if r.Custom && r.TypeToken != "pulumi:providers:aws" && !strings.Contains(r.Provider, "pulumi:providers:aws::main::") {
			t.Errorf("%s uses the provider %q", name, r.Provider)
		}
	}
}

// TestLeastResource proves that no role policy allows an action on every
// resource, except for actions that support no resource-level permissions.
func TestLeastResource(t *testing.T) {
	cloud, _ := deployStack(t, example())
	for name, policy := range cloud.property("aws:iam/rolePolicy:RolePolicy", "policy") {
		if strings.Contains(policy, `"*"`) && !strings.Contains(policy, `"Action":["xray:PutTelemetryRecords","xray:PutTraceSegments"]`) {
			t.Errorf("%s: %s", name, policy)
		}
		if strings.Contains(policy, `:*"],"Effect"`) {
			t.Errorf("%s allows a whole service: %s", name, policy)
		}
	}
}

// TestProduction deploys the stack with every optional setting.
func TestProduction(t *testing.T) {
	config := example()
	config.Protect, config.CustomerKey, config.Buffer = true, true, true
	config.AlarmWebhook, config.Runbook = "https://example.com/alarms", "https://example.com/operate.md"
	config.PermissionsBoundary = "arn:aws:iam::123456789012:policy/boundary-tally-dev"
	config.AlarmEmail, config.SumsEmail, config.SumsWebhook = "on-call@example.com", "sums@example.com", "https://example.com/sums"
	config.API = settings.API{
		Auth: settings.JWT, Issuer: "https://login.example.com/", Audience: []string{"tally"}, Scopes: []string{"add"}, RatePerSecond: 20, Burst: 40,
		CORSOrigins: []string{"https://example.com"}, DomainName: "api.example.com", ZoneID: "Z1", CertificateARN: "arn:aws:acm:us-east-1:123456789012:certificate/1",
	}
	cloud, outputs := deployStack(t, config)

	if outputs["apiUrl"] != "https://api.example.com/" {
		t.Errorf("the URL is %s", outputs["apiUrl"])
	}
	const raisedOrCleared = `{"$or":[{"NewStateValue":["ALARM"]},{"OldStateValue":["ALARM"]}]}`
	const key = "arn:aws:Key:r:a:main-key"
	for _, encrypted := range []struct{ kind, property string }{
		{"aws:sns/topic:Topic", "kmsMasterKeyId"}, {"aws:sqs/queue:Queue", "kmsMasterKeyId"},
		{"aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"}, {"aws:lambda/function:Function", "kmsKeyArn"},
	} {
		for name, got := range cloud.property(encrypted.kind, encrypted.property) {
			if got != key {
				t.Errorf("%s %s is encrypted with %q", encrypted.kind, name, got)
			}
		}
	}
	for name, r := range cloud.resources {
		switch r.TypeToken {
		case "aws:sns/topic:Topic", "aws:sqs/queue:Queue", "aws:dynamodb/table:Table", "aws:cloudwatch/logGroup:LogGroup", "aws:kms/key:Key",
			"aws:apigatewayv2/api:Api", "aws:apigatewayv2/domainName:DomainName":
			if !r.RegisterRPC.GetProtect() {
				t.Errorf("%s is not protected", name)
			}
		}
	}
	roles := cloud.property("aws:iam/role:Role", "permissionsBoundary")
	for name, boundary := range roles {
		if boundary != config.PermissionsBoundary {
			t.Errorf("the role %s has the permissions boundary %q", name, boundary)
		}
	}
	if want := len(functionNames(t)) + 3; len(roles) < want {
		t.Errorf("there are only %d roles, want those of the functions and of 3 topics, %d, at least", len(roles), want)
	}
	methods := map[string]bool{}
	for _, key := range cloud.property("aws:apigatewayv2/route:Route", "routeKey") {
		method, _, _ := strings.Cut(key, " ")
		methods[method] = true
	}
	var allowed []any
	for _, method := range slices.Sorted(maps.Keys(methods)) {
		allowed = append(allowed, method)
	}
	for _, test := range []struct {
		kind, name string
		want       map[string]any
	}{
		{"aws:apigatewayv2/authorizer:Authorizer", "main-api", map[string]any{
			"apiId": "main-api-id", "authorizerType": "JWT", "identitySources": []any{"$request.header.Authorization"},
			"jwtConfiguration": map[string]any{"issuer": "https://login.example.com/", "audiences": []any{"tally"}}}},
		{"aws:apigatewayv2/route:Route", "main-api-get-add", map[string]any{
			"apiId": "main-api-id", "routeKey": "GET /add", "target": "integrations/main-api-add-numbers-id",
			"authorizationType": "JWT", "authorizerId": "main-api-id", "authorizationScopes": []any{"add"}}},
		{"aws:apigatewayv2/api:Api", "main-api", map[string]any{
			"protocolType": "HTTP", "disableExecuteApiEndpoint": true, "corsConfiguration": map[string]any{
				"allowOrigins": []any{"https://example.com"}, "allowMethods": allowed, "allowHeaders": []any{"content-type", "authorization", "idempotency-key"},
				"exposeHeaders": []any{"location", "retry-after"}, "maxAge": 600.0}}},
		{"aws:dynamodb/table:Table", "main-sums", map[string]any{
			"billingMode": "PAY_PER_REQUEST", "hashKey": "id", "attributes": []any{map[string]any{"name": "id", "type": "S"}}, "pointInTimeRecovery": map[string]any{"enabled": true},
			"ttl": map[string]any{"attributeName": "expiresAt", "enabled": true}, "deletionProtectionEnabled": true,
			"serverSideEncryption": map[string]any{"enabled": true, "kmsKeyArn": key}}},
		{"aws:apigatewayv2/domainName:DomainName", "main-api", map[string]any{"domainName": "api.example.com", "domainNameConfiguration": map[string]any{
			"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1", "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}}},
		{"aws:apigatewayv2/apiMapping:ApiMapping", "main-api", map[string]any{"apiId": "main-api-id", "domainName": "api.example.com", "stage": "$default"}},
		{"aws:sns/topicSubscription:TopicSubscription", "main-alarms-email", map[string]any{
			"topic": "arn:aws:Topic:r:a:main-alarms", "protocol": "email", "endpoint": "on-call@example.com",
			"filterPolicy": raisedOrCleared, "filterPolicyScope": "MessageBody"}},
		{"aws:sns/topicSubscription:TopicSubscription", "main-alarms-webhook", map[string]any{
			"topic": "arn:aws:Topic:r:a:main-alarms", "protocol": "https", "endpoint": "https://example.com/alarms",
			"filterPolicy": raisedOrCleared, "filterPolicyScope": "MessageBody",
			"redrivePolicy": `{"deadLetterTargetArn":"arn:aws:Queue:r:a:main-alarms-webhook-redrive"}`}},
		{"aws:sns/topicSubscription:TopicSubscription", "main-sums-email", map[string]any{
			"topic": "arn:aws:Topic:r:a:main-sums", "protocol": "email", "endpoint": "sums@example.com"}},
		{"aws:sns/topicSubscription:TopicSubscription", "main-sums-webhook", map[string]any{
			"topic": "arn:aws:Topic:r:a:main-sums", "protocol": "https", "endpoint": "https://example.com/sums",
			"redrivePolicy": `{"deadLetterTargetArn":"arn:aws:Queue:r:a:main-sums-webhook-redrive"}`}},
	} {
		if diff := cmp.Diff(any(test.want), cloud.inputs(test.kind, test.name)); diff != "" {
			t.Errorf("%s %s: %s", test.kind, test.name, diff)
		}
	}
	if got := cloud.property("aws:cloudwatch/metricAlarm:MetricAlarm", "alarmDescription")["main-api-5xx"]; !strings.HasSuffix(got, " What to do: https://example.com/operate.md#api-5xx") {
		t.Errorf("the description of an alarm is %s", got)
	}
	if record := cloud.resources["aws:route53/record:Record main-api"]; record.Inputs["zoneId"] != resource.NewProperty("Z1") || record.Inputs["name"] != resource.NewProperty("api.example.com") {
		t.Errorf("the record is %v", record.Inputs)
	}
}
