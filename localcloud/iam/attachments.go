package iam

import (
	"maps"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// PutRolePolicy adds an inline policy to a role or replaces it. The inline
// policies of a role have 10,240 characters in sum, without white space.
// Errors: NoSuchEntity, ValidationError, MalformedPolicyDocument,
// LimitExceeded.
func (s *Service) PutRolePolicy(role, name, document string) error {
	if err := checkName("policyName", name, 128); err != nil {
		return err
	}
	if _, err := ParsePolicy(IdentityPolicy, document); err != nil {
		return err
	}
	return s.change(role, func(r *Role) error {
		r.Inline = maps.Clone(r.Inline) // the old one is shared
		if r.Inline == nil {
			r.Inline = map[string]string{}
		}
		r.Inline[name] = document
		if size(slices.Collect(maps.Values(r.Inline))...) > 10240 {
			return cloud.Errorf(409, "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role %s", role)
		}
		return nil
	})
}

// DeleteRolePolicy removes an inline policy; NoSuchEntity where the role has
// none of that name.
func (s *Service) DeleteRolePolicy(role, name string) error {
	return s.change(role, func(r *Role) error {
		if _, ok := r.Inline[name]; !ok {
			return cloud.Errorf(404, "NoSuchEntity", "The role policy with name %s cannot be found.", name)
		}
		r.Inline = maps.Clone(r.Inline)
		delete(r.Inline, name)
		return nil
	})
}

// AttachRolePolicy attaches a managed policy to a role; one that is attached
// already is no error. NoSuchEntity for policies that ManagedPolicy has not.
func (s *Service) AttachRolePolicy(role, policyARN string) error {
	if _, err := ManagedPolicy(policyARN); err != nil {
		return err
	}
	return s.change(role, func(r *Role) error {
		if !slices.Contains(r.Managed, policyARN) {
			r.Managed = append(slices.Clip(r.Managed), policyARN)
		}
		return nil
	})
}

// DetachRolePolicy undoes AttachRolePolicy; NoSuchEntity where the policy is
// not attached.
func (s *Service) DetachRolePolicy(role, policyARN string) error {
	return s.change(role, func(r *Role) error {
		i := slices.Index(r.Managed, policyARN)
		if i < 0 {
			return cloud.Errorf(404, "NoSuchEntity", "Policy %s was not found.", policyARN)
		}
		r.Managed = slices.Concat(r.Managed[:i], r.Managed[i+1:])
		return nil
	})
}

// ManagedPolicy is the document of a policy that AWS manages. It fails with
// NoSuchEntity, and names those that there are, where it does not know the ARN.
func ManagedPolicy(arn string) (document string, err error) {
	actions, ok := managedPolicies[arn]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(managedPolicies)), ", ")
		return "", cloud.Errorf(404, "NoSuchEntity",
			"Policy %s does not exist or is not attachable. The local cloud has %s.", arn, known)
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` +
		strings.Join(actions, `","`) + `"],"Resource":"*"}]}`, nil
}

// managedPolicies are the actions that each of AWS's policies allows, all of
// them on every resource.
//
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
var managedPolicies = map[string][]string{
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
}
