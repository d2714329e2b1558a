package gateway

import (
	"strings"
	"testing"

	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// A function calls AWS with the credentials in its environment. The context of such a
// request has these keys, with these values and types.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
func TestContextOfAFunctionsRequest(t *testing.T) {
	k := newKit(t)
	k.role(t, nothing)
	role := must(k.IAM.Role("worker"))(t)
	f := k.function(t, lambda.Config{Name: "handle"})
	allows := func(condition string) bool {
		policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:ListTopics","Resource":"*","Condition":` + condition + `}]}`
		if err := k.IAM.PutRolePolicy("worker", "all", policy); err != nil {
			t.Fatalf("%s: %v", condition, err)
		}
		var err error
		k.handled = func(runtimeapi.Event) {
			_, err = awssns.NewFromConfig(k.config(k.credentials)).ListTopics(t.Context(), nil)
		}
		must(k.Lambda.Invoke(t.Context(), cloud.Invocation{Caller: must(k.IAM.Credentials(iam.DeveloperKey))(t).Caller, Function: f.ARN, Payload: []byte("{}")}))(t)
		if err != nil && !strings.Contains(err.Error(), "is not authorized to perform: SNS:ListTopics") {
			t.Fatalf("%s: %v", condition, err)
		}
		return err == nil
	}
	for condition, want := range map[string]bool{
		`{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}`:                                                        true,
		`{"NotIpAddress":{"aws:SourceIp":["127.0.0.1","::1"]}}`:                                               false,
		`{"Bool":{"aws:ViaAWSService":"false","aws:PrincipalIsAWSService":false,"aws:SecureTransport":true}}`: true,
		`{"Bool":{"aws:ViaAWSService":"true"}}`:                                                               false,
		`{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}`:                                  true,
		`{"StringNotEquals":{"aws:ResourceAccount":"000000000000"}}`:                                          false,
		`{"StringLike":{"aws:UserAgent":"aws-sdk-go-v2/*"}}`:                                                  true,
		`{"StringLike":{"aws:UserAgent":"aws-cli/*"}}`:                                                        false,
		`{"ArnEquals":{"lambda:SourceFunctionArn":"` + f.ARN + `"}}`:                                          true,
		`{"ArnLike":{"lambda:SourceFunctionArn":"arn:aws:lambda:*:*:function:other"}}`:                        false,
		`{"DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}}`:                                   true,
		`{"DateLessThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}}`:                                      false,
		`{"DateGreaterThan":{"aws:TokenIssueTime":"1577836800"}}`:                                             true, // seconds since 1970
		`{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z","aws:EpochTime":"2020-01-01T00:00:00Z"},` +
			`"NumericGreaterThan":{"aws:EpochTime":"1577836800"}}`: true,
		`{"ArnEquals":{"aws:PrincipalArn":"` + roleARN + `"}}`:                                           true,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/wo?ker"}}`:                                  true,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:sts::000000000000:assumed-role/worker/*"}}`:             false,
		`{"StringEquals":{"aws:userid":"` + role.ID + `:handle"}}`:                                       true,
		`{"StringLike":{"aws:userid":"` + role.ID + `:other"}}`:                                          false,
		`{"StringEquals":{"aws:PrincipalType":"AssumedRole","aws:RequestedRegion":"us-east-1"}}`:         true,
		`{"Null":{"aws:SourceArn":"true","aws:username":"true","aws:CalledVia":"true"}}`:                 true,
		`{"Null":{"aws:SourceIp":"true"}}`:                                                               false,
		`{"Null":{"aws:ViaAWSService":"false","aws:TokenIssueTime":"false","aws:PrincipalArn":"false"}}`: true,
	} {
		if got := allows(condition); got != want {
			t.Errorf("%s: allowed %v, want %v", condition, got, want)
		}
	}
}
