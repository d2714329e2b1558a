package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
)

// samples returns the input of a valid request for each operation: parameters of
// a form, members of a JSON object, or a path. Every operation must have one.
func samples(topic, subscription, queue string) map[string]map[string]any {
	const one = "/2015-03-31/functions/add"
	path := func(p string) map[string]any { return map[string]any{"path": p} }
	withQueue := func(rest map[string]any) map[string]any { rest["QueueUrl"] = queue; return rest }
	batch := func(entry map[string]any) map[string]any {
		entry["Id"] = "a"
		return withQueue(map[string]any{"Entries": []any{entry}})
	}
	sums, sumKey := here.ARN("dynamodb", "table/sums").String(), map[string]any{"id": map[string]any{"S": "a"}}
	return map[string]map[string]any{
		"SNS.Publish":                   {"TopicArn": topic, "Message": "m"},
		"SNS.PublishBatch":              {"TopicArn": topic, "PublishBatchRequestEntries.member.1.Id": "a", "PublishBatchRequestEntries.member.1.Message": "m"},
		"SNS.ListTopics":                {},
		"SNS.GetTopicAttributes":        {"TopicArn": topic},
		"SNS.ListSubscriptions":         {},
		"SNS.ListSubscriptionsByTopic":  {"TopicArn": topic},
		"SNS.GetSubscriptionAttributes": {"SubscriptionArn": subscription},
		"SNS.CreateTopic":               {"Name": "t"},
		"SNS.DeleteTopic":               {"TopicArn": topic},
		"SNS.SetTopicAttributes":        {"TopicArn": topic, "AttributeName": "DisplayName"},
		"SNS.AddPermission":             {"TopicArn": topic, "Label": "l"},
		"SNS.RemovePermission":          {"TopicArn": topic, "Label": "l"},
		"SNS.TagResource":               {"ResourceArn": topic},
		"SNS.UntagResource":             {"ResourceArn": topic},
		"SNS.ListTagsForResource":       {"ResourceArn": topic},
		"SNS.Subscribe":                 {"TopicArn": topic, "Protocol": "sqs"},
		"SNS.ConfirmSubscription":       {"TopicArn": topic, "Token": "t"},
		"SNS.SetSubscriptionAttributes": {"SubscriptionArn": subscription, "AttributeName": "RawMessageDelivery"},
		"SNS.Unsubscribe":               {"SubscriptionArn": subscription},

		"SQS.SendMessage":                  withQueue(map[string]any{"MessageBody": "m"}),
		"SQS.SendMessageBatch":             batch(map[string]any{"MessageBody": "m"}),
		"SQS.ReceiveMessage":               withQueue(map[string]any{}),
		"SQS.DeleteMessage":                withQueue(map[string]any{"ReceiptHandle": "r"}),
		"SQS.DeleteMessageBatch":           batch(map[string]any{"ReceiptHandle": "r"}),
		"SQS.ChangeMessageVisibility":      withQueue(map[string]any{"ReceiptHandle": "r", "VisibilityTimeout": 1}),
		"SQS.ChangeMessageVisibilityBatch": batch(map[string]any{"ReceiptHandle": "r", "VisibilityTimeout": 1}),
		"SQS.PurgeQueue":                   withQueue(map[string]any{}),
		"SQS.GetQueueUrl":                  {"QueueName": "work"},
		"SQS.GetQueueAttributes":           withQueue(map[string]any{}),
		"SQS.ListQueues":                   {},
		"SQS.ListQueueTags":                withQueue(map[string]any{}),
		"SQS.ListDeadLetterSourceQueues":   withQueue(map[string]any{}),
		"SQS.CreateQueue":                  {"QueueName": "q"},
		"SQS.DeleteQueue":                  withQueue(map[string]any{}),
		"SQS.SetQueueAttributes":           withQueue(map[string]any{}),
		"SQS.TagQueue":                     withQueue(map[string]any{}),
		"SQS.UntagQueue":                   withQueue(map[string]any{}),
		"SQS.AddPermission":                withQueue(map[string]any{"Label": "l"}),
		"SQS.RemovePermission":             withQueue(map[string]any{"Label": "l"}),
		"SQS.StartMessageMoveTask":         {"SourceArn": here.ARN("sqs", "work").String()},
		"SQS.ListMessageMoveTasks":         {"SourceArn": here.ARN("sqs", "work").String()},
		"SQS.CancelMessageMoveTask":        {"TaskHandle": moveHandle{"id", here.ARN("sqs", "work").String()}.String()},

		"CloudWatch.DescribeAlarmHistory":    {"AlarmName": "a"},
		"CloudWatch.DescribeAlarms":          {},
		"CloudWatch.DescribeAlarmsForMetric": {"Namespace": "n", "MetricName": "m"},
		"CloudWatch.GetMetricData":           {},
		"CloudWatch.GetMetricStatistics":     {},
		"CloudWatch.ListMetrics":             {},
		"CloudWatch.PutMetricData":           {"Namespace": "n"},
		"CloudWatch.SetAlarmState":           {"AlarmName": "a"},

		"CloudWatch Logs.DescribeLogGroups":  {},
		"CloudWatch Logs.DescribeLogStreams": {"logGroupName": "g"},
		"CloudWatch Logs.FilterLogEvents":    {"logGroupName": "g"},
		"CloudWatch Logs.GetLogEvents":       {"logGroupName": "g", "logStreamName": "s"},

		"DynamoDB.BatchGetItem":                 {"RequestItems": map[string]any{"sums": map[string]any{"Keys": []any{sumKey}}}},
		"DynamoDB.BatchWriteItem":               {"RequestItems": map[string]any{"sums": []any{map[string]any{"DeleteRequest": map[string]any{"Key": sumKey}}}}},
		"DynamoDB.DeleteItem":                   {"TableName": "sums", "Key": sumKey},
		"DynamoDB.GetItem":                      {"TableName": "sums", "Key": sumKey},
		"DynamoDB.PutItem":                      {"TableName": "sums", "Item": sumKey},
		"DynamoDB.Query":                        {"TableName": "sums", "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": map[string]any{":i": map[string]any{"S": "a"}}},
		"DynamoDB.Scan":                         {"TableName": "sums"},
		"DynamoDB.TransactGetItems":             {"TransactItems": []any{map[string]any{"Get": map[string]any{"TableName": "sums", "Key": sumKey}}}},
		"DynamoDB.TransactWriteItems":           {"TransactItems": []any{map[string]any{"Put": map[string]any{"TableName": "sums", "Item": sumKey}}}},
		"DynamoDB.UpdateItem":                   {"TableName": "sums", "Key": sumKey},
		"DynamoDB.CreateTable":                  {"TableName": "sums"},
		"DynamoDB.DeleteTable":                  {"TableName": "sums"},
		"DynamoDB.DescribeContinuousBackups":    {"TableName": "sums"},
		"DynamoDB.DescribeTable":                {"TableName": "sums"},
		"DynamoDB.DescribeTimeToLive":           {"TableName": "sums"},
		"DynamoDB.ListTables":                   {},
		"DynamoDB.ListTagsOfResource":           {"ResourceArn": sums},
		"DynamoDB.TagResource":                  {"ResourceArn": sums},
		"DynamoDB.UntagResource":                {"ResourceArn": sums},
		"DynamoDB.UpdateContinuousBackups":      {"TableName": "sums"},
		"DynamoDB.UpdateTable":                  {"TableName": "sums"},
		"DynamoDB.UpdateTimeToLive":             {"TableName": "sums"},
		"CloudWatch Logs.CreateLogGroup":        {"logGroupName": "g"},
		"CloudWatch Logs.DeleteLogGroup":        {"logGroupName": "g"},
		"CloudWatch Logs.PutRetentionPolicy":    {"logGroupName": "g", "retentionInDays": 1},
		"CloudWatch Logs.DeleteRetentionPolicy": {"logGroupName": "g"},
		"CloudWatch Logs.CreateLogStream":       {"logGroupName": "g", "logStreamName": "s"},
		"CloudWatch Logs.PutLogEvents":          {"logGroupName": "g", "logStreamName": "s"},

		"Lambda.Invoke":                       path(one + "/invocations"),
		"Lambda.GetFunction":                  path(one),
		"Lambda.GetFunctionConfiguration":     path(one + "/configuration"),
		"Lambda.GetPolicy":                    path(one + "/policy"),
		"Lambda.ListFunctions":                path("/2015-03-31/functions"),
		"Lambda.ListVersionsByFunction":       path(one + "/versions"),
		"Lambda.ListAliases":                  path(one + "/aliases"),
		"Lambda.GetAlias":                     path(one + "/aliases/live"),
		"Lambda.DeleteFunction":               path(one),
		"Lambda.UpdateAlias":                  path(one + "/aliases/live"),
		"Lambda.GetFunctionEventInvokeConfig": path("/2019-09-25/functions/add/event-invoke-config"),
		"Lambda.GetFunctionConcurrency":       path("/2019-09-30/functions/add/concurrency"),

		"Lambda.CreateFunction":                  path("/2015-03-31/functions"),
		"Lambda.UpdateFunctionCode":              path(one + "/code"),
		"Lambda.UpdateFunctionConfiguration":     path(one + "/configuration"),
		"Lambda.PublishVersion":                  path(one + "/versions"),
		"Lambda.CreateAlias":                     path(one + "/aliases"),
		"Lambda.DeleteAlias":                     path(one + "/aliases/live"),
		"Lambda.AddPermission":                   path(one + "/policy"),
		"Lambda.RemovePermission":                path(one + "/policy/s"),
		"Lambda.PutFunctionConcurrency":          path("/2017-10-31/functions/add/concurrency"),
		"Lambda.DeleteFunctionConcurrency":       path("/2017-10-31/functions/add/concurrency"),
		"Lambda.PutFunctionEventInvokeConfig":    path("/2019-09-25/functions/add/event-invoke-config"),
		"Lambda.UpdateFunctionEventInvokeConfig": path("/2019-09-25/functions/add/event-invoke-config"),
		"Lambda.DeleteFunctionEventInvokeConfig": path("/2019-09-25/functions/add/event-invoke-config"),
		"Lambda.ListFunctionEventInvokeConfigs":  path("/2019-09-25/functions/add/event-invoke-config/list"),
		"Lambda.CreateFunctionUrlConfig":         path("/2021-10-31/functions/add/url"),
		"Lambda.GetFunctionUrlConfig":            path("/2021-10-31/functions/add/url"),
		"Lambda.UpdateFunctionUrlConfig":         path("/2021-10-31/functions/add/url"),
		"Lambda.DeleteFunctionUrlConfig":         path("/2021-10-31/functions/add/url"),
		"Lambda.ListFunctionUrlConfigs":          path("/2021-10-31/functions/add/urls"),
		"Lambda.ListTags":                        path("/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:add"),
		"Lambda.TagResource":                     path("/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:add"),
		"Lambda.UntagResource":                   path("/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:add"),

		"Lambda.CreateEventSourceMapping":          path("/2015-03-31/event-source-mappings/"),
		"Lambda.ListEventSourceMappings":           path("/2015-03-31/event-source-mappings/"),
		"Lambda.GetEventSourceMapping":             path("/2015-03-31/event-source-mappings/u"),
		"Lambda.UpdateEventSourceMapping":          path("/2015-03-31/event-source-mappings/u"),
		"Lambda.DeleteEventSourceMapping":          path("/2015-03-31/event-source-mappings/u"),
		"Secrets Manager.BatchGetSecretValue":      {"SecretIdList": []string{"db"}},
		"Secrets Manager.CancelRotateSecret":       {"SecretId": "db"},
		"Secrets Manager.CreateSecret":             {"Name": "db"},
		"Secrets Manager.DeleteResourcePolicy":     {"SecretId": "db"},
		"Secrets Manager.DeleteSecret":             {"SecretId": "db"},
		"Secrets Manager.DescribeSecret":           {"SecretId": "db"},
		"Secrets Manager.GetRandomPassword":        {},
		"Secrets Manager.GetResourcePolicy":        {"SecretId": "db"},
		"Secrets Manager.GetSecretValue":           {"SecretId": "db"},
		"Secrets Manager.ListSecretVersionIds":     {"SecretId": "db"},
		"Secrets Manager.ListSecrets":              {},
		"Secrets Manager.PutResourcePolicy":        {"SecretId": "db"},
		"Secrets Manager.PutSecretValue":           {"SecretId": "db"},
		"Secrets Manager.RestoreSecret":            {"SecretId": "db"},
		"Secrets Manager.RotateSecret":             {"SecretId": "db"},
		"Secrets Manager.TagResource":              {"SecretId": "db"},
		"Secrets Manager.UntagResource":            {"SecretId": "db"},
		"Secrets Manager.UpdateSecret":             {"SecretId": "db"},
		"Secrets Manager.UpdateSecretVersionStage": {"SecretId": "db"},
		"Secrets Manager.ValidateResourcePolicy":   {"ResourcePolicy": "{}"},

		"EventBridge Scheduler.CreateSchedule":      path("/schedules/n"),
		"EventBridge Scheduler.GetSchedule":         path("/schedules/n"),
		"EventBridge Scheduler.UpdateSchedule":      path("/schedules/n"),
		"EventBridge Scheduler.DeleteSchedule":      path("/schedules/n"),
		"EventBridge Scheduler.ListSchedules":       path("/schedules"),
		"EventBridge Scheduler.CreateScheduleGroup": path("/schedule-groups/g"),
		"EventBridge Scheduler.GetScheduleGroup":    path("/schedule-groups/g"),
		"EventBridge Scheduler.DeleteScheduleGroup": path("/schedule-groups/g"),
		"EventBridge Scheduler.ListScheduleGroups":  path("/schedule-groups"),
		"EventBridge Scheduler.ListTagsForResource": path("/tags/arn:aws:scheduler:us-east-1:000000000000:schedule-group%2Fg"),
		"EventBridge Scheduler.TagResource":         path("/tags/arn:aws:scheduler:us-east-1:000000000000:schedule-group%2Fg"),
		"EventBridge Scheduler.UntagResource":       path("/tags/arn:aws:scheduler:us-east-1:000000000000:schedule-group%2Fg"),

		"SSM.AddTagsToResource":       {"ResourceType": "Parameter", "ResourceId": "/tally/limit"},
		"SSM.DeleteParameter":         {"Name": "/tally/limit"},
		"SSM.DeleteParameters":        {"Names": []string{"/tally/limit"}},
		"SSM.DescribeParameters":      {},
		"SSM.GetParameter":            {"Name": "/tally/limit"},
		"SSM.GetParameterHistory":     {"Name": "/tally/limit"},
		"SSM.GetParameters":           {"Names": []string{"/tally/limit"}},
		"SSM.GetParametersByPath":     {"Path": "/tally"},
		"SSM.LabelParameterVersion":   {"Name": "/tally/limit", "Labels": []string{"live"}},
		"SSM.ListTagsForResource":     {"ResourceType": "Parameter", "ResourceId": "/tally/limit"},
		"SSM.PutParameter":            {"Name": "/tally/limit", "Value": "1", "Type": "String"},
		"SSM.RemoveTagsFromResource":  {"ResourceType": "Parameter", "ResourceId": "/tally/limit"},
		"SSM.UnlabelParameterVersion": {"Name": "/tally/limit", "ParameterVersion": 1, "Labels": []string{"live"}},

		"STS.GetCallerIdentity": {},
		"STS.AssumeRole":        {"RoleArn": roleARN, "RoleSessionName": "test"},

		"X-Ray.PutTraceSegments":  path("/TraceSegments"),
		"X-Ray.BatchGetTraces":    path("/Traces"),
		"X-Ray.GetTraceSummaries": path("/TraceSummaries"),

		"X-Ray.PutResourcePolicy":    path("/PutResourcePolicy"),
		"X-Ray.ListResourcePolicies": path("/ListResourcePolicies"),
		"X-Ray.DeleteResourcePolicy": path("/DeleteResourcePolicy"),
	}
}

// sampleRequest encodes an input as a request of the service's current protocol.
func sampleRequest(t *testing.T, s service, name string, input map[string]any) request {
	t.Helper()
	r := request{method: "POST", path: "/", service: s.scope}
	switch p := s.protocols[0].(type) {
	case query:
		form := url.Values{"Action": {name}, "Version": {p.version}}
		for key, value := range input {
			form.Set(key, value.(string))
		}
		r.body, r.header = form.Encode(), map[string]string{"Content-Type": formType}
	case restJSON:
		r.method, _, _ = strings.Cut(s.operations[name].route, " ")
		r.path = input["path"].(string)
	case awsJSON:
		r.body, r.header = string(must(json.Marshal(input))(t)), map[string]string{targetHeader: p.target + "." + name}
	case metricsCBOR:
		r.path = "/service/" + p.service + "/operation/" + name
		r.body, r.header = string(must(cbor.Marshal(input))(t)), map[string]string{rpcHeader: rpcName}
	case dynamoJSON:
		r.body, r.header = string(must(json.Marshal(input))(t)), map[string]string{targetHeader: p.target + "." + name}
	case sqsJSON:
		r.body, r.header = string(must(json.Marshal(input))(t)), map[string]string{targetHeader: p.target + "." + name}
	}
	return r
}

// Each row states who authorizes the operation. A caller without permissions may
// use only the one operation that is open to all. Every other operation is refused
// with an error that names the action of the row, which the documentation lists.
func TestEveryOperationIsAuthorized(t *testing.T) {
	k := newKit(t)
	keys := k.role(t, nothing)
	k.function(t, lambda.Config{Name: "add"})
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	sub := must(k.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "lambda", Endpoint: here.ARN("lambda", "function:add").String()}))(t)
	queue, _ := k.queues(t)
	inputs := samples(topic.ARN, sub.ARN, queue)
	for _, s := range services() {
		for name, op := range s.operations {
			input, ok := inputs[s.name+"."+name]
			if !ok {
				t.Errorf("%s.%s has no sample", s.name, name)
				continue
			}
			switch {
			case op.authority == 0:
				t.Errorf("%s.%s has no authority", s.name, name)
			case op.authority == byAnyone && (op.action != "" || name != "GetCallerIdentity"):
				t.Errorf("%s.%s is open to all", s.name, name)
			case op.authority != byAnyone && op.action == "":
				t.Errorf("%s.%s names no action", s.name, name)
			}
			r := sampleRequest(t, s, name, input)
			r.keys = keys
			status, _, body := send(t, r.build(t, k.url))
			want := "is not authorized to perform: " + op.action + " on resource: "
			if op.authority == byAnyone {
				if status != http.StatusOK {
					t.Errorf("%s.%s: %d %s", s.name, name, status, body)
				}
			} else if status < 400 || status >= 500 || !strings.Contains(strings.ToLower(body), strings.ToLower(want)) {
				t.Errorf("%s.%s: %d %s, want %s", s.name, name, status, body, want)
			}
			delete(inputs, s.name+"."+name)
		}
	}
	if len(inputs) > 0 {
		t.Errorf("no such operations: %v", slices.Sorted(maps.Keys(inputs)))
	}
}

func TestOperations(t *testing.T) {
	all := Operations()
	order := func(a, b OperationInfo) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name))
	}
	if len(all) == 0 || !slices.IsSortedFunc(all, order) {
		t.Errorf("%d operations: %v", len(all), all)
	}
	for _, want := range []OperationInfo{
		{"CloudWatch", []string{"Smithy RPC v2 CBOR", "AWS JSON 1.0", "AWS Query"}, "GetMetricData", "cloudwatch:GetMetricData"},
		{"CloudWatch Logs", []string{"AWS JSON 1.1"}, "GetLogEvents", "logs:GetLogEvents"},
		{"DynamoDB", []string{"AWS JSON 1.0"}, "TransactGetItems", "dynamodb:GetItem"},
		{"Lambda", []string{"AWS restJson1"}, "Invoke", "lambda:InvokeFunction"},
		{"SNS", []string{"AWS Query"}, "PublishBatch", "SNS:Publish"},
		{"SQS", []string{"AWS JSON 1.0", "AWS Query"}, "DeleteMessageBatch", "sqs:DeleteMessage"},
		{"STS", []string{"AWS Query"}, "GetCallerIdentity", ""},
	} {
		if !slices.ContainsFunc(all, func(o OperationInfo) bool { return reflect.DeepEqual(o, want) }) {
			t.Errorf("no %+v", want)
		}
	}
}

// authorizer is a cloud.Authorizer.
type authorizer func(ctx context.Context, r cloud.Request) error

func (a authorizer) Authorize(ctx context.Context, r cloud.Request) error { return a(ctx, r) }

// TestConditionKeysOfTheRequest checks that the client's address, user agent and
// referer are condition keys, whether the gateway or the service authorizes the call.
func TestConditionKeysOfTheRequest(t *testing.T) {
	k := newKit(t)
	_ = k.SNS.Close()
	var seen map[string][]string
	k.SNS = must(sns.New(sns.Options{Place: here, Journal: k, Authorizer: authorizer(func(ctx context.Context, r cloud.Request) error {
		seen = cloud.ConditionKeys(ctx)
		return k.IAM.Authorize(ctx, r)
	})}))(t)
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	keys := k.role(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+
		`"IpAddress":{"aws:SourceIp":"127.0.0.0/8"},"StringLike":{"aws:UserAgent":"aws-cli/*"}}}]}`)
	handler := New(here, k.Services, k)
	serve := func(body, address, agent, referer string) int {
		r := request{method: "POST", path: "/", service: "sns", keys: keys, body: body + "&Version=" + snsVersion,
			header: map[string]string{"Content-Type": formType}}.build(t, k.url)
		r.Host, r.RemoteAddr = r.URL.Host, address
		r.Header.Set("User-Agent", agent)
		r.Header.Set("Referer", referer)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}

	for _, c := range []struct {
		address, agent string
		want           int
	}{
		{"127.0.0.1:50000", "aws-cli/2.0", http.StatusOK},
		{"[::1]:50000", "aws-cli/2.0", http.StatusForbidden},
		{"127.0.0.1:50000", "curl/8", http.StatusForbidden},
		{"127.0.0.1:50000", "", http.StatusForbidden},
	} {
		if got := serve("Action=ListTopics", c.address, c.agent, ""); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	serve("Action=Publish&Message=m&TopicArn="+topic.ARN, "[::1]:50000", "", "https://example.com/")
	if want := map[string][]string{"aws:SourceIp": {"::1"}, "aws:referer": {"https://example.com/"}}; !reflect.DeepEqual(seen, want) {
		t.Errorf("SNS authorized with %v, want %v", seen, want)
	}
}
