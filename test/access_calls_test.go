package test

// calls lists the AWS API calls that the aws provider makes for one resource type.
// After creating or updating a resource, the provider also reads it.
type calls struct{ create, read, update, delete []call }

// call describes requests to AWS as they are authorized.
type call struct {
	actions string // separated by spaces
	// on is the ARN of the resource, with {name} for a property of the new state or,
	// in a deletion, of the old one, and {name.part} for a part of one.
	on string
	// with names condition keys: "new tags" are those in the request, "tags" those of
	// the resource, "tags of TYPE {property}" those of another resource, "boundary of
	// {property}" the permissions boundary of a role by name, "new boundary" the one in
	// the request, and "function" the function of a mapping. "maybe tags of …" are tags that AWS may or may not know.
	// Anything else is an iam:PassedToService.
	with []string
	// changed are properties. An update makes the call only if one of them changes.
	changed []string
	set     string // a property; the call is made only if it is set in the new state
	unset   string // a property; the call is made only if it is not set in the new state
}

const (
	keyType = "aws:kms/key:Key"
	apiType = "aws:apigatewayv2/api:Api"

	// Lambda encrypts environment variables on behalf of the caller.
	//
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
	encryptVariables = "kms:CreateGrant kms:Decrypt kms:Encrypt"

	roleOf = "arn:aws:iam::000000000000:role/{role}"
	apis   = "arn:aws:apigateway:us-east-1::/apis"
	tagsAt = "arn:aws:apigateway:us-east-1::/tags/{arn}"

	// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
	deliverLogs = "logs:CreateLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy"
)

// part returns the calls for a type whose resources are parts of an API.
func part(path string) calls {
	const inherited = "maybe tags of " + apiType + " {apiId}"
	all := apis + "/{apiId}/" + path
	one := all + "/{id}"
	return calls{
		create: []call{{actions: "apigateway:POST", on: all, with: []string{inherited}}},
		read:   []call{{actions: "apigateway:GET", on: one, with: []string{inherited}}},
		update: []call{{actions: "apigateway:PATCH", on: one, with: []string{inherited}}},
		delete: []call{{actions: "apigateway:DELETE", on: one, with: []string{inherited}}},
	}
}

// awsCalls lists the calls by resource type, following the source of the provider.
//
// https://github.com/hashicorp/terraform-provider-aws/tree/v5.100.0/internal/service
var awsCalls = map[string]calls{
	"aws:lambda/function:Function": {
		create: []call{
			{actions: "lambda:CreateFunction lambda:TagResource", on: "{arn}", with: []string{"new tags"}},
			{actions: "iam:PassRole", on: "{role}", with: []string{"lambda.amazonaws.com"}},
			{actions: encryptVariables, on: "{kmsKeyArn}", with: []string{"tags of " + keyType + " {kmsKeyArn}"}, set: "kmsKeyArn"},
			{actions: "lambda:PutFunctionConcurrency", on: "{arn}", set: "reservedConcurrentExecutions"},
		},
		read: []call{{actions: "lambda:GetFunction lambda:GetFunctionCodeSigningConfig lambda:ListVersionsByFunction", on: "{arn}"}},
		update: []call{
			{actions: "lambda:UpdateFunctionConfiguration lambda:GetFunctionConfiguration", on: "{arn}",
				changed: []string{"environment", "ephemeralStorage", "kmsKeyArn", "loggingConfig", "memorySize", "role", "timeout"}},
			{actions: "iam:PassRole", on: "{role}", with: []string{"lambda.amazonaws.com"}, changed: []string{"role"}},
			{actions: encryptVariables, on: "{kmsKeyArn}", with: []string{"tags of " + keyType + " {kmsKeyArn}"}, set: "kmsKeyArn"},
			{actions: "lambda:UpdateFunctionCode", on: "{arn}", changed: []string{"architectures", "codeSha256"}},
			{actions: "lambda:PutFunctionConcurrency", on: "{arn}", changed: []string{"reservedConcurrentExecutions"}, set: "reservedConcurrentExecutions"},
			{actions: "lambda:DeleteFunctionConcurrency", on: "{arn}", changed: []string{"reservedConcurrentExecutions"}, unset: "reservedConcurrentExecutions"},
			{actions: "lambda:TagResource", on: "{arn}", changed: []string{"tagsAll"}},
			{actions: "lambda:PublishVersion", on: "{arn}"},
		},
		delete: []call{{actions: "lambda:DeleteFunction", on: "{arn}"}},
	},
	"aws:lambda/alias:Alias": {
		create: []call{{actions: "lambda:CreateAlias", on: "{arn}"}},
		read:   []call{{actions: "lambda:GetAlias", on: "{arn}"}},
		update: []call{{actions: "lambda:UpdateAlias", on: "{arn}"}},
		delete: []call{{actions: "lambda:DeleteAlias", on: "{arn}"}},
	},
	"aws:lambda/permission:Permission": {
		create: []call{{actions: "lambda:AddPermission", on: "arn:aws:lambda:us-east-1:000000000000:function:{function}:{qualifier}"}},
		read:   []call{{actions: "lambda:GetPolicy", on: "arn:aws:lambda:us-east-1:000000000000:function:{function}:{qualifier}"}},
		delete: []call{{actions: "lambda:RemovePermission", on: "arn:aws:lambda:us-east-1:000000000000:function:{function}:{qualifier}"}},
	},
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {
		create: []call{{actions: "lambda:PutFunctionEventInvokeConfig", on: "arn:aws:lambda:us-east-1:000000000000:function:{functionName}:{qualifier}"}},
		read:   []call{{actions: "lambda:GetFunctionEventInvokeConfig", on: "arn:aws:lambda:us-east-1:000000000000:function:{functionName}:{qualifier}"}},
		update: []call{{actions: "lambda:PutFunctionEventInvokeConfig", on: "arn:aws:lambda:us-east-1:000000000000:function:{functionName}:{qualifier}"}},
		delete: []call{{actions: "lambda:DeleteFunctionEventInvokeConfig", on: "arn:aws:lambda:us-east-1:000000000000:function:{functionName}:{qualifier}"}},
	},
	"aws:lambda/eventSourceMapping:EventSourceMapping": {
		// A mapping that does not exist yet has no ARN.
		create: []call{
			{actions: "lambda:CreateEventSourceMapping", on: "*", with: []string{"new tags", "function"}},
			{actions: "lambda:TagResource", on: "{arn}", with: []string{"new tags"}},
		},
		read: []call{{actions: "lambda:GetEventSourceMapping", on: "{arn}", with: []string{"function"}}, {actions: "lambda:ListTags", on: "{arn}"}},
		update: []call{
			{actions: "lambda:UpdateEventSourceMapping", on: "{arn}", with: []string{"function"}},
			{actions: "lambda:TagResource", on: "{arn}", changed: []string{"tagsAll"}},
		},
		delete: []call{{actions: "lambda:DeleteEventSourceMapping", on: "{arn}", with: []string{"function"}}},
	},
	"aws:dynamodb/table:Table": {
		create: []call{
			{actions: "dynamodb:CreateTable dynamodb:TagResource", on: "{arn}", with: []string{"new tags"}},
			{actions: "dynamodb:UpdateContinuousBackups dynamodb:UpdateTimeToLive", on: "{arn}"},
			encryptTable,
		},
		read: []call{{actions: "dynamodb:DescribeContinuousBackups dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:ListTagsOfResource", on: "{arn}"}},
		update: []call{
			{actions: "dynamodb:UpdateTable", on: "{arn}", changed: []string{"deletionProtectionEnabled", "serverSideEncryption"}},
			encryptTable,
			{actions: "dynamodb:TagResource", on: "{arn}", changed: []string{"tagsAll"}},
		},
		delete: []call{{actions: "dynamodb:DeleteTable", on: "{arn}"}},
	},
	"aws:iam/role:Role": {
		create: []call{{actions: "iam:CreateRole", on: "{arn}", with: []string{"new tags", "new boundary"}}, {actions: "iam:TagRole", on: "{arn}", with: []string{"new tags"}}},
		read:   []call{{actions: "iam:GetRole iam:ListAttachedRolePolicies iam:ListRolePolicies", on: "{arn}"}},
		update: []call{
			{actions: "iam:TagRole", on: "{arn}", changed: []string{"tagsAll"}},
			{actions: "iam:PutRolePermissionsBoundary", on: "{arn}", with: []string{"new boundary"}, changed: []string{"permissionsBoundary"}},
		},
		delete: []call{{actions: "iam:DeleteRole iam:ListInstanceProfilesForRole", on: "{arn}"}},
	},
	"aws:iam/rolePolicy:RolePolicy": {
		create: []call{{actions: "iam:PutRolePolicy", on: roleOf, with: []string{"boundary of {role}"}}},
		read:   []call{{actions: "iam:GetRolePolicy", on: roleOf}},
		update: []call{{actions: "iam:PutRolePolicy", on: roleOf, with: []string{"boundary of {role}"}}},
		delete: []call{{actions: "iam:DeleteRolePolicy", on: roleOf, with: []string{"boundary of {role}"}}},
	},
	"aws:sns/topic:Topic": {
		create: []call{
			{actions: "sns:CreateTopic sns:TagResource", on: "{arn}", with: []string{"new tags"}},
			{actions: "sns:SetTopicAttributes", on: "{arn}"},
			{actions: "iam:PassRole", on: "{lambdaFailureFeedbackRoleArn}", with: []string{"sns.amazonaws.com"}},
		},
		read: []call{{actions: "sns:GetTopicAttributes sns:ListTagsForResource", on: "{arn}"}},
		update: []call{
			{actions: "sns:SetTopicAttributes", on: "{arn}", changed: []string{"kmsMasterKeyId"}},
			{actions: "sns:TagResource", on: "{arn}", changed: []string{"tagsAll"}},
		},
		delete: []call{{actions: "sns:DeleteTopic", on: "{arn}"}},
	},
	"aws:sns/topicPolicy:TopicPolicy": {
		create: []call{{actions: "sns:SetTopicAttributes", on: "{arn}"}},
		read:   []call{{actions: "sns:GetTopicAttributes", on: "{arn}"}},
		update: []call{{actions: "sns:SetTopicAttributes", on: "{arn}"}},
		delete: []call{{actions: "sns:SetTopicAttributes", on: "{arn}"}},
	},
	"aws:sns/topicSubscription:TopicSubscription": {
		create: []call{{actions: "sns:Subscribe", on: "{topic}"}},
		read:   []call{{actions: "sns:GetSubscriptionAttributes", on: "{topic}"}},
		update: []call{{actions: "sns:SetSubscriptionAttributes", on: "{topic}"}},
		delete: []call{{actions: "sns:Unsubscribe", on: "{topic}"}},
	},
	"aws:sqs/queue:Queue": {
		create: []call{{actions: "sqs:CreateQueue sqs:TagQueue", on: "{arn}", with: []string{"new tags"}}},
		read:   []call{{actions: "sqs:GetQueueAttributes sqs:ListQueueTags", on: "{arn}"}},
		update: []call{
			{actions: "sqs:SetQueueAttributes", on: "{arn}", changed: []string{"kmsMasterKeyId", "sqsManagedSseEnabled"}},
			{actions: "sqs:TagQueue", on: "{arn}", changed: []string{"tagsAll"}},
		},
		delete: []call{{actions: "sqs:DeleteQueue", on: "{arn}"}},
	},
	"aws:sqs/queuePolicy:QueuePolicy":               queueAttribute,
	"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": queueAttribute,
	"aws:sqs/redrivePolicy:RedrivePolicy":           queueAttribute,
	apiType: {
		create: []call{
			{actions: "apigateway:POST apigateway:TagResource", on: apis, with: []string{"new tags"}},
			{actions: "apigateway:PUT", on: tagsAt, with: []string{"new tags"}},
		},
		read: []call{{actions: "apigateway:GET", on: "{arn}", with: []string{"tags"}}},
		update: []call{
			{actions: "apigateway:PATCH", on: "{arn}", with: []string{"tags"}},
			{actions: "apigateway:POST apigateway:PUT", on: tagsAt, changed: []string{"tagsAll"}},
			{actions: "apigateway:DELETE", on: "{arn}/cors", with: []string{"maybe tags of " + apiType + " {id}"}, changed: []string{"corsConfiguration"}, unset: "corsConfiguration"},
		},
		delete: []call{{actions: "apigateway:DELETE", on: "{arn}", with: []string{"tags"}}},
	},
	"aws:apigatewayv2/authorizer:Authorizer":   part("authorizers"),
	"aws:apigatewayv2/integration:Integration": part("integrations"),
	"aws:apigatewayv2/route:Route":             part("routes"),
	"aws:apigatewayv2/stage:Stage": {
		create: []call{
			{actions: "apigateway:POST apigateway:PUT apigateway:TagResource", on: apis + "/{apiId}/stages", with: []string{"new tags", "maybe tags of " + apiType + " {apiId}"}},
			{actions: "apigateway:PUT", on: tagsAt, with: []string{"new tags"}},
			{actions: deliverLogs, on: "*"},
		},
		read: []call{{actions: "apigateway:GET", on: "{arn}", with: []string{"tags"}}},
		update: []call{
			{actions: "apigateway:PATCH", on: "{arn}", with: []string{"tags"}},
			{actions: "apigateway:POST apigateway:PUT", on: tagsAt, changed: []string{"tagsAll"}},
			{actions: deliverLogs + " logs:UpdateLogDelivery", on: "*"},
		},
		delete: []call{{actions: "apigateway:DELETE", on: "{arn}", with: []string{"tags"}}, {actions: "logs:DeleteLogDelivery", on: "*"}},
	},
	"aws:apigatewayv2/domainName:DomainName": {
		create: []call{{actions: "apigateway:POST apigateway:PUT apigateway:TagResource", on: "arn:aws:apigateway:us-east-1::/domainnames", with: []string{"new tags"}}},
		read:   []call{{actions: "apigateway:GET", on: "{arn}", with: []string{"tags"}}},
		update: []call{{actions: "apigateway:PATCH", on: "{arn}", with: []string{"tags"}}, {actions: "apigateway:POST apigateway:PUT", on: tagsAt, changed: []string{"tagsAll"}}},
		delete: []call{{actions: "apigateway:DELETE", on: "{arn}", with: []string{"tags"}}},
	},
	"aws:apigatewayv2/apiMapping:ApiMapping": {
		create: []call{{actions: "apigateway:POST", on: "arn:aws:apigateway:us-east-1::/domainnames/{domainName}/apimappings"}},
		read:   []call{{actions: "apigateway:GET", on: "arn:aws:apigateway:us-east-1::/domainnames/{domainName}/apimappings/{id}"}},
		update: []call{{actions: "apigateway:PATCH", on: "arn:aws:apigateway:us-east-1::/domainnames/{domainName}/apimappings/{id}"}},
		delete: []call{{actions: "apigateway:DELETE", on: "arn:aws:apigateway:us-east-1::/domainnames/{domainName}/apimappings/{id}"}},
	},
	"aws:route53/record:Record": {
		create: changeRecord,
		read:   []call{{actions: "route53:GetHostedZone route53:ListResourceRecordSets", on: "arn:aws:route53:::hostedzone/{zoneId}"}},
		update: changeRecord,
		delete: changeRecord,
	},
	"aws:cloudwatch/logGroup:LogGroup": {
		create: []call{
			{actions: "logs:CreateLogGroup logs:PutRetentionPolicy", on: "{arn}:log-stream:", with: []string{"new tags"}},
			{actions: "logs:TagResource", on: "{arn}", with: []string{"new tags"}},
			{actions: "logs:AssociateKmsKey", on: "{arn}:log-stream:", set: "kmsKeyId"},
		},
		read: []call{{actions: "logs:DescribeLogGroups", on: "*"}, {actions: "logs:ListTagsForResource", on: "{arn}"}},
		update: []call{
			{actions: "logs:PutRetentionPolicy", on: "{arn}:log-stream:", changed: []string{"retentionInDays"}},
			{actions: "logs:AssociateKmsKey", on: "{arn}:log-stream:", changed: []string{"kmsKeyId"}, set: "kmsKeyId"},
			{actions: "logs:DisassociateKmsKey", on: "{arn}:log-stream:", changed: []string{"kmsKeyId"}, unset: "kmsKeyId"},
			{actions: "logs:TagResource", on: "{arn}", changed: []string{"tagsAll"}},
		},
		delete: []call{{actions: "logs:DeleteLogGroup", on: "{arn}:log-stream:"}},
	},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		create: []call{{actions: "cloudwatch:PutMetricAlarm cloudwatch:TagResource", on: "{arn}", with: []string{"new tags"}}},
		read:   []call{{actions: "cloudwatch:DescribeAlarms", on: "arn:aws:cloudwatch:us-east-1:000000000000:alarm:*"}, {actions: "cloudwatch:ListTagsForResource", on: "{arn}"}},
		update: []call{{actions: "cloudwatch:PutMetricAlarm", on: "{arn}"}, {actions: "cloudwatch:TagResource", on: "{arn}", changed: []string{"tagsAll"}}},
		delete: []call{{actions: "cloudwatch:DeleteAlarms", on: "{arn}"}},
	},
	"aws:cloudwatch/dashboard:Dashboard": {
		create: []call{{actions: "cloudwatch:PutDashboard", on: "{dashboardArn}"}},
		read:   []call{{actions: "cloudwatch:GetDashboard", on: "{dashboardArn}"}},
		update: []call{{actions: "cloudwatch:PutDashboard", on: "{dashboardArn}"}},
		delete: []call{{actions: "cloudwatch:DeleteDashboards", on: "{dashboardArn}"}},
	},
	keyType: {
		// A key that does not exist yet has no ARN.
		create: []call{{actions: "kms:CreateKey kms:TagResource", on: "*", with: []string{"new tags"}}, {actions: "kms:EnableKeyRotation", on: "{arn}", with: []string{"tags"}}},
		read:   []call{{actions: "kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListResourceTags", on: "{arn}", with: []string{"tags"}}},
		update: []call{
			{actions: "kms:PutKeyPolicy", on: "{arn}", with: []string{"tags"}, changed: []string{"policy"}},
			{actions: "kms:TagResource", on: "{arn}", with: []string{"tags", "new tags"}, changed: []string{"tagsAll"}},
		},
		delete: []call{{actions: "kms:ScheduleKeyDeletion", on: "{arn}", with: []string{"tags"}}},
	},
	"aws:kms/alias:Alias": {
		create: aliasCalls("kms:CreateAlias"),
		read:   []call{{actions: "kms:ListAliases", on: "*"}},
		update: aliasCalls("kms:UpdateAlias"),
		delete: aliasCalls("kms:DeleteAlias"),
	},
}

var queueAttribute = calls{
	create: []call{{actions: "sqs:SetQueueAttributes", on: "{queueArn}"}},
	read:   []call{{actions: "sqs:GetQueueAttributes", on: "{queueArn}"}},
	update: []call{{actions: "sqs:SetQueueAttributes", on: "{queueArn}"}},
	delete: []call{{actions: "sqs:SetQueueAttributes", on: "{queueArn}"}},
}

// encryptTable is what DynamoDB does with the key of a table on behalf of the caller.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
var encryptTable = call{
	actions: "kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:ReEncryptFrom kms:ReEncryptTo",
	on:      "{serverSideEncryption.kmsKeyArn}", with: []string{"tags of " + keyType + " {serverSideEncryption.kmsKeyArn}"}, set: "serverSideEncryption.kmsKeyArn",
}

var changeRecord = []call{
	{actions: "route53:ChangeResourceRecordSets", on: "arn:aws:route53:::hostedzone/{zoneId}", with: []string{"record"}},
	{actions: "route53:GetChange", on: "arn:aws:route53:::change/C1"},
}

// aliasCalls returns the calls for an action that AWS authorizes for both the alias
// and its key.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
func aliasCalls(action string) []call {
	return []call{{actions: action, on: "{arn}"}, {actions: action, on: "{targetKeyArn}", with: []string{"tags of " + keyType + " {targetKeyArn}"}}}
}
