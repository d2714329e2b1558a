package iam

import "strings"

// administrator is AWS's AdministratorAccess policy. As on AWS, a resource policy
// can still deny a request that it allows.
var administrator = allow("AdministratorAccess", "*")

// managedPolicies contains the AWS managed policies that the local cloud supports,
// by ARN. Each of them allows some actions on all resources.
//
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
var managedPolicies = func() map[string]*Policy {
	policies := map[string]*Policy{}
	for arn, actions := range map[string][]string{
		"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": {
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
		},
		"arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole": {
			"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
		},
		"arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole": {
			"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
		},
		"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess": {
			"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules",
			"xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries",
		},
	} {
		policies[arn] = allow(arn, actions...)
	}
	return policies
}()

// allow returns an identity policy that allows the actions on all resources. It
// panics if an action is not valid.
func allow(name string, actions ...string) *Policy {
	p, err := ParsePolicy(IdentityPolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["`+
		strings.Join(actions, `","`)+`"],"Resource":"*"}]}`)
	if err != nil {
		panic(name + ": " + err.Error())
	}
	p.Name = name
	return p
}
