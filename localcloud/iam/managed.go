package iam

import (
	"maps"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// administrator is AWS's AdministratorAccess. As on AWS, the policy of a
// resource may still deny.
var administrator = allow("AdministratorAccess", "*")

// managedPolicies are the AWS managed policies that the local cloud has, by
// ARN. Each allows some actions on every resource.
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

// allow returns an identity policy that allows actions on every resource. It
// panics if one of them is not an action.
func allow(name string, actions ...string) *Policy {
	p, err := ParsePolicy(IdentityPolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["`+
		strings.Join(actions, `","`)+`"],"Resource":"*"}]}`)
	if err != nil {
		panic(name + ": " + err.Error())
	}
	p.Name = name
	return p
}

func managedPolicy(arn string) (*Policy, error) {
	p, ok := managedPolicies[arn]
	if !ok {
		return nil, cloud.Errorf(404, "NoSuchEntity", "Policy %s does not exist or is not attachable. The local cloud has %s.",
			arn, strings.Join(slices.Sorted(maps.Keys(managedPolicies)), ", "))
	}
	return p, nil
}
