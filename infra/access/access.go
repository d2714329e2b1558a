// Package access tells what a deployment of a stack must be allowed to do, from
// the types of its resources and the names of its components: no more than
// creating, changing and deleting those, and reading them.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Policy is an IAM policy document. ACCOUNT stands for the account's ID.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement of a Policy.
type Statement struct {
	Sid, Effect string
	Action      []string
	Resource    []string
	Condition   map[string]map[string][]string `json:",omitempty"`
}

// service is what the resource types of one service need.
type service struct {
	sid   string
	types map[string][]string // actions, by type of resource
	// arns of what is acted on. NAME stands for the name of each component: the
	// names of its resources start with it. PROJECT is the project's.
	arns      []string
	condition map[string]map[string][]string // PROJECT too
}

var services = []service{
	{
		sid: "Functions", arns: []string{"arn:aws:lambda:*:ACCOUNT:function:NAME-*"},
		types: map[string][]string{
			"aws:lambda/function:Function": {"lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency", "lambda:Get*", "lambda:List*",
				"lambda:PublishVersion", "lambda:PutFunctionConcurrency", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"},
			"aws:lambda/alias:Alias":                                         {"lambda:CreateAlias", "lambda:DeleteAlias", "lambda:UpdateAlias"},
			"aws:lambda/permission:Permission":                               {"lambda:AddPermission", "lambda:RemovePermission"},
			"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {"lambda:DeleteFunctionEventInvokeConfig", "lambda:PutFunctionEventInvokeConfig"},
		},
	},
	{
		sid: "Roles", arns: []string{"arn:aws:iam::ACCOUNT:role/NAME-*"},
		types: map[string][]string{
			"aws:iam/role:Role":             {"iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:List*", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"},
			"aws:iam/rolePolicy:RolePolicy": {"iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:PutRolePolicy"},
		},
	},
	{
		sid: "RolesForServices", arns: []string{"arn:aws:iam::ACCOUNT:role/NAME-*"},
		types:     map[string][]string{"aws:iam/role:Role": {"iam:PassRole"}},
		condition: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"lambda.amazonaws.com", "sns.amazonaws.com"}}},
	},
	{
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
			"aws:sqs/queue:Queue":             {"sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"},
			"aws:sqs/queuePolicy:QueuePolicy": nil, // an attribute of the queue
		},
	},
	{
		// APIs are named by IDs that AWS makes up.
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
		sid: "Logs", arns: []string{"arn:aws:logs:*:ACCOUNT:log-group:/aws/lambda/PROJECT-*", "arn:aws:logs:*:ACCOUNT:log-group:/aws/vendedlogs/apis/PROJECT-*", "arn:aws:logs:*:ACCOUNT:log-group:sns/*"},
		types: map[string][]string{"aws:cloudwatch/logGroup:LogGroup": {"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DisassociateKmsKey",
			"logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"}},
	},
	{
		// AWS knows no ARN for these, or lists all there are. The log deliveries are
		// those of API stages.
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
		sid: "Alarms", arns: []string{"arn:aws:cloudwatch:*:ACCOUNT:alarm:NAME-*"},
		types: map[string][]string{"aws:cloudwatch/metricAlarm:MetricAlarm": {"cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource",
			"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"}},
	},
	{
		sid: "Dashboard", arns: []string{"arn:aws:cloudwatch::ACCOUNT:dashboard/PROJECT-*"},
		types: map[string][]string{"aws:cloudwatch/dashboard:Dashboard": {"cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"}},
	},
	{
		sid: "NewKey", arns: []string{"*"}, // before it exists
		types:     map[string][]string{"aws:kms/key:Key": {"kms:CreateKey", "kms:TagResource"}},
		condition: map[string]map[string][]string{"StringEquals": {"aws:RequestTag/project": {"PROJECT"}}},
	},
	{
		sid: "Key", arns: []string{"arn:aws:kms:*:ACCOUNT:key/*"},
		types: map[string][]string{
			"aws:kms/key:Key": {"kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy",
				"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"},
			"aws:kms/alias:Alias":          {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"},
			"aws:lambda/function:Function": {"kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"}, // of environment variables
		},
		condition: map[string]map[string][]string{"StringEquals": {"aws:ResourceTag/project": {"PROJECT"}}},
	},
	{
		sid: "KeyAlias", arns: []string{"arn:aws:kms:*:ACCOUNT:alias/PROJECT-*"},
		types: map[string][]string{"aws:kms/alias:Alias": {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"}},
	},
	{
		sid: "Domain", arns: []string{"arn:aws:route53:::change/*", "arn:aws:route53:::hostedzone/*"},
		types: map[string][]string{"aws:route53/record:Record": {"route53:ChangeResourceRecordSets", "route53:GetChange", "route53:GetHostedZone", "route53:ListResourceRecordSets"}},
	},
}

// For is the policy of whom deploys resources of these types, in components of
// these names. It fails for a type of AWS that it does not know.
func For(project string, types, components []string) (Policy, error) {
	p := Policy{Version: "2012-10-17"}
	known := map[string]bool{}
	for _, s := range services {
		maps.Copy(known, s.knows())
		statement := Statement{Sid: s.sid, Effect: "Allow", Resource: s.resources(project, prefixes(components))}
		for _, t := range types {
			statement.Action = append(statement.Action, s.types[t]...)
		}
		if len(statement.Action) == 0 {
			continue
		}
		slices.Sort(statement.Action)
		statement.Action = slices.Compact(statement.Action)
		statement.Condition = s.conditions(project)
		p.Statement = append(p.Statement, statement)
	}
	for _, t := range types {
		if strings.HasPrefix(t, "aws:") && !known[t] {
			return Policy{}, fmt.Errorf("what a deployment of %s must be allowed is not known: add it to infra/access", t)
		}
	}
	return p, nil
}

func (s service) knows() map[string]bool {
	known := map[string]bool{}
	for t := range s.types {
		known[t] = true
	}
	return known
}

func (s service) resources(project string, names []string) (arns []string) {
	for _, arn := range s.arns {
		arn = strings.ReplaceAll(arn, "PROJECT", project)
		if !strings.Contains(arn, "NAME") {
			arns = append(arns, arn)
			continue
		}
		for _, name := range names {
			arns = append(arns, strings.ReplaceAll(arn, "NAME", name))
		}
	}
	return arns
}

func (s service) conditions(project string) map[string]map[string][]string {
	var all map[string]map[string][]string
	for operator, keys := range s.condition {
		all = map[string]map[string][]string{operator: {}}
		for key, values := range keys {
			for _, value := range values {
				all[operator][key] = append(all[operator][key], strings.ReplaceAll(value, "PROJECT", project))
			}
		}
	}
	return all
}

// prefixes leaves out the names that start with another and a dash.
func prefixes(names []string) (shortest []string) {
	for _, name := range slices.Sorted(slices.Values(names)) {
		if len(shortest) == 0 || name != shortest[len(shortest)-1] && !strings.HasPrefix(name, shortest[len(shortest)-1]+"-") {
			shortest = append(shortest, name)
		}
	}
	return shortest
}
