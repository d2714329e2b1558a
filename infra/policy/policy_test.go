package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// compliant is the graph of a stack that complies with every rule and contains a
// resource for each of them.
const compliant = `[
	{"Type": "pulumi:providers:aws", "Name": "aws", "Inputs": {"defaultTags": "{\"tags\":{\"project\":\"tally\",\"environment\":\"prod\",\"owner\":\"us\"}}"}},
	{"Type": "aws:lambda/function:Function", "Name": "f", "Parent": "Function f", "Provider": "aws", "Inputs": {
		"runtime": "provided.al2023", "tags": {"cost-centre": "42"}, "tracingConfig": {"mode": "Active"},
		"environment": {"variables": {"TOPIC_ARN": "arn:aws:sns:us-east-1:1:t", "API_TOKEN": "arn:aws:secretsmanager:us-east-1:1:secret:t"}},
		"reservedConcurrentExecutions": 0, "vpcConfig": {"subnetIds": ["subnet-1"]}, "kmsKeyArn": "(known after the deployment)", "codeSigningConfigArn": "arn:c"}},
	{"Type": "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "Name": "f", "Parent": "Function f", "Inputs": {
		"destinationConfig": {"onFailure": {"destination": "(known after the deployment)"}}}},
	{"Type": "aws:lambda/permission:Permission", "Name": "p", "Parent": "Topic t", "Inputs": {
		"principal": "sns.amazonaws.com", "sourceArn": "(known after the deployment)", "qualifier": "live"}},
	{"Type": "aws:iam/role:Role", "Name": "r", "Inputs": {"permissionsBoundary": "arn:aws:iam::1:policy/b"}},
	{"Type": "aws:iam/rolePolicy:RolePolicy", "Name": "r", "Inputs": {"policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sns:Publish\"],\"Resource\":\"arn:t\"},{\"Effect\":\"Allow\",\"Action\":[\"xray:PutTraceSegments\",\"xray:PutTelemetryRecords\"],\"Resource\":[\"*\"]}]}"}},
	{"Type": "aws:sns/topic:Topic", "Name": "t", "Parent": "Topic t", "Provider": "aws", "Inputs": {
		"kmsMasterKeyId": "alias/aws/sns", "lambdaFailureFeedbackRoleArn": "arn:r", "tags": {"cost-centre": "42"}}},
	{"Type": "aws:sns/topicPolicy:TopicPolicy", "Name": "t", "Parent": "Topic t", "Inputs": {"policy": {"Statement": [
		{"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": false}}},
		{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}]}}},
	{"Type": "aws:sns/topicSubscription:TopicSubscription", "Name": "s", "Parent": "Topic t", "Inputs": {"protocol": "lambda", "redrivePolicy": "(known after the deployment)"}},
	{"Type": "aws:sns/topicSubscription:TopicSubscription", "Name": "mail", "Parent": "Topic t", "Inputs": {"protocol": "email"}, "References": {"topic": ["aws:sns/topic:Topic t"]}},
	{"Type": "aws:sqs/queue:Queue", "Name": "q", "Parent": "Queue q", "Provider": "aws", "Inputs": {"sqsManagedSseEnabled": true, "tags": {"cost-centre": "42"}, "policy": {"Statement": [
		{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sqs:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
		{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*", "Condition": {"ArnEquals": {"aws:SourceArn": "arn:t"}}}]}}},
	{"Type": "aws:sqs/queue:Queue", "Name": "source", "Parent": "Queue source", "Provider": "aws", "Inputs": {"kmsMasterKeyId": "arn:k", "tags": {"cost-centre": "42"}, "policy": "(known after the deployment)"}},
	{"Type": "aws:sqs/redrivePolicy:RedrivePolicy", "Name": "source", "Parent": "Queue source", "Inputs": {"redrivePolicy": "(known after the deployment)"}},
	{"Type": "aws:lambda/eventSourceMapping:EventSourceMapping", "Name": "m", "Inputs": {"functionName": "(known after the deployment)", "functionResponseTypes": ["ReportBatchItemFailures"]}, "References": {
		"functionName": ["aws:lambda/alias:Alias f"], "eventSourceArn": ["aws:sqs/queue:Queue source"]}},
	{"Type": "aws:dynamodb/table:Table", "Name": "d", "Provider": "aws", "Inputs": {"billingMode": "PAY_PER_REQUEST", "pointInTimeRecovery": {"enabled": true}, "deletionProtectionEnabled": true,
		"serverSideEncryption": {"enabled": true, "kmsKeyArn": "(known after the deployment)"}, "tags": {"cost-centre": "42"}}},
	{"Type": "aws:backup/selection:Selection", "Name": "d", "Inputs": {"resources": "(known after the deployment)"}, "References": {"resources": ["aws:dynamodb/table:Table d"]}},
	{"Type": "aws:dax/cluster:Cluster", "Name": "x", "Inputs": {"serverSideEncryption": {"enabled": true}, "clusterEndpointEncryptionType": "TLS"}},
	{"Type": "aws:secretsmanager/secret:Secret", "Name": "k", "Provider": "aws", "Inputs": {"kmsKeyId": "arn:k1", "tags": {"cost-centre": "42"}}},
	{"Type": "aws:secretsmanager/secretRotation:SecretRotation", "Name": "k", "Inputs": {"secretId": "(known after the deployment)", "rotationRules": {"automaticallyAfterDays": 90}},
		"References": {"secretId": ["aws:secretsmanager/secret:Secret k"]}},
	{"Type": "aws:ssm/parameter:Parameter", "Name": "p", "Inputs": {"type": "SecureString", "keyId": "arn:k2"}},
	{"Type": "aws:apigatewayv2/route:Route", "Name": "get", "Inputs": {"routeKey": "GET /", "authorizationType": "JWT"}},
	{"Type": "aws:apigatewayv2/stage:Stage", "Name": "s", "Inputs": {"accessLogSettings": {"destinationArn": "arn:l"}, "defaultRouteSettings": {"throttlingRateLimit": 5, "throttlingBurstLimit": 5}}},
	{"Type": "aws:apigatewayv2/domainName:DomainName", "Name": "d", "Inputs": {"domainNameConfiguration": {"securityPolicy": "TLS_1_2"}}},
	{"Type": "aws:scheduler/schedule:Schedule", "Name": "s", "Inputs": {"target": {"deadLetterConfig": {"arn": "arn:q"}}}},
	{"Type": "aws:cloudwatch/metricAlarm:MetricAlarm", "Name": "a", "Inputs": {"alarmActions": ["(known after the deployment)"]}, "References": {"alarmActions": ["aws:sns/topic:Topic t"]}},
	{"Type": "aws:cloudwatch/logGroup:LogGroup", "Name": "l", "Inputs": {"retentionInDays": 365, "kmsKeyId": "arn:k"}}
]`

func graph(t *testing.T, text string) (g Graph) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestCompliantStack(t *testing.T) {
	g := graph(t, compliant)
	for _, f := range Check("prod", g) {
		t.Error(f)
	}
	for _, rule := range Rules() {
		if !slices.ContainsFunc(g, func(r Resource) bool { return slices.Contains(rule.Types, r.Type) }) {
			t.Errorf("%v checked no resource: add one of %v", rule.Controls, rule.Types)
		}
	}
}

// TestViolations breaks the compliant stack in one place at a time. It also
// proves that each rule has a case.
func TestViolations(t *testing.T) {
	const ownAccount = `"Condition": {"StringEquals": {"aws:SourceAccount": "1"}}`
	failed := map[string]bool{}
	for _, test := range []struct{ control, old, new, want string }{
		{"Lambda.1", `"principal": "sns.amazonaws.com"`, `"principal": "*"`, "allows anyone to invoke the function"},
		{"CKV_AWS_364", `"sourceArn": "(known after the deployment)", `, ``, "allows sns.amazonaws.com to invoke the function on behalf of any account"},
		{"TALLY.1", `"qualifier": "live"`, `"qualifier": ""`, "has no qualifier"},
		{"TALLY.1", `"aws:lambda/alias:Alias f"`, `"aws:lambda/function:Function f"`, "invokes a function that is not an alias"},
		{"TALLY.6", `"ReportBatchItemFailures"`, ``, "retries a whole batch because of one message"},
		{"TALLY.6", `"Parent": "Queue source", "Inputs": {"redrivePolicy"`, `"Parent": "Queue q", "Inputs": {"redrivePolicy"`, "polls no queue of this stack that has a redrivePolicy"},
		{"DynamoDB.1", `PAY_PER_REQUEST`, `PROVISIONED`, "has a fixed capacity"},
		{"DynamoDB.1", `"billingMode": "PAY_PER_REQUEST", `, ``, "has a fixed capacity"},
		{"DynamoDB.2", `"pointInTimeRecovery": {"enabled": true}`, `"pointInTimeRecovery": {"enabled": false}`, "has no point-in-time recovery"},
		{"DynamoDB.4", `"aws:dynamodb/table:Table d"`, `"aws:dynamodb/table:Table e"`, "is in no backup plan"},
		{"DynamoDB.6", `"deletionProtectionEnabled": true`, `"deletionProtectionEnabled": false`, "has no deletionProtectionEnabled"},
		{"CKV_AWS_119", `"serverSideEncryption": {"enabled": true`, `"serverSideEncryption": {"enabled": false`, "is encrypted with a key of DynamoDB's"},
		{"CKV_AWS_119", `"kmsKeyArn": "(known after the deployment)"}, "tags"`, `"x": 1}, "tags"`, "has no kmsKeyArn"},
		{"DynamoDB.3", `"serverSideEncryption": {"enabled": true}, "cluster`, `"serverSideEncryption": {"enabled": false}, "cluster`, "is not encrypted at rest"},
		{"DynamoDB.7", `"clusterEndpointEncryptionType": "TLS"`, `"clusterEndpointEncryptionType": "NONE"`, "accepts connections without TLS"},
		{"DynamoDB.7", `, "clusterEndpointEncryptionType": "TLS"`, ``, "accepts connections without TLS"},
		{"SecretsManager.1", `"aws:secretsmanager/secret:Secret k"`, `"aws:secretsmanager/secret:Secret j"`, "has no SecretRotation"},
		{"SecretsManager.4", `"automaticallyAfterDays": 90`, `"automaticallyAfterDays": 91`, "does not rotate the secret within 90 days"},
		{"SecretsManager.4", `"automaticallyAfterDays": 90`, `"scheduleExpression": "rate(365 days)"`, "does not rotate the secret within 90 days"},
		{"CKV_AWS_149", `"kmsKeyId": "arn:k1"`, `"x": 1`, "has no kmsKeyId"},
		{"CKV2_AWS_34", `"SecureString"`, `"String"`, "has the type String, not SecureString"},
		{"CKV_AWS_337", `"keyId": "arn:k2"`, `"x": 1`, "has no keyId"},
		{"Lambda.2", `provided.al2023`, `go1.x`, "uses the runtime go1.x, not provided.al2023"},
		{"Lambda.6", `\"owner\":\"us\"`, `\"owner\":\"\"`, "lacks the required tags: owner"},
		{"Lambda.6", `"pulumi:providers:aws"`, `"pulumi:providers:random"`, "lacks the required tags: project, environment, owner"},
		{"Lambda.7", `"mode": "Active"`, `"mode": "PassThrough"`, "is not traced"},
		{"CKV_AWS_45", `"arn:aws:secretsmanager:us-east-1:1:secret:t"`, `"hunter2"`, "has a secret in the environment variable API_TOKEN"},
		{"CKV_AWS_45", `"arn:aws:sns:us-east-1:1:t"`, `"AKIAIOSFODNN7EXAMPLE"`, "has an access key or a private key in the environment variable TOPIC_ARN"},
		{"CKV_AWS_115", `"reservedConcurrentExecutions": 0`, `"reservedConcurrentExecutions": -1`, "all of the account's concurrency"},
		{"CKV_AWS_115", `"reservedConcurrentExecutions": 0, `, ``, "all of the account's concurrency"},
		{"CKV_AWS_116", `"onFailure"`, `"onSuccess"`, "loses the events"},
		{"CKV_AWS_116", `"Name": "f", "Parent": "Function f"`, `"Name": "f", "Parent": "Function g"`, "loses the events"},
		{"CKV_AWS_117", `"vpcConfig"`, `"x"`, "has no vpcConfig"},
		{"CKV_AWS_173", `"kmsKeyArn"`, `"x"`, "has no kmsKeyArn"},
		{"CKV_AWS_272", `"codeSigningConfigArn"`, `"x"`, "has no codeSigningConfigArn"},
		{"CKV_AWS_355", `"sns:Publish\"],\"Resource\":\"arn:t\"`, `"sns:Publish\"],\"Resource\":\"*\"`, "allows sns:Publish on every resource"},
		{"CKV_AWS_355", `\"Resource\":\"arn:t\"`, `\"NotResource\":\"arn:t\"`, "allows sns:Publish on every resource except arn:t"},
		{"CKV_AWS_63", `[\"sns:Publish\"]`, `\"sns:*\"`, "allows every action (sns:*)"},
		{"CKV_AWS_63", `\"Action\":[\"sns:Publish\"]`, `\"NotAction\":\"iam:*\"`, "allows every action except iam:*"},
		{"CKV_AWS_63", `"{\"Statement\":[{\"Effect\":\"Allow\"`, `"{\"Statement\":{\"Effect\":\"Allow\"`, "has no valid policy document in policy"},
		{"TALLY.5", `"permissionsBoundary"`, `"x"`, "has no permissionsBoundary"},
		{"SNS.1", `"kmsMasterKeyId": "alias/aws/sns"`, `"kmsMasterKeyId": ""`, "has no kmsMasterKeyId"},
		{"SNS.2", `"lambdaFailureFeedbackRoleArn"`, `"lambdaSuccessFeedbackRoleArn"`, "has no lambdaFailureFeedbackRoleArn, although the subscription s uses lambda"},
		{"SNS.2", `"protocol": "lambda"`, `"protocol": "https"`, "has no httpFailureFeedbackRoleArn"},
		{"SNS.4", `{"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*", ` + ownAccount, `"*", "Action": "sns:Publish", "Resource": "*"`, "allows anyone to perform sns:Publish"},
		{"CKV_AWS_385", ownAccount, `"Condition": {"StringLike": {"aws:SourceAccount": "*"}}`, "without a condition on the account"},
		{"TALLY.2", `{"AWS": "*"}, "Action": "sqs:*"`, `{"AWS": "arn:aws:iam::1:root"}, "Action": "sqs:*"`, "aws:SecureTransport"},
		{"TALLY.2", `"Name": "t", "Parent": "Topic t", "Inputs": {"policy"`, `"Name": "t", "Parent": "Topic u", "Inputs": {"policy"`, "aws:SecureTransport"},
		{"TALLY.7", `"deadLetterConfig"`, `"x"`, "has no deadLetterConfig"},
		{"TALLY.3", `"redrivePolicy"`, `"x"`, "has no redrivePolicy"},
		{"SQS.1", `"sqsManagedSseEnabled": true`, `"sqsManagedSseEnabled": false`, "is not encrypted"},
		{"CKV2_AWS_73", `"sqsManagedSseEnabled": true`, `"kmsMasterKeyId": "alias/aws/sqs"`, "SNS cannot send"},
		{"SQS.3", `{"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*", "Condition"`, `"*", "Action": "sqs:SendMessage", "Resource": "*", "x"`, "allows anyone to perform sqs:SendMessage"},
		{"SQS.3", `"Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*", "Condition"`, `"NotPrincipal": {"AWS": "arn:u"}, "Action": "sqs:SendMessage", "Resource": "*", "x"`, "allows anyone to perform sqs:SendMessage"},
		{"CKV_AWS_385", `"Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*", ` + ownAccount, `"NotPrincipal": {"AWS": "arn:u"}, "Action": "sns:Publish", "Resource": "*"`, "without a condition on the account"},
		{"CKV_AWS_72", `"sqs:SendMessage"`, `["sqs:SendMessage", "sqs:*"]`, "allows every action"},
		{"APIGateway.8", `"authorizationType": "JWT"`, `"authorizationType": "NONE"`, "allows anyone to call GET / without authorization"},
		{"APIGateway.8", `, "authorizationType": "JWT"`, ``, "allows anyone to call GET / without authorization"},
		{"APIGateway.9", `"accessLogSettings"`, `"x"`, "has no destinationArn"},
		{"TALLY.4", `"throttlingRateLimit": 5`, `"throttlingRateLimit": 0`, "has no throttlingRateLimit"},
		{"TALLY.4", `, "throttlingBurstLimit": 5`, ``, "has no throttlingBurstLimit"},
		{"CKV_AWS_206", `TLS_1_2`, `TLS_1_0`, "has the security policy TLS_1_0, not TLS_1_2"},
		{"CloudWatch.15", `["(known after the deployment)"]`, `[]`, "has no alarmActions"},
		{"CloudWatch.15", `"References": {"alarmActions": ["aws:sns/topic:Topic t"]}`, `"References": {"alarmActions": ["aws:lambda/function:Function f"]}`, "has no action that is a topic of this stack"},
		{"CloudWatch.15", `"References": {"alarmActions": ["aws:sns/topic:Topic t"]}`, `"References": {"alarmActions": ["aws:sns/topic:Topic t", "aws:sns/topic:Topic u"]}`, "tells nobody: u has no subscription"},
		{"CloudWatch.15", `"protocol": "email"`, `"protocol": "sqs", "redrivePolicy": "r"`, "tells nobody: t has no subscription"},
		{"CloudWatch.15", `"References": {"topic": ["aws:sns/topic:Topic t"]}`, `"References": {"topic": ["aws:sns/topic:Topic u"]}`, "tells nobody: t has no subscription"},
		{"CloudWatch.17", `"alarmActions"`, `"actionsEnabled": false, "alarmActions"`, "notifies no one"},
		{"CloudWatch.16", `365`, `30`, "retains logs for 30 days"},
		{"CKV_AWS_66", `"retentionInDays": 365, `, ``, "has no retentionInDays"},
		{"CKV_AWS_158", `"kmsKeyId": "arn:k"}`, `"x": 1}`, "has no kmsKeyId"},
	} {
		t.Run(test.control+" "+test.want, func(t *testing.T) {
			if !strings.Contains(compliant, test.old) {
				t.Fatalf("the compliant stack does not contain %s", test.old)
			}
			for _, f := range Check("prod", graph(t, strings.Replace(compliant, test.old, test.new, 1))) {
				if f.Rule.Controls[0] == test.control && strings.Contains(f.Error(), test.want) {
					failed[test.control] = true
					return
				}
			}
			t.Errorf("%s reports no violation that contains %q", test.control, test.want)
		})
	}
	for _, rule := range Rules() {
		if !failed[rule.Controls[0]] {
			t.Errorf("no case violates %v", rule.Controls)
		}
	}
}

// TestControls proves that a rule, and only one, implements each control.
func TestControls(t *testing.T) {
	var covered []string
	for _, rule := range Rules() {
		covered = append(covered, rule.Controls...)
	}
	for control := range strings.FieldsSeq(`
		Lambda.1 Lambda.2 Lambda.6 Lambda.7 DynamoDB.1 DynamoDB.2 DynamoDB.3 DynamoDB.4 DynamoDB.5 DynamoDB.6 DynamoDB.7 CKV_AWS_28 CKV_AWS_119 CKV_AWS_47 CKV_AWS_239
		SecretsManager.1 SecretsManager.4 SecretsManager.5 CKV2_AWS_57 CKV_AWS_149 CKV2_AWS_34 CKV_AWS_337 SNS.1 SNS.2 SNS.3 SNS.4 SQS.1 SQS.2 SQS.3
		APIGateway.8 APIGateway.9 CloudWatch.15 CloudWatch.16 CloudWatch.17
		CKV_AWS_45 CKV_AWS_50 CKV_AWS_115 CKV_AWS_116 CKV_AWS_117 CKV_AWS_173 CKV_AWS_272
		CKV_AWS_301 CKV_AWS_363 CKV_AWS_364 CKV_AWS_26 CKV_AWS_169 CKV_AWS_385 CKV_AWS_27
		CKV_AWS_72 CKV_AWS_387 CKV_AWS_168 CKV_AWS_76 CKV_AWS_309 CKV_AWS_206 CKV_AWS_66
		CKV_AWS_158 CKV_AWS_338 CKV_AWS_319 CKV2_AWS_73`) {
		if !slices.Contains(covered, control) {
			t.Errorf("no rule implements %s", control)
		}
	}
	slices.Sort(covered)
	if unique := slices.Compact(slices.Clone(covered)); len(unique) != len(covered) {
		t.Errorf("more than one rule implements a control: %v", covered)
	}
}

// TestWaivers proves that each waiver refers to a rule and states a reason, and
// that it applies to its own stacks alone.
func TestWaivers(t *testing.T) {
	for _, w := range Waivers() {
		if !slices.ContainsFunc(Rules(), func(r Rule) bool { return r.Controls[0] == w.Control }) {
			t.Errorf("the waiver of %s refers to no rule: it must name a rule's first control", w.Control)
		}
		if len(w.Reason) < 40 {
			t.Errorf("the waiver of %s states no reason", w.Control)
		}
	}
	short := graph(t, strings.Replace(compliant, "365", "30", 1))
	if found := Check("dev", short); len(found) != 1 || found[0].Waiver == nil {
		t.Errorf("dev: %v", found)
	}
	if found := Check("prod", short); len(found) != 1 || found[0].Waiver != nil {
		t.Errorf("prod: %v", found)
	}
}
