package access

// boundary lists the limits of what the roles of a stack may be allowed, by the types
// of the resources that they use. A function that uses another service needs a
// statement here.
var boundary = []service{
	{
		sid:   "Logs",
		arns:  []string{"arn:aws:logs:*:ACCOUNT:log-group:/aws/lambda/NAME-*", "arn:aws:logs:*:ACCOUNT:log-group:sns/*/ACCOUNT/NAME-*"},
		types: map[string][]string{"aws:cloudwatch/logGroup:LogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"}},
	},
	{
		// These actions support no resource-level permissions.
		sid: "Traces", arns: []string{"*"},
		types: map[string][]string{"aws:lambda/function:Function": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}},
	},
	{
		sid: "Topics", arns: []string{"arn:aws:sns:*:ACCOUNT:NAME-*"},
		types: map[string][]string{"aws:sns/topic:Topic": {"sns:Publish"}},
	},
	{
		sid: "Queues", arns: []string{"arn:aws:sqs:*:ACCOUNT:NAME-*"},
		types: map[string][]string{"aws:sqs/queue:Queue": {"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"}},
	},
	{
		sid: "Functions", arns: []string{"arn:aws:lambda:*:ACCOUNT:function:NAME-*:live"},
		types: map[string][]string{"aws:scheduler/schedule:Schedule": {"lambda:InvokeFunction"}},
	},
	{
		sid: "Tables", arns: []string{"arn:aws:dynamodb:*:ACCOUNT:table/NAME-*"},
		types: map[string][]string{"aws:dynamodb/table:Table": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}},
	},
	{
		sid: "Parameters", arns: []string{"arn:aws:ssm:*:ACCOUNT:parameter/PROJECT/STACK/*"},
		types: map[string][]string{"aws:lambda/function:Function": {"ssm:GetParameter"}},
	},
	{
		// Assigning the alias to a key requires permissions for that key, which
		// whoever deploys has only for keys with the tags of the stack.
		//
		// https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
		sid: "Key", arns: []string{"arn:aws:kms:*:ACCOUNT:key/*"},
		types:     map[string][]string{"aws:kms/key:Key": {"kms:Decrypt", "kms:GenerateDataKey"}},
		condition: conditions{"ForAnyValue:StringEquals": {"kms:ResourceAliases": {"alias/NAME"}}},
	},
}
