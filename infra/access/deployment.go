package access

import "maps"

// tagged returns the condition that the tags of the stack are set. operator is
// StringEquals, or StringEqualsIfExists if the tags may be unavailable; set is
// ResourceTag for those of the resource, or RequestTag for those in the request.
func tagged(operator, set string) conditions {
	return conditions{operator: {"aws:" + set + "/project": {"PROJECT"}, "aws:" + set + "/environment": {"STACK"}}}
}

// both returns a condition that requires two conditions with different operators.
func both(a, b conditions) conditions {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// bounded is the condition that a role has, or is about to get, the stack's
// permissions boundary. The policy allows neither removing a role's boundary nor
// changing the boundary itself.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate
var bounded = conditions{"StringEquals": {"iam:PermissionsBoundary": {"arn:aws:iam::ACCOUNT:policy/boundary-PROJECT-STACK"}}}

// deployment lists what deploying the resource types requires, except for those of
// a custom domain.
var deployment = []service{
	{
		// Mappings have no names. Their tags and what Get* and List* return are not
		// protected from this statement.
		sid: "Functions", arns: []string{"arn:aws:lambda:*:ACCOUNT:function:NAME-*", "arn:aws:lambda:*:ACCOUNT:event-source-mapping:*"},
		types: map[string][]string{
			"aws:lambda/function:Function": {"lambda:CreateFunction", "lambda:DeleteFunction*", "lambda:Get*", "lambda:List*",
				"lambda:PublishVersion", "lambda:PutFunction*", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunction*"},
			"aws:lambda/alias:Alias":                                         {"lambda:*Alias"},
			"aws:lambda/permission:Permission":                               {"lambda:AddPermission", "lambda:RemovePermission"},
			"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {"lambda:DeleteFunction*", "lambda:PutFunction*"},
		},
	},
	{
		// The ARN of a mapping contains a generated ID instead of a name, and a new one has
		// none yet.
		//
		// https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
		sid: "Mappings", arns: []string{"*"},
		types:     map[string][]string{"aws:lambda/eventSourceMapping:EventSourceMapping": {"lambda:*EventSourceMapping"}},
		condition: conditions{"ArnLike": {"lambda:FunctionArn": {"arn:aws:lambda:*:ACCOUNT:function:NAME-*"}}},
	},
	{
		sid: "RolesInBounds", arns: []string{"arn:aws:iam::ACCOUNT:role/NAME-*"},
		types: map[string][]string{
			"aws:iam/role:Role":             {"iam:CreateRole", "iam:PutRolePermissionsBoundary"},
			"aws:iam/rolePolicy:RolePolicy": {"iam:DeleteRolePolicy", "iam:PutRolePolicy"},
		},
		condition: bounded,
	},
	{
		sid: "Roles", arns: []string{"arn:aws:iam::ACCOUNT:role/NAME-*"},
		types: map[string][]string{
			"aws:iam/role:Role":             {"iam:DeleteRole", "iam:GetRole", "iam:List*", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy"},
			"aws:iam/rolePolicy:RolePolicy": {"iam:GetRolePolicy"},
		},
	},
	{
		sid: "RolesForServices", arns: []string{"arn:aws:iam::ACCOUNT:role/NAME-*"},
		types:     map[string][]string{"aws:iam/role:Role": {"iam:PassRole"}},
		condition: conditions{"StringEquals": {"iam:PassedToService": {"lambda.amazonaws.com", "scheduler.amazonaws.com", "sns.amazonaws.com"}}},
	},
	{
		// The ARNs of schedules and of their groups. The wildcards keep the policy within
		// AWS's limit. Deleting a group requires the permission to delete its schedules.
		//
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
		sid: "Schedules", arns: []string{"arn:aws:scheduler:*:ACCOUNT:schedule*/NAME-*"},
		types: map[string][]string{
			"aws:scheduler/schedule:Schedule":           {"scheduler:*Schedule*"},
			"aws:scheduler/scheduleGroup:ScheduleGroup": {"scheduler:*Schedule*", "scheduler:*Tag*"},
		},
	},
	{
		// SNS authorizes the actions on a subscription for its topic.
		sid: "Topics", arns: []string{"arn:aws:sns:*:ACCOUNT:NAME-*"},
		types: map[string][]string{
			"aws:sns/topic:Topic":                         {"sns:CreateTopic", "sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"},
			"aws:sns/topicPolicy:TopicPolicy":             nil, // an attribute of the topic
			"aws:sns/topicSubscription:TopicSubscription": {"sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Subscribe", "sns:Unsubscribe"},
		},
	},
	{
		sid: "Queues", arns: []string{"arn:aws:sqs:*:ACCOUNT:NAME-*"},
		types: map[string][]string{
			"aws:sqs/queue:Queue": {"sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"},
			// Attributes of the queue:
			"aws:sqs/queuePolicy:QueuePolicy":               nil,
			"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": nil,
			"aws:sqs/redrivePolicy:RedrivePolicy":           nil,
		},
	},
	{
		sid: "Tables", arns: []string{"arn:aws:dynamodb:*:ACCOUNT:table/NAME-*"},
		types: map[string][]string{"aws:dynamodb/table:Table": {"dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:Describe*", "dynamodb:ListTagsOfResource", "dynamodb:TagResource",
			"dynamodb:UntagResource", "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive"}},
	},
	{
		// The ARN of an API contains a generated ID instead of a name. AWS authorizes
		// the tags of a new API or stage as TagResource or PUT of it.
		sid: "NewAPI", arns: []string{"arn:aws:apigateway:*::/apis", "arn:aws:apigateway:*::/apis/*/stages"},
		types: map[string][]string{
			"aws:apigatewayv2/api:Api":     {"apigateway:POST", "apigateway:PUT", "apigateway:TagResource"},
			"aws:apigatewayv2/stage:Stage": {"apigateway:POST", "apigateway:PUT", "apigateway:TagResource"},
		},
		condition: both(tagged("StringEquals", "RequestTag"), tagged("StringEqualsIfExists", "ResourceTag")),
	},
	{
		sid: "API", arns: []string{"arn:aws:apigateway:*::/apis/*"},
		types: map[string][]string{
			"aws:apigatewayv2/api:Api":     {"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH"},
			"aws:apigatewayv2/stage:Stage": {"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH"},
		},
		condition: tagged("StringEquals", "ResourceTag"),
	},
	{
		// The parts of an API have no tags. AWS lists aws:ResourceTag for them, but
		// documents only for REST APIs that they inherit the API's tags. If they do
		// not, an account's other APIs are not protected from this statement; nor are
		// APIs without these tags.
		//
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
		sid:  "PartsOfAPI",
		arns: []string{"arn:aws:apigateway:*::/apis/*/authorizers*", "arn:aws:apigateway:*::/apis/*/cors", "arn:aws:apigateway:*::/apis/*/integrations*", "arn:aws:apigateway:*::/apis/*/routes*"},
		types: map[string][]string{
			"aws:apigatewayv2/api:Api":                 {"apigateway:DELETE"}, // its CORS configuration
			"aws:apigatewayv2/authorizer:Authorizer":   {"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"},
			"aws:apigatewayv2/integration:Integration": {"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"},
			"aws:apigatewayv2/route:Route":             {"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"},
		},
		condition: tagged("StringEqualsIfExists", "ResourceTag"),
	},
	{
		// Changing the tags of an API also requires PATCH of the API, which only the
		// stack's tags allow.
		//
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
		sid: "TagsOfAPI", arns: []string{"arn:aws:apigateway:*::/tags/*"},
		types: map[string][]string{
			"aws:apigatewayv2/api:Api":     {"apigateway:DELETE", "apigateway:POST", "apigateway:PUT"},
			"aws:apigatewayv2/stage:Stage": {"apigateway:DELETE", "apigateway:POST", "apigateway:PUT"},
		},
	},
	{
		sid:  "Logs",
		arns: []string{"arn:aws:logs:*:ACCOUNT:log-group:/aws/lambda/NAME-*", "arn:aws:logs:*:ACCOUNT:log-group:/aws/vendedlogs/apis/NAME-*", "arn:aws:logs:*:ACCOUNT:log-group:sns/*/ACCOUNT/NAME-*"},
		types: map[string][]string{"aws:cloudwatch/logGroup:LogGroup": {"logs:*KmsKey", "logs:*LogGroup", "logs:ListTagsForResource",
			"logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"}},
	},
	{
		// These actions support no resource-level permissions, or list all
		// resources. The access logs of API stages need the log deliveries.
		sid: "WithoutARN", arns: []string{"*"},
		types: map[string][]string{
			"aws:cloudwatch/logGroup:LogGroup":       {"logs:DescribeLogGroups"},
			"aws:apigatewayv2/stage:Stage":           {"logs:*LogDelivery", "logs:DescribeResourcePolicies", "logs:ListLogDeliveries", "logs:PutResourcePolicy"},
			"aws:kms/alias:Alias":                    {"kms:ListAliases"},
			"aws:cloudwatch/metricAlarm:MetricAlarm": {"cloudwatch:DescribeAlarms"},
			"aws:lambda/alias:Alias":                 {"cloudwatch:GetMetricData"}, // to watch a gradual rollout
		},
	},
	{
		sid: "Alarms", arns: []string{"arn:aws:cloudwatch:*:ACCOUNT:alarm:NAME-*"},
		types: map[string][]string{"aws:cloudwatch/metricAlarm:MetricAlarm": {"cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource",
			"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"}},
	},
	{
		sid: "Dashboard", arns: []string{"arn:aws:cloudwatch::ACCOUNT:dashboard/NAME"},
		types: map[string][]string{"aws:cloudwatch/dashboard:Dashboard": {"cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"}},
	},
	{
		// A new key has no ARN yet, and its creator must be allowed to tag it. The
		// exception keeps the creator from tagging, and so taking over, an existing
		// key: the ID of each contains a dash.
		//
		// https://docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html
		sid: "NewKey", except: []string{"arn:aws:kms:*:*:key/*-*"},
		types:     map[string][]string{"aws:kms/key:Key": {"kms:CreateKey", "kms:TagResource"}},
		condition: tagged("StringEquals", "RequestTag"),
	},
	{
		sid: "Key", arns: []string{"arn:aws:kms:*:ACCOUNT:key/*"},
		types: map[string][]string{
			"aws:kms/key:Key": {"kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKey*", "kms:ListResourceTags", "kms:PutKeyPolicy",
				"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"},
			"aws:kms/alias:Alias":          {"kms:*Alias"},
			"aws:lambda/function:Function": {"kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"}, // to encrypt environment variables
			// https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
			"aws:scheduler/schedule:Schedule": {"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"},
			// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
			"aws:dynamodb/table:Table": {"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
		},
		condition: tagged("StringEquals", "ResourceTag"),
	},
	{
		sid: "KeyAlias", arns: []string{"arn:aws:kms:*:ACCOUNT:alias/NAME"},
		types: map[string][]string{"aws:kms/alias:Alias": {"kms:*Alias"}},
	},
}
