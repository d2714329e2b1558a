package main

import (
	"encoding/json"
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

// functionNames are the folders that bundle.Build compiles.
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

// TestStack states the whole stack: each resource with what it depends on, then
// what each may do.
func TestStack(t *testing.T) {
	cloud := newFakeCloud()
	code := map[string]string{}
	for _, name := range functionNames(t) {
		code[name] = name + ".zip"
	}
	config := settings.Settings{Target: settings.AWS, Architecture: "x86_64", MemoryMB: 256, TimeoutSeconds: 7, LogRetentionDays: 14}
	outputs, err := cloud.deploy(config, code)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("outputs", func(t *testing.T) {
		want := map[string]string{
			"apiUrl":                "https://api/",
			"numbersTopicArn":       "arn:Topic:numbers",
			"sumsTopicArn":          "arn:Topic:sums",
			"addNumbersFunction":    "add-numbers-1a2b3c4",
			"handleMessageFunction": "handle-message-1a2b3c4",
		}
		if diff := cmp.Diff(want, outputs); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("resources", func(t *testing.T) {
		want := []string{
			"Api api in API api",
			"Integration api-add-numbers in API api",
			"Route api-get-add in API api after Permission api-get-add",
			"Route api-post-add in API api after Permission api-post-add",
			"Stage api in API api",
			"LogGroup add-numbers in Function add-numbers",
			"LogGroup handle-message in Function handle-message",
			"Role add-numbers in Function add-numbers",
			"Role handle-message in Function handle-message",
			"RolePolicy add-numbers-logs in Function add-numbers",
			"RolePolicy handle-message-logs in Function handle-message",
			"RolePolicy handle-message-publish-sums in Function handle-message",
			"Function add-numbers in Function add-numbers after RolePolicy add-numbers-logs",
			"Function handle-message in Function handle-message after RolePolicy handle-message-logs",
			"Permission api-get-add in API api",
			"Permission api-post-add in API api",
			"Permission numbers-handle-message in Topic numbers",
			"Topic numbers in Topic numbers",
			"Topic sums in Topic sums",
			"TopicSubscription numbers-handle-message in Topic numbers after Permission numbers-handle-message",
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, cloud.summary()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("policies", func(t *testing.T) {
		want := map[string]string{
			"add-numbers-logs":            `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["arn:LogGroup:add-numbers:*"]}]}`,
			"handle-message-logs":         `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["arn:LogGroup:handle-message:*"]}]}`,
			"handle-message-publish-sums": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sns:Publish"],"Resource":["arn:Topic:sums"]}]}`,
		}
		if diff := cmp.Diff(want, cloud.property("aws:iam/rolePolicy:RolePolicy", "policy")); diff != "" {
			t.Error(diff)
		}
		const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":["sts:AssumeRole"]}]}`
		want = map[string]string{"add-numbers": trust, "handle-message": trust}
		if diff := cmp.Diff(want, cloud.property("aws:iam/role:Role", "assumeRolePolicy")); diff != "" {
			t.Error(diff)
		}
	})
	for _, test := range []struct{ kind, name, want string }{
		{"aws:lambda/function:Function", "handle-message", `{
			"architectures": ["x86_64"], "code": "handle-message.zip", "handler": "bootstrap", "runtime": "provided.al2023",
			"environment": {"variables": {"SUMS_TOPIC_ARN": "arn:Topic:sums"}},
			"loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/tally-dev-handle-message"},
			"memorySize": 256, "timeout": 7, "role": "arn:Role:handle-message"}`},
		{"aws:lambda/function:Function", "add-numbers", `{
			"architectures": ["x86_64"], "code": "add-numbers.zip", "handler": "bootstrap", "runtime": "provided.al2023",
			"loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/tally-dev-add-numbers"},
			"memorySize": 256, "timeout": 7, "role": "arn:Role:add-numbers"}`},
		{"aws:cloudwatch/logGroup:LogGroup", "add-numbers", `{"name": "/aws/lambda/tally-dev-add-numbers", "retentionInDays": 14}`},
		{"aws:lambda/permission:Permission", "api-post-add", `{"action": "lambda:InvokeFunction", "function": "add-numbers-1a2b3c4",
			"principal": "apigateway.amazonaws.com", "sourceArn": "arn:execute-api:api/*/POST/add"}`},
		{"aws:lambda/permission:Permission", "api-get-add", `{"action": "lambda:InvokeFunction", "function": "add-numbers-1a2b3c4",
			"principal": "apigateway.amazonaws.com", "sourceArn": "arn:execute-api:api/*/GET/add"}`},
		{"aws:lambda/permission:Permission", "numbers-handle-message", `{"action": "lambda:InvokeFunction", "function": "handle-message-1a2b3c4",
			"principal": "sns.amazonaws.com", "sourceArn": "arn:Topic:numbers"}`},
		{"aws:sns/topicSubscription:TopicSubscription", "numbers-handle-message", `{"topic": "arn:Topic:numbers", "protocol": "lambda", "endpoint": "arn:Function:handle-message"}`},
		{"aws:sns/topic:Topic", "numbers", `{}`},
		{"aws:apigatewayv2/api:Api", "api", `{"protocolType": "HTTP"}`},
		{"aws:apigatewayv2/stage:Stage", "api", `{"apiId": "api-id", "name": "$default", "autoDeploy": true}`},
		{"aws:apigatewayv2/integration:Integration", "api-add-numbers", `{"apiId": "api-id", "integrationType": "AWS_PROXY", "integrationMethod": "POST",
			"integrationUri": "arn:invoke:add-numbers", "payloadFormatVersion": "2.0"}`},
		{"aws:apigatewayv2/route:Route", "api-post-add", `{"apiId": "api-id", "routeKey": "POST /add", "target": "integrations/api-add-numbers-id"}`},
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
	_, err := newFakeCloud().deploy(settings.Settings{}, map[string]string{"add-numbers": "add-numbers.zip"})
	if err == nil || !strings.Contains(err.Error(), "function handle-message has no code") {
		t.Errorf("got %v", err)
	}
}

// TestProgramRefuses proves that nothing is created where the settings are
// wrong or the local cloud is not there.
func TestProgramRefuses(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(closed.Addr().String())
	closed.Close()
	const local = `{"aws:region": "us-east-1", "tally:target": "local"}`
	for _, test := range []struct{ name, config, providers, want string }{
		{"no configuration", ``, "", "tally:target is missing"},
		{"a wrong value", `{"aws:region": "us-east-1", "tally:target": "aws", "tally:memory": "64"}`, "", `tally:memory may not be "64"`},
		{"no provider", local, "", "which is not running here (PULUMI_DEBUG_PROVIDERS names no provider for aws): run `make up`"},
		{"another provider", local, "random:" + port, "names no provider for aws"},
		{"a port that is none", local, "aws:http", "Expected a numeric port"},
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
