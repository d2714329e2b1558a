// Package access derives the IAM policy for whoever deploys a stack from the
// types of the stack's resources. The policy allows creating, reading, changing
// and deleting those resources, and nothing else. It covers the resources of a
// service with one name pattern, PROJECT-STACK-*, so it does not grow with the
// stack.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
package access

import (
	"fmt"
	"slices"
	"strings"
)

// Policy is an IAM policy document with the placeholders ACCOUNT, for the
// account's ID, and STACK, for the stack's name.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement is a statement of a Policy.
type Statement struct {
	Sid, Effect string
	Action      []string
	Resource    []string
	Condition   map[string]map[string][]string `json:",omitempty"`
}

// service describes one statement of the policy: the actions that resource types
// need on some ARNs. It may contain the placeholder PROJECT, for the project's
// name.
type service struct {
	sid       string
	types     map[string][]string // the actions by resource type
	arns      []string
	condition map[string]map[string][]string
}

// ofStack returns the condition that the tags of the stack are set: on the
// resource if tag is ResourceTag, in the request if it is RequestTag.
func ofStack(tag string) map[string]map[string][]string {
	return map[string]map[string][]string{"StringEquals": {"aws:" + tag + "/project": {"PROJECT"}, "aws:" + tag + "/environment": {"STACK"}}}
}

var services = []service{
	{
		sid: "Functions", arns: []string{"arn:aws:lambda:*:ACCOUNT:function:PROJECT-STACK-*"},
		types: map[string][]string{
			"aws:lambda/function:Function": {"lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency", "lambda:Get*", "lambda:List*",
				"lambda:PublishVersion", "lambda:PutFunctionConcurrency", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"},
			"aws:lambda/alias:Alias":                                         {"lambda:CreateAlias", "lambda:DeleteAlias", "lambda:UpdateAlias"},
			"aws:lambda/permission:Permission":                               {"lambda:AddPermission", "lambda:RemovePermission"},
			"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {"lambda:DeleteFunctionEventInvokeConfig", "lambda:PutFunctionEventInvokeConfig"},
		},
	},
	{
		sid: "Roles", arns: []string{"arn:aws:iam::ACCOUNT:role/PROJECT-STACK-*"},
		types: map[string][]string{
			"aws:iam/role:Role":             {"iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:List*", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"},
			"aws:iam/rolePolicy:RolePolicy": {"iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:PutRolePolicy"},
		},
	},
	{
		sid: "RolesForServices", arns: []string{"arn:aws:iam::ACCOUNT:role/PROJECT-STACK-*"},
		types:     map[string][]string{"aws:iam/role:Role": {"iam:PassRole"}},
		condition: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"lambda.amazonaws.com", "sns.amazonaws.com"}}},
	},
	{
		sid: "Topics", arns: []string{"arn:aws:sns:*:ACCOUNT:PROJECT-STACK-*"},
		types: map[string][]string{
			"aws:sns/topic:Topic":                         {"sns:CreateTopic", "sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"},
			"aws:sns/topicPolicy:TopicPolicy":             nil, // an attribute of the topic
			"aws:sns/topicSubscription:TopicSubscription": {"sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Subscribe", "sns:Unsubscribe"},
		},
	},
	{
		sid: "Queues", arns: []string{"arn:aws:sqs:*:ACCOUNT:PROJECT-STACK-*"},
		types: map[string][]string{
			"aws:sqs/queue:Queue": {"sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"},
			// Attributes of the queue:
			"aws:sqs/queuePolicy:QueuePolicy":               nil,
			"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": nil,
		},
	},
	{
		// The ARN of an API contains a generated ID instead of a name.
		sid: "APIs", arns: []string{"arn:aws:apigateway:*::/apis", "arn:aws:apigateway:*::/apis/*", "arn:aws:apigateway:*::/domainnames", "arn:aws:apigateway:*::/domainnames/*", "arn:aws:apigateway:*::/tags/*"},
		types: map[string][]string{
			"aws:apigatewayv2/api:Api":                 {"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"},
			"aws:apigatewayv2/apiMapping:ApiMapping":   nil,
			"aws:apigatewayv2/authorizer:Authorizer":   nil,
			"aws:apigatewayv2/domainName:DomainName":   nil,
			"aws:apigatewayv2/integration:Integration": nil,
			"aws:apigatewayv2/route:Route":             nil,
			"aws:apigatewayv2/stage:Stage":             nil,
		},
	},
	{
		sid: "Logs", arns: []string{"arn:aws:logs:*:ACCOUNT:log-group:/aws/lambda/PROJECT-STACK-*", "arn:aws:logs:*:ACCOUNT:log-group:/aws/vendedlogs/apis/PROJECT-STACK-*", "arn:aws:logs:*:ACCOUNT:log-group:sns/*/ACCOUNT/PROJECT-STACK-*"},
		types: map[string][]string{"aws:cloudwatch/logGroup:LogGroup": {"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DisassociateKmsKey",
			"logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"}},
	},
	{
		// These actions support no resource-level permissions, or list all
		// resources. The access logs of API stages need the log deliveries.
		sid: "WithoutARN", arns: []string{"*"},
		types: map[string][]string{
			"aws:cloudwatch/logGroup:LogGroup": {"logs:DescribeLogGroups"},
			"aws:apigatewayv2/stage:Stage": {"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
				"logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"},
			"aws:kms/alias:Alias":                    {"kms:ListAliases"},
			"aws:cloudwatch/metricAlarm:MetricAlarm": {"cloudwatch:DescribeAlarms"},
		},
	},
	{
		sid: "Alarms", arns: []string{"arn:aws:cloudwatch:*:ACCOUNT:alarm:PROJECT-STACK-*"},
		types: map[string][]string{"aws:cloudwatch/metricAlarm:MetricAlarm": {"cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource",
			"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"}},
	},
	{
		sid: "Dashboard", arns: []string{"arn:aws:cloudwatch::ACCOUNT:dashboard/PROJECT-STACK-*"},
		types: map[string][]string{"aws:cloudwatch/dashboard:Dashboard": {"cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"}},
	},
	{
		sid: "NewKey", arns: []string{"*"}, // a new key has no ARN yet
		types:     map[string][]string{"aws:kms/key:Key": {"kms:CreateKey", "kms:TagResource"}},
		condition: ofStack("RequestTag"),
	},
	{
		sid: "Key", arns: []string{"arn:aws:kms:*:ACCOUNT:key/*"},
		types: map[string][]string{
			"aws:kms/key:Key": {"kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy",
				"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"},
			"aws:kms/alias:Alias":          {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"},
			"aws:lambda/function:Function": {"kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"}, // to encrypt environment variables
		},
		condition: ofStack("ResourceTag"),
	},
	{
		sid: "KeyAlias", arns: []string{"arn:aws:kms:*:ACCOUNT:alias/PROJECT-STACK-*"},
		types: map[string][]string{"aws:kms/alias:Alias": {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"}},
	},
	{
		sid: "Domain", arns: []string{"arn:aws:route53:::change/*", "arn:aws:route53:::hostedzone/*"},
		types: map[string][]string{"aws:route53/record:Record": {"route53:ChangeResourceRecordSets", "route53:GetChange", "route53:GetHostedZone", "route53:ListResourceRecordSets"}},
	},
}

// For returns the policy for whoever deploys resources of these types. It
// returns an error for an AWS type whose actions this package does not list.
func For(project string, types []string) (Policy, error) {
	p := Policy{Version: "2012-10-17"}
	known := map[string]bool{}
	for _, s := range services {
		statement := Statement{Sid: s.sid, Effect: "Allow", Resource: inProject(project, s.arns), Condition: s.conditions(project)}
		for t := range s.types {
			known[t] = true
		}
		for _, t := range types {
			statement.Action = append(statement.Action, s.types[t]...)
		}
		if len(statement.Action) == 0 {
			continue
		}
		slices.Sort(statement.Action)
		statement.Action = slices.Compact(statement.Action)
		p.Statement = append(p.Statement, statement)
	}
	for _, t := range types {
		if strings.HasPrefix(t, "aws:") && !known[t] {
			return Policy{}, fmt.Errorf("the permissions to deploy %s are unknown: add them to infra/access", t)
		}
	}
	return p, nil
}

// conditions returns the condition of the service's statement.
func (s service) conditions(project string) map[string]map[string][]string {
	if s.condition == nil {
		return nil
	}
	all := map[string]map[string][]string{}
	for operator, keys := range s.condition {
		all[operator] = map[string][]string{}
		for key, values := range keys {
			all[operator][key] = inProject(project, values)
		}
	}
	return all
}

// inProject replaces PROJECT in each value.
func inProject(project string, values []string) (replaced []string) {
	for _, v := range values {
		replaced = append(replaced, strings.ReplaceAll(v, "PROJECT", project))
	}
	return replaced
}
