package provider

import (
	"fmt"
	"strings"
)

const (
	aliasToken        = "aws:lambda/alias:Alias"
	functionToken     = "aws:lambda/function:Function"
	invokeConfigToken = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
	mappingToken      = "aws:lambda/eventSourceMapping:EventSourceMapping"
	logGroupToken     = "aws:cloudwatch/logGroup:LogGroup"
	urlToken          = "aws:lambda/functionUrl:FunctionUrl"
	permissionToken   = "aws:lambda/permission:Permission"
	queueToken        = "aws:sqs/queue:Queue"
	subscriptionToken = "aws:sns/topicSubscription:TopicSubscription"
	topicPolicyToken  = "aws:sns/topicPolicy:TopicPolicy"
	topicToken        = "aws:sns/topic:Topic"
)

// ARNs for properties that must hold ARNs of other services.
const (
	aBucket   = "arn:aws:s3:::bucket"
	aFunction = "arn:aws:lambda:us-east-1:000000000000:function:f"
	aQueue    = "arn:aws:sqs:us-east-1:000000000000:q"
	aFilter   = `{"body":{"a":["b"]}}`
	aTopic    = "arn:aws:sns:us-east-1:000000000000:t"
)

// badPolicy is JSON but not a policy.
const badPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}`

// badTags violates a rule that all services share.
var badTags = map[string]any{"aws:a": "b"}

// numbered repeats a format n times, with the numbers from 1 up.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i+1)
	}
	return b.String()
}

// twoStatements returns a policy for a topic with these Sids; "" means none.
func twoStatements(sid, other string) string {
	const statement = `"Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*"}`
	return strings.ReplaceAll(`{"Version":"2012-10-17","Statement":[{"Sid":"`+sid+`",`+statement+`,{"Sid":"`+other+`",`+statement+`]}`, `"Sid":"",`, "")
}

func snsRefusals() refusals {
	const outOfScope = "InvalidParameter: Invalid parameter: Policy statement action out of service scope! "
	const subscriptionInvalid = "InvalidParameter: Invalid parameter: Attributes Reason: "
	return refusals{[]refusal{
		{token: topicToken, property: "name", value: "bad name!", words: "InvalidParameter: Invalid parameter: Topic Name"},
		{token: topicToken, property: "name", value: "numbers.fifo", words: "FIFO topics are not emulated"},
		{token: topicToken, property: "displayName", value: strings.Repeat("x", 101), words: "Display name must be less than or equal to 100 characters"},
		{token: topicToken, property: "policy", value: "{", words: "Policy: failed to parse JSON."},
		{token: topicToken, property: "policy", value: badPolicy, words: "Policy Error: null (Statement[0]: has no Principal)"},
		{token: topicToken, property: "policy", value: `{"Statement":{"Principal":{"AWS":["1"` + strings.Repeat(`,"1"`, 200) + `]}}}`, words: "Policy Error: a statement must have at most 200 principals, not 201"},
		{token: topicToken, property: "policy", value: `{"Statement":[{}` + strings.Repeat(",{}", 100) + `]}`, words: "Policy Error: a policy must have at most 100 statements, not 101"},
		{token: topicToken, property: "policy", value: `{"Id":"` + strings.Repeat("x", 30*1024) + `"}`, words: "Policy Error: a policy must be at most 30720 bytes long"},
		{token: topicToken, property: "policy", value: twoStatements("", ""), words: "Every policy statement must have a unique ID"},
		{token: topicToken, property: "policy", value: twoStatements("a", "a"), words: "Every policy statement must have a unique ID"},
		{token: topicToken, property: "policy", value: topicPolicyOf("*"), words: outOfScope + "(sns:*)"},
		{token: topicToken, property: "policy", value: topicPolicyOf("CreateTopic"), words: outOfScope + "(sns:CreateTopic)"},
		{token: topicToken, property: "policy", value: strings.Replace(topicPolicyOf("Publish"), `"Resource":"*"`, `"Resource":"`+aTopic+`"`, 1), words: "must be the topic's ARN, arn:aws:sns:us-east-1:000000000000:mine, not"},
		{token: topicToken, property: "kmsMasterKeyId", value: aQueue, words: "Must be a key of AWS KMS"},
		{token: topicToken, property: "deliveryPolicy", value: "{", words: "DeliveryPolicy: failed to parse JSON."},
		{token: topicToken, property: "deliveryPolicy", value: `{"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}}`, words: "numRetries must be less than or equal to 100"},
		{token: topicToken, property: "deliveryPolicy", value: `{"htpp":{}}`, words: "DeliveryPolicy: Unexpected JSON member: htpp"},
		{token: topicToken, property: "tracingConfig", value: "On", words: "Must be Active or PassThrough."},
		{token: topicToken, property: "signatureVersion", value: 3, words: "Must be 1 or 2."},
		{token: topicToken, property: "lambdaFailureFeedbackRoleArn", value: aQueue, words: "must be the ARN of a role"},
		{token: topicToken, property: "lambdaSuccessFeedbackRoleArn", value: "r", words: "must be the ARN of a role"},
		{token: topicToken, property: "lambdaSuccessFeedbackSampleRate", value: 101, words: "from 0 to 100, not 101"},
		{token: topicToken, property: "sqsFailureFeedbackRoleArn", value: "arn:aws:iam::000000000000:user/u", words: "must be the ARN of a role"},
		{token: topicToken, property: "sqsSuccessFeedbackRoleArn", value: aTopic, words: "must be the ARN of a role"},
		{token: topicToken, property: "sqsSuccessFeedbackSampleRate", value: -1, words: "from 0 to 100, not -1"},
		{token: topicToken, property: "httpFailureFeedbackRoleArn", value: "r", words: "must be the ARN of a role"},
		{token: topicToken, property: "httpSuccessFeedbackRoleArn", value: "r", words: "must be the ARN of a role"},
		{token: topicToken, property: "httpSuccessFeedbackSampleRate", value: 101, words: "from 0 to 100, not 101"},
		{token: topicToken, property: "tags", value: badTags, words: "Tags Reason: the tag key"},

		{token: topicPolicyToken, property: "arn", value: aQueue, words: "InvalidParameter: Invalid parameter: TopicArn"},
		{token: topicPolicyToken, property: "arn", value: "numbers", words: "TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		{token: topicPolicyToken, property: "policy", value: "{", words: "Policy: failed to parse JSON."},
		{token: topicPolicyToken, property: "policy", value: badPolicy, words: "Policy Error: null (Statement[0]: has no Principal)"},
		{token: topicPolicyToken, property: "policy", value: topicPolicyOf("Unsubscribe"), words: outOfScope + "(sns:Unsubscribe)"},
		{token: topicPolicyToken, property: "policy", value: strings.Replace(topicPolicyOf("Publish"), `"Resource":"*"`, `"Resource":["*","*"]`, 1), words: "Policy Error: the Resource of each statement must be the topic's ARN"},

		{token: subscriptionToken, property: "topic", value: aQueue, words: "InvalidParameter: Invalid parameter: TopicArn"},
		{token: subscriptionToken, property: "topic", value: "arn:aws:sns:eu-west-1:000000000000:t", words: "InvalidParameter: Invalid parameter: TopicArn"},
		{token: subscriptionToken, property: "protocol", value: "sms", words: "Amazon SNS does not support this protocol string: sms"},
		{token: subscriptionToken, property: "endpoint", value: aQueue, words: "InvalidParameter: Invalid parameter: Lambda endpoint ARN"},
		{token: subscriptionToken, property: "endpoint", value: aFunction, with: map[string]any{"protocol": "sqs"}, words: "InvalidParameter: Invalid parameter: SQS endpoint ARN"},
		{token: subscriptionToken, property: "endpoint", value: "http://example.com", with: map[string]any{"protocol": "https"}, words: "Endpoint must match the specified protocol"},
		{token: subscriptionToken, property: "endpoint", value: "nobody", with: map[string]any{"protocol": "email"}, words: "Invalid parameter: Email address"},
		{token: subscriptionToken, property: "filterPolicyScope", value: "Body", words: subscriptionInvalid + "FilterPolicyScope: Invalid value [Body]."},
		{token: subscriptionToken, property: "filterPolicy", value: "{", words: subscriptionInvalid + "FilterPolicy: failed to parse JSON."},
		{token: subscriptionToken, property: "filterPolicy", value: `{"a":"b"}`, words: `"a" must be an object or an array`},
		{token: subscriptionToken, property: "filterPolicy", value: `{"a":{"b":["c"]}}`, words: "scope MessageAttributes does not support nested filter policy"},
		{token: subscriptionToken, property: "filterPolicy", value: `{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}`, words: "Filter policy can not have more than 5 keys", with: map[string]any{"filterPolicyScope": "MessageBody"}},
		{token: subscriptionToken, property: "filterPolicy", value: `{"a":["` + strings.Repeat("x", 1<<18) + `"]}`, words: subscriptionInvalid + "FilterPolicy: Filter policy must not be larger than 262144 bytes"},
		{token: subscriptionToken, property: "filterPolicy", value: `{"a":[1` + strings.Repeat(",1", 150) + `]}`, words: subscriptionInvalid + "FilterPolicy: Filter policy is too complex"},
		{token: subscriptionToken, property: "redrivePolicy", value: "{", words: subscriptionInvalid + "RedrivePolicy: failed to parse JSON."},
		{token: subscriptionToken, property: "redrivePolicy", value: `{"deadLetterTargetArn":"` + aFunction + `"}`, words: "RedrivePolicy: deadLetterTargetArn is an invalid arn"},
		{token: subscriptionToken, property: "redrivePolicy", value: `{"deadLetterTargetArn":"` + aQueue + `","maxReceiveCount":3}`, words: "RedrivePolicy: invalid JSON. Attribute maxReceiveCount is unknown."},
		{token: subscriptionToken, property: "redrivePolicy", value: `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:q"}`, words: "must be in the account and region of the subscription"},
		{token: subscriptionToken, property: "redrivePolicy", value: `{"deadLetterTargetArn":"` + aQueue + `.fifo"}`, words: "must be a standard queue"},
		{token: subscriptionToken, property: "rawMessageDelivery", value: true, words: "Delivery protocol [lambda] does not support raw message delivery."},
	}, []string{"aws:sns/topic:Topic.fifoTopic"}}
}

func sqsRefusals() refusals {
	const attribute = "InvalidAttributeValue: Invalid value for the parameter "
	policies := []refusal{
		{property: "redrivePolicy", value: "{", words: "It must be a JSON object with deadLetterTargetArn and maxReceiveCount."},
		{property: "redrivePolicy", value: `{"deadLetterTargetArn":"a","maxReceiveCount":0}`, words: "from 1 to 1000"},
		{property: "redrivePolicy", value: `{"deadLetterTargetArn":"` + aFunction + `","maxReceiveCount":3}`, words: "Invalid value for deadLetterTargetArn."},
		{property: "redriveAllowPolicy", value: `{"redrivePermission":"byQueue"}`, words: "sourceQueueArns is required"},
		{property: "redriveAllowPolicy", value: `{"redrivePermission":"byQueue","sourceQueueArns":["` + aTopic + `"]}`, words: "Invalid value for sourceQueueArns: " + aTopic},
		{property: "policy", value: strings.Replace(badPolicy, "sns:Publish", "sqs:SendMessage", 1), words: attribute + "Policy. (Statement[0]: has no Principal)"},
		{property: "policy", value: `{"Statement":{"Action":["a","b","c","d","e","f","g","h"]}}`, words: "OverLimit: 8 actions were found in a statement from the submitted policy, max allowed is 7"},
		{property: "policy", value: `{"Statement":{"Principal":{"AWS":["1"` + strings.Repeat(`,"1"`, 50) + `]}}}`, words: "OverLimit: 51 principals were found in a statement"},
		{property: "policy", value: `{"Statement":{"Condition":{"Null":{"a:0":1` + numbered(`,"a:%d":1`, 10) + `}}}}`, words: "OverLimit: 11 conditions were found in a statement"},
		{property: "policy", value: `{"Id":"` + strings.Repeat("x", 8192) + `"}`, words: "OverLimit: Submitted policy is over max allowed size."},
		{property: "policy", value: "{", words: attribute + "Policy. Reason: It is not valid JSON."},
	}
	rows := []refusal{
		{token: queueToken, property: "name", value: "bad name!", words: "InvalidParameterValue: Can only include alphanumeric characters"},
		{token: queueToken, property: "name", value: "numbers.fifo", words: "FIFO queues are not emulated"},
		{token: queueToken, property: "delaySeconds", value: 901, words: attribute + "DelaySeconds. Reason: Must be from 0 to 900, not 901."},
		{token: queueToken, property: "maxMessageSize", value: 1023, words: attribute + "MaximumMessageSize. Reason: Must be from 1024 to 1048576, not 1023."},
		{token: queueToken, property: "maxMessageSize", value: 1048577, words: "Must be from 1024 to 1048576, not 1048577."},
		{token: queueToken, property: "messageRetentionSeconds", value: 59, words: attribute + "MessageRetentionPeriod. Reason: Must be from 60 to 1209600, not 59."},
		{token: queueToken, property: "receiveWaitTimeSeconds", value: 21, words: attribute + "ReceiveMessageWaitTimeSeconds. Reason: Must be from 0 to 20, not 21."},
		{token: queueToken, property: "visibilityTimeoutSeconds", value: -1, words: attribute + "VisibilityTimeout. Reason: Must be from 0 to 43200, not -1."},
		{token: queueToken, property: "kmsDataKeyReusePeriodSeconds", value: 86401, words: attribute + "KmsDataKeyReusePeriodSeconds. Reason: Must be from 60 to 86400, not 86401."},
		{token: queueToken, property: "kmsMasterKeyId", value: aQueue, words: aQueue + " is not a key of AWS KMS."},
		{token: queueToken, property: "tags", value: badTags, words: "InvalidParameterValue: One or more parameters are invalid. Reason: the tag key"},
	}
	owners := map[string]string{
		"policy":             "aws:sqs/queuePolicy:QueuePolicy",
		"redrivePolicy":      "aws:sqs/redrivePolicy:RedrivePolicy",
		"redriveAllowPolicy": "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
	}
	for _, r := range policies {
		r.token = queueToken
		rows = append(rows, r)
		r.token = owners[r.property]
		rows = append(rows, r, refusal{token: r.token, property: "queueUrl", value: aQueue, words: "InvalidAddress: The address " + aQueue + " is not valid for this endpoint."})
	}
	return refusals{rows, []string{"aws:sqs/queue:Queue.contentBasedDeduplication", "aws:sqs/queue:Queue.fifoQueue"}}
}

func logsRefusals() refusals {
	const invalid = "InvalidParameterException: 1 validation error detected: "
	return refusals{[]refusal{
		{token: logGroupToken, property: "name", value: "bad name!", words: invalid + "Value 'bad name!' at 'logGroupName'"},
		{token: logGroupToken, property: "name", value: "aws/mine", words: "must not begin with aws/"},
		{token: logGroupToken, property: "retentionInDays", value: 2, words: invalid + "Value '2' at 'retentionInDays'"},
		{token: logGroupToken, property: "kmsKeyId", value: aQueue, words: "Member must be the ARN of a key of AWS KMS"},
		{token: logGroupToken, property: "tags", value: badTags, words: invalid + "the tag key"},
	}, []string{"aws:cloudwatch/logGroup:LogGroup.logGroupClass"}}
}

func lambdaRefusals() refusals {
	const invalid = "ValidationException: 1 validation error detected: "
	long := strings.Repeat("x", 257)
	logging := map[string]any{"logFormat": "JSON", "systemLogLevel": "INFO"}
	return refusals{[]refusal{
		{token: functionToken, property: "name", value: "bad name!", words: invalid + "Value 'bad name!' at 'functionName'"},
		{token: functionToken, property: "name", value: strings.Repeat("x", 65), words: "at 'functionName'"},
		{token: functionToken, property: "role", value: aQueue, words: invalid + "Value '" + aQueue + "' at 'role'"},
		{token: functionToken, property: "role", value: "arn:aws:iam::000000000000:user/u", words: "at 'role'"},
		{token: functionToken, property: "handler", value: "a b", words: invalid + "Value 'a b' at 'handler'"},
		{token: functionToken, property: "runtime", value: "nodejs20.x", words: "Value nodejs20.x at 'runtime' failed to satisfy constraint"},
		{token: functionToken, property: "description", value: long, words: "at 'description' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{token: functionToken, property: "architectures", value: []any{"arm64", "x86_64"}, words: "exactly one"},
		{token: functionToken, property: "memorySize", value: 64, words: "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		{token: functionToken, property: "memorySize", value: 10241, words: "less than or equal to 10240"},
		{token: functionToken, property: "timeout", value: 901, words: "Value '901' at 'timeout'"},
		{token: functionToken, property: "reservedConcurrentExecutions", value: -2, words: "Value '-2' at 'reservedConcurrentExecutions'"},
		{token: functionToken, property: "reservedConcurrentExecutions", value: 901, words: "below its minimum value of [100]"},
		{token: functionToken, property: "environment.variables", value: map[string]any{"AWS_REGION": "x"}, words: "Reserved keys used in this request: AWS_REGION"},
		{token: functionToken, property: "environment.variables", value: map[string]any{"a-b": "x"}, words: "unlike 'a-b'"},
		{token: functionToken, property: "environment.variables", value: map[string]any{"BIG": strings.Repeat("x", 4096)}, words: "exceeded the 4KB limit"},
		{token: functionToken, property: "ephemeralStorage.size", value: 511, words: "Value '511' at 'ephemeralStorage.size'"},
		{token: functionToken, property: "loggingConfig.logFormat", value: "XML", words: invalid + "Value 'XML' at 'loggingConfig.logFormat'"},
		{token: functionToken, property: "loggingConfig.logGroup", value: "a b", with: map[string]any{"loggingConfig": logging}, words: invalid + "Value 'a b' at 'loggingConfig.logGroup'"},
		{token: functionToken, property: "loggingConfig.applicationLogLevel", value: "LOUD", with: map[string]any{"loggingConfig": logging}, words: invalid + "Value 'LOUD' at 'loggingConfig.applicationLogLevel'"},
		{token: functionToken, property: "loggingConfig.systemLogLevel", value: "ERROR", with: map[string]any{"loggingConfig": logging}, words: invalid + "Value 'ERROR' at 'loggingConfig.systemLogLevel'"},
		{token: functionToken, property: "loggingConfig", value: map[string]any{"logFormat": "Text", "systemLogLevel": "INFO"}, words: "To use log-level filtering, the log format must be JSON"},
		{token: functionToken, property: "deadLetterConfig.targetArn", value: aFunction, words: "Member must be the ARN of a queue or topic"},
		{token: functionToken, property: "kmsKeyArn", value: aQueue, words: "Member must be the ARN of a key of AWS KMS"},
		{token: functionToken, property: "kmsKeyArn", value: "arn:aws:kms:us-east-1:123:key/k", words: "Member must be the ARN of a key of AWS KMS"},
		{token: functionToken, property: "kmsKeyArn", value: "arn:aws:kms:us-east-1:000000000000:alias/k", with: map[string]any{"environment": map[string]any{"variables": map[string]any{"KEY": "1"}}}, words: "Key Aliases are not supported for this operation."},
		{token: functionToken, property: "tracingConfig.mode", value: "On", words: invalid + "Value 'On' at 'tracingConfig.mode'"},
		{token: functionToken, property: "tags", value: badTags, words: "Tags: the tag key"},

		{token: aliasToken, property: "description", value: long, words: "at 'description'"},
		{token: aliasToken, property: "functionName", value: aQueue, words: invalid + "Value '" + aQueue + "' at 'functionName'"},
		{token: aliasToken, property: "functionVersion", value: "live", words: invalid + "Value 'live' at 'functionVersion'"},
		{token: aliasToken, property: "name", value: "bad name!", words: invalid + "Value 'bad name!' at 'name'"},
		{token: aliasToken, property: "name", value: "7", words: invalid + "Value '7' at 'name'"},
		{token: aliasToken, property: "routingConfig.additionalVersionWeights", value: map[string]any{"2": 1.5}, words: "Member must have value less than or equal to 1.0"},
		{token: aliasToken, property: "routingConfig.additionalVersionWeights", value: map[string]any{"1": 0.5}, words: "Function version 1 is already included in routing configuration."},
		{token: aliasToken, property: "routingConfig.additionalVersionWeights", value: map[string]any{"2": 0.5, "3": 0.1}, words: "cannot be greater than 1"},
		{token: aliasToken, property: "routingConfig.additionalVersionWeights", value: map[string]any{"2": 0.5}, with: map[string]any{"functionVersion": "$LATEST"}, words: "$LATEST is not supported"},

		{token: invokeConfigToken, property: "functionName", value: aQueue, words: invalid + "Value '" + aQueue + "' at 'functionName'"},
		{token: invokeConfigToken, property: "qualifier", value: "a b", words: invalid + "Value 'a b' at 'qualifier'"},
		{token: invokeConfigToken, property: "qualifier", value: "live", with: map[string]any{"functionName": "f:next"}, words: "The derived qualifier from the function name does not match"},
		{token: invokeConfigToken, property: "maximumEventAgeInSeconds", value: 59, words: "Value '59' at 'maximumEventAgeInSeconds'"},
		{token: invokeConfigToken, property: "maximumRetryAttempts", value: 3, words: "Value '3' at 'maximumRetryAttempts'"},
		{token: invokeConfigToken, property: "destinationConfig.onFailure.destination", value: aBucket, words: "The destination ARN " + aBucket + " is invalid."},
		{token: invokeConfigToken, property: "destinationConfig.onSuccess.destination", value: "arn:aws:lambda:us-east-1:000000000000:layer:l", words: "is invalid."},
		{token: invokeConfigToken, property: "destinationConfig.onSuccess.destination", value: "arn:aws:sqs:us-east-1:123:q", words: invalid + "Value 'arn:aws:sqs:us-east-1:123:q' at 'destination'"},
		{token: invokeConfigToken, property: "destinationConfig.onFailure.destination", value: aQueue + strings.Repeat("q", 350), words: "at 'destination' failed to satisfy constraint: Member must have length less than or equal to 350"},

		{token: urlToken, property: "authorizationType", value: "JWT", words: invalid + "Value 'JWT' at 'authType' failed to satisfy constraint: Member must satisfy enum value set: [NONE, AWS_IAM]"},
		{token: urlToken, property: "functionName", value: aQueue, words: invalid + "Value '" + aQueue + "' at 'functionName'"},
		{token: urlToken, property: "invokeMode", value: "RESPONSE_STREAM", words: "the local cloud supports only InvokeMode BUFFERED, not RESPONSE_STREAM"},
		{token: urlToken, property: "qualifier", value: "1", words: invalid + "Value '1' at 'qualifier'"},
		{token: urlToken, property: "cors.allowHeaders", value: []any{strings.Repeat("x", 1025)}, words: "at 'cors.allowHeaders'"},
		{token: urlToken, property: "cors.allowMethods", value: []any{"OPTIONS"}, words: invalid + "Value 'OPTIONS' at 'cors.allowMethods'"},
		{token: urlToken, property: "cors.allowOrigins", value: []any{""}, words: invalid + "Value '' at 'cors.allowOrigins'"},
		{token: urlToken, property: "cors.exposeHeaders", value: []any{strings.Repeat("x", 1025)}, words: "at 'cors.exposeHeaders'"},
		{token: urlToken, property: "cors.maxAge", value: 86401, words: invalid + "Value '86401' at 'cors.maxAge'"},

		{token: mappingToken, property: "batchSize", value: 0, words: invalid + "Value '0' at 'batchSize' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{token: mappingToken, property: "batchSize", value: 10001, words: "Value '10001' at 'batchSize'"},
		{token: mappingToken, property: "batchSize", value: 11, words: "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		{token: mappingToken, property: "eventSourceArn", value: "work", words: invalid + "Value 'work' at 'eventSourceArn'"},
		{token: mappingToken, property: "eventSourceArn", value: aTopic, words: "The event source " + aTopic + " is not a queue. The local cloud polls only queues of SQS."},
		{token: mappingToken, property: "eventSourceArn", value: aQueue + ".fifo", words: "is a FIFO queue, which the local cloud does not emulate."},
		{token: mappingToken, property: "filterCriteria.filters[0].pattern", value: "{", words: "Invalid filter pattern definition. failed to parse JSON."},
		{token: mappingToken, property: "filterCriteria.filters[0].pattern", value: `{"messageAttributes":{"a":["b"]}}`, words: "Lambda filters the messages of a queue only by their body"},
		{token: mappingToken, property: "filterCriteria.filters", value: []any{map[string]any{"pattern": aFilter}, map[string]any{"pattern": aFilter}, map[string]any{"pattern": aFilter},
			map[string]any{"pattern": aFilter}, map[string]any{"pattern": aFilter}, map[string]any{"pattern": aFilter}}, words: "The event source mapping has 6 filters, and at most 5 are allowed."},
		{token: mappingToken, property: "functionName", value: aQueue, words: invalid + "Value '" + aQueue + "' at 'functionName'"},
		{token: mappingToken, property: "functionResponseTypes", value: []any{"All"}, words: invalid + "Value '[All]' at 'functionResponseTypes'"},
		{token: mappingToken, property: "maximumBatchingWindowInSeconds", value: 301, words: "Value '301' at 'maximumBatchingWindowInSeconds'"},
		{token: mappingToken, property: "metricsConfig.metrics", value: []any{"All"}, words: invalid + "Value '[All]' at 'metricsConfig.metrics'"},
		{token: mappingToken, property: "scalingConfig.maximumConcurrency", value: 1, words: "Value '1' at 'scalingConfig.maximumConcurrency'"},
		{token: mappingToken, property: "tags", value: badTags, words: "Tags: the tag key"},

		{token: permissionToken, property: "action", value: "sns:Publish", words: invalid + "Value 'sns:Publish' at 'action'"},
		{token: permissionToken, property: "functionUrlAuthType", value: "JWT", with: map[string]any{"action": "lambda:InvokeFunctionUrl"}, words: invalid + "Value 'JWT' at 'functionUrlAuthType'"},
		{token: permissionToken, property: "functionUrlAuthType", value: "NONE", words: "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"},
		{token: permissionToken, property: "function", value: aQueue, words: invalid + "Value '" + aQueue + "' at 'functionName'"},
		{token: permissionToken, property: "principal", value: aQueue, words: "The provided principal was invalid."},
		{token: permissionToken, property: "principal", value: "SNS.amazonaws.com", words: "The provided principal was invalid."},
		{token: permissionToken, property: "principal", value: "api-gateway.amazonaws.com", words: "The provided principal was invalid. Please check the principal and try again. (did you mean apigateway.amazonaws.com?)"},
		{token: permissionToken, property: "principal", value: "x y.amazonaws.com", words: invalid + "Value 'x y.amazonaws.com' at 'principal'"},
		{token: permissionToken, property: "principal", value: "arn:aws:iam::000000000000:role/*", words: "The provided principal was invalid."},
		{token: permissionToken, property: "qualifier", value: "a b", words: invalid + "Value 'a b' at 'qualifier'"},
		{token: permissionToken, property: "qualifier", value: "$LATEST", words: "We currently do not support adding policies for $LATEST."},
		{token: permissionToken, property: "sourceAccount", value: "12", words: invalid + "Value '12' at 'sourceAccount'"},
		{token: permissionToken, property: "sourceArn", value: "numbers", words: invalid + "Value 'numbers' at 'sourceArn'"},
		{token: permissionToken, property: "sourceArn", value: aTopic + "${aws:PrincipalOrgID}", words: "AWS accepts the condition key aws:PrincipalOrgID, but the local cloud cannot evaluate it."},
		{token: permissionToken, property: "sourceArn", value: aTopic + "${x", words: "MalformedPolicyDocument"},
		{token: permissionToken, property: "statementId", value: "bad id!", words: invalid + "Value 'bad id!' at 'statementId'"},
	}, []string{"aws:lambda/function:Function.code", "aws:lambda/function:Function.packageType"}}
}
