package main

import (
	"encoding/json"
	"maps"
	"net"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/settings"
)

// functionNames returns the names of the folders that bundle.Build compiles.
func functionNames(t *testing.T) (names []string) {
	t.Helper()
	folders, err := os.ReadDir("../functions")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		names = append(names, f.Name())
	}
	return names
}

// example returns a valid configuration whose numbers are not the defaults.
func example() settings.Settings {
	return settings.Settings{
		Region: "us-east-1", Target: settings.AWS, Owner: "team-a", CostCentre: "4711", LogRetentionDays: 14,
		Functions: settings.Functions{
			Architecture: "x86_64", MemoryMB: 256, TimeoutSeconds: 7, EphemeralMB: 1024, ReservedConcurrency: 5, Retries: 1, MaxEventAgeSeconds: 3600, LogLevel: "WARN", Rollout: "linear-20-2m",
		},
		API: settings.API{Auth: settings.IAM, RatePerSecond: 20, Burst: 40}, SumsRetentionDays: 7, SumsQueue: true, NotifyURL: "https://example.com/notify",
	}
}

// deployStack deploys the stack with all functions to a fake cloud and returns
// the cloud and the outputs.
func deployStack(t *testing.T, config settings.Settings) (*fakeCloud, map[string]any) {
	t.Helper()
	cloud := newFakeCloud()
	code := map[string]string{}
	for _, name := range functionNames(t) {
		code[name] = name + ".zip"
	}
	outputs, err := cloud.deploy(config, code)
	if err != nil {
		t.Fatal(err)
	}
	return cloud, outputs
}

// TestStack compares the stack with the generated files in testdata: every output,
// every resource with its dependencies, and every policy. It also compares all inputs
// of a few resources.
func TestStack(t *testing.T) {
	cloud, outputs := deployStack(t, example())

	t.Run("outputs", func(t *testing.T) {
		got, err := json.MarshalIndent(outputs, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		compareGenerated(t, "testdata/outputs.json", string(got)+"\n")
	})
	t.Run("resources", func(t *testing.T) {
		compareGenerated(t, "testdata/resources.txt", strings.Join(cloud.summary(), "\n")+"\n")
	})
	t.Run("policies", func(t *testing.T) {
		var got []string
		for _, of := range []struct{ kind, property string }{
			{"aws:iam/role:Role", "assumeRolePolicy"}, {"aws:iam/rolePolicy:RolePolicy", "policy"}, {"aws:kms/key:Key", "policy"},
			{"aws:sns/topicPolicy:TopicPolicy", "policy"}, {"aws:sqs/queuePolicy:QueuePolicy", "policy"},
		} {
			policies := cloud.property(of.kind, of.property)
			for _, name := range slices.Sorted(maps.Keys(policies)) {
				got = append(got, label(of.kind, name)+": "+policies[name])
			}
		}
		compareGenerated(t, "testdata/policies.txt", strings.Join(got, "\n")+"\n")
	})
	for _, test := range []struct{ kind, name, want string }{
		{"pulumi:providers:aws", "main", `{"region": "us-east-1", "skipCredentialsValidation": false, "skipRegionValidation": true,
			"defaultTags": {"tags": {"project": "tally", "environment": "dev", "owner": "team-a", "cost-centre": "4711"}}}`},
		{"aws:lambda/function:Function", "main-handle-message", `{
			"architectures": ["x86_64"], "code": "handle-message.zip", "handler": "bootstrap", "runtime": "provided.al2023",
			"environment": {"variables": {"NAMESPACE": "tally", "SERVICE": "handle-message", "ENVIRONMENT": "dev-main",
				"SUMS_TABLE": "main-sums-1a2b3c4", "SUMS_RETENTION_DAYS": "7", "SUMS_TOPIC_ARN": "arn:aws:Topic:r:a:main-sums"}},
			"ephemeralStorage": {"size": 1024}, "reservedConcurrentExecutions": 5, "publish": true, "tracingConfig": {"mode": "Active"},
			"loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/lambda/tally-dev-main-handle-message", "applicationLogLevel": "WARN", "systemLogLevel": "INFO"},
			"memorySize": 256, "timeout": 7, "role": "arn:aws:Role:r:a:main-handle-message"}`},
		{"aws:lambda/alias:Alias", "main-handle-message", `{"name": "live", "functionName": "main-handle-message-1a2b3c4", "functionVersion": "1"}`},
		{"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "main-handle-message", `{
			"functionName": "main-handle-message-1a2b3c4", "qualifier": "live", "maximumRetryAttempts": 1, "maximumEventAgeInSeconds": 3600,
			"destinationConfig": {"onFailure": {"destination": "arn:aws:Queue:r:a:main-handle-message-on-failure"}}}`},
		{"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "main-add-numbers", `{
			"functionName": "main-add-numbers-1a2b3c4", "qualifier": "live", "maximumRetryAttempts": 1, "maximumEventAgeInSeconds": 3600,
			"destinationConfig": {"onFailure": {"destination": "arn:aws:Queue:r:a:main-add-numbers-failures"}}}`},
		{"aws:lambda/eventSourceMapping:EventSourceMapping", "main-handle-message-on-failure", `{"eventSourceArn": "arn:aws:Queue:r:a:main-handle-message-on-failure",
			"functionName": "arn:aws:Alias:r:a:main-record-failure", "batchSize": 10, "maximumBatchingWindowInSeconds": 0, "functionResponseTypes": ["ReportBatchItemFailures"],
			"scalingConfig": {"maximumConcurrency": 2}}`},
		{"aws:dynamodb/table:Table", "main-sums", `{"billingMode": "PAY_PER_REQUEST", "hashKey": "id", "attributes": [{"name": "id", "type": "S"}], "pointInTimeRecovery": {"enabled": true},
			"deletionProtectionEnabled": false, "serverSideEncryption": {"enabled": false}, "ttl": {"attributeName": "expiresAt", "enabled": true}}`},
		{"aws:cloudwatch/logGroup:LogGroup", "main-add-numbers", `{"name": "/aws/lambda/tally-dev-main-add-numbers", "retentionInDays": 14}`},
		{"aws:cloudwatch/logGroup:LogGroup", "main-numbers-failures", `{"name": "sns/r/a/main-numbers/Failure", "retentionInDays": 14}`},
		{"aws:cloudwatch/logGroup:LogGroup", "main-api", `{"name": "/aws/vendedlogs/apis/tally-dev-main-api", "retentionInDays": 14}`},
		{"aws:lambda/permission:Permission", "main-api-post-add", `{"action": "lambda:InvokeFunction", "function": "main-add-numbers-1a2b3c4", "qualifier": "live",
			"principal": "apigateway.amazonaws.com", "sourceArn": "arn:execute-api:main-api/*/POST/add"}`},
		{"aws:lambda/permission:Permission", "main-numbers-handle-message", `{"action": "lambda:InvokeFunction", "function": "main-handle-message-1a2b3c4", "qualifier": "live",
			"principal": "sns.amazonaws.com", "sourceArn": "arn:aws:Topic:r:a:main-numbers"}`},
		{"aws:sns/topicSubscription:TopicSubscription", "main-numbers-handle-message", `{"topic": "arn:aws:Topic:r:a:main-numbers", "protocol": "lambda",
			"endpoint": "arn:aws:Alias:r:a:main-handle-message", "redrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:Queue:r:a:main-numbers-handle-message-redrive\"}"}`},
		{"aws:sns/topic:Topic", "main-numbers", `{"kmsMasterKeyId": "alias/aws/sns", "signatureVersion": 2, "httpFailureFeedbackRoleArn": "arn:aws:Role:r:a:main-numbers-feedback",
			"lambdaFailureFeedbackRoleArn": "arn:aws:Role:r:a:main-numbers-feedback", "sqsFailureFeedbackRoleArn": "arn:aws:Role:r:a:main-numbers-feedback",
			"tracingConfig": "Active"}`},
		{"aws:sqs/queue:Queue", "main-handle-message-failures", `{"messageRetentionSeconds": 1209600, "sqsManagedSseEnabled": true}`},
		{"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "main-handle-message-failures", `{"queueUrl": "https://sqs/main-handle-message-failures",
			"redriveAllowPolicy": "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"arn:aws:Queue:r:a:main-handle-message-on-failure\"]}"}`},
		{"aws:sns/topicSubscription:TopicSubscription", "main-sums-sums", `{"topic": "arn:aws:Topic:r:a:main-sums", "protocol": "sqs",
			"endpoint": "arn:aws:Queue:r:a:main-sums", "rawMessageDelivery": true, "redrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:Queue:r:a:main-sums-sums-redrive\"}"}`},
		{"aws:apigatewayv2/api:Api", "main-api", `{"protocolType": "HTTP"}`},
		{"aws:apigatewayv2/integration:Integration", "main-api-add-numbers", `{"apiId": "main-api-id", "integrationType": "AWS_PROXY", "integrationMethod": "POST",
			"integrationUri": "arn:invoke:main-add-numbers", "payloadFormatVersion": "2.0"}`},
		{"aws:apigatewayv2/route:Route", "main-api-post-add", `{"apiId": "main-api-id", "routeKey": "POST /add", "target": "integrations/main-api-add-numbers-id", "authorizationType": "AWS_IAM"}`},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "main-handle-message-duration", `{"namespace": "AWS/Lambda", "metricName": "Duration", "dimensions": {"FunctionName": "main-handle-message-1a2b3c4"},
			"statistic": "Maximum", "threshold": 5600, "period": 60, "evaluationPeriods": 1, "comparisonOperator": "GreaterThanOrEqualToThreshold", "treatMissingData": "notBreaching",
			"alarmActions": ["arn:aws:Topic:r:a:main-alarms"], "okActions": ["arn:aws:Topic:r:a:main-alarms"],
			"alarmDescription": "tally dev: An invocation of handle-message took 80% of its timeout of 7 seconds: find the slow part in its traces."}`},
	} {
		t.Run(path.Base(test.kind)+" "+test.name, func(t *testing.T) {
			var want any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, cloud.inputs(test.kind, test.name)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStackNeedsEachFunction(t *testing.T) {
	_, err := newFakeCloud().deploy(example(), map[string]string{"add-numbers": "add-numbers.zip"})
	if err == nil || !strings.Contains(err.Error(), "function handle-message has no code") {
		t.Errorf("got %v", err)
	}
}

// TestVariables proves that each function has the variables that it reads, and no
// others.
func TestVariables(t *testing.T) {
	const table, days, secret = "main-sums-1a2b3c4", "7", "/tally/dev/notify-secret"
	cloud, _ := deployStack(t, example())
	for name, want := range map[string]map[string]any{
		"add-numbers":    {},
		"submit-numbers": {"SUMS_TABLE": table, "SUMS_RETENTION_DAYS": days, "NUMBERS_TOPIC_ARN": "arn:aws:Topic:r:a:main-numbers"},
		"get-sum":        {"SUMS_TABLE": table},
		"record-failure": {"SUMS_TABLE": table, "SUMS_RETENTION_DAYS": days, "FAILURES_QUEUE_URL": "https://sqs/main-handle-message-failures"},
		"notify":         {"NOTIFY_URL": "https://example.com/notify", "NOTIFY_SECRET_PARAMETER": secret},
	} {
		inputs := cloud.inputs("aws:lambda/function:Function", "main-"+name).(map[string]any)
		got, _ := inputs["environment"].(map[string]any)["variables"].(map[string]any)
		for _, common := range []string{"NAMESPACE", "SERVICE", "ENVIRONMENT"} {
			delete(got, common)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestOptionalParts proves that neither the queue of sums nor notify exists unless the
// configuration asks for it.
func TestOptionalParts(t *testing.T) {
	config := example()
	config.SumsQueue, config.NotifyURL = false, ""
	cloud, outputs := deployStack(t, config)
	for name := range cloud.resources {
		if strings.Contains(name, "main-sums-sums") || strings.HasSuffix(name, ":Queue main-sums") || strings.Contains(name, "main-notify") {
			t.Errorf("there is %s", name)
		}
	}
	if outputs["sumsQueueUrl"] != nil || outputs["functions"].(map[string]string)["notify"] != "" {
		t.Errorf("the outputs are %v", outputs)
	}
}

// TestSumsQueueKey proves that the stack outputs the key that whoever reads the queue of
// sums must be allowed to use.
func TestSumsQueueKey(t *testing.T) {
	config := example()
	config.CustomerKey = true
	cloud, outputs := deployStack(t, config)
	key := cloud.inputs("aws:sqs/queue:Queue", "main-sums").(map[string]any)["kmsMasterKeyId"]
	if got := outputs["sumsQueueKeyArn"]; key == nil || got != key {
		t.Errorf("the key is %v, and the output %v", key, got)
	}
}

// TestBuffer proves that Lambda passes the messages of a buffer to handle-message with
// the function's concurrency.
func TestBuffer(t *testing.T) {
	for reserved, want := range map[int]any{0: nil, 1: 2.0, 5: 5.0} {
		config := example()
		config.Buffer, config.Functions.ReservedConcurrency = true, reserved
		cloud, _ := deployStack(t, config)
		mapping := cloud.inputs("aws:lambda/eventSourceMapping:EventSourceMapping", "main-numbers-handle-message-buffer").(map[string]any)
		scaling, _ := mapping["scalingConfig"].(map[string]any)
		if mapping["functionName"] != "arn:aws:Alias:r:a:main-handle-message" || scaling["maximumConcurrency"] != want {
			t.Errorf("with a concurrency of %d: %v", reserved, mapping)
		}
		subscription := cloud.inputs("aws:sns/topicSubscription:TopicSubscription", "main-numbers-handle-message").(map[string]any)
		if subscription["protocol"] != "sqs" || subscription["endpoint"] != "arn:aws:Queue:r:a:main-numbers-handle-message-buffer" {
			t.Errorf("the subscription is %v", subscription)
		}
	}
}

// TestProgramRefuses proves that no resource is created if a setting is invalid
// or the local cloud is not running.
func TestProgramRefuses(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(closed.Addr().String())
	closed.Close()
	const local = `{"aws:region": "us-east-1", "tally:target": "local", "tally:owner": "me", "tally:costCentre": "none"}`
	for _, test := range []struct{ name, config, providers, want string }{
		{"no configuration", ``, "", "tally:target is missing"},
		{"an invalid value", `{"aws:region": "us-east-1", "tally:target": "aws", "tally:memory": "64"}`, "", `tally:memory may not be "64"`},
		{"protected without anybody to tell", `{"aws:region": "us-east-1", "tally:target": "aws", "tally:owner": "me", "tally:costCentre": "none", "tally:protect": "true"}`,
			"", "pulumi config set tally:alarmEmail ADDRESS --stack local"},
		{"no provider", local, "", "which is not running here (PULUMI_DEBUG_PROVIDERS names no aws provider): run `make up`"},
		{"another provider", local, "random:" + port, "names no aws provider"},
		{"an invalid port", local, "aws:http", "Expected a numeric port"},
		{"nothing listens", local, "aws:" + port, "connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(pulumi.EnvConfig, test.config)
			t.Setenv("PULUMI_DEBUG_PROVIDERS", test.providers)
			cloud := newFakeCloud()
			err := pulumi.RunErr(program, pulumi.WithMocks("tally", "local", cloud))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if len(cloud.resources) > 0 {
				t.Errorf("created %v", cloud.summary())
			}
		})
	}
}

func TestRequireLocalCloud(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	t.Setenv("PULUMI_DEBUG_PROVIDERS", "random:1,aws:"+port)
	if err := requireLocalCloud(); err != nil {
		t.Error(err)
	}
}
