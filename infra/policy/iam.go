package policy

import (
	"fmt"
	"slices"
	"strings"
)

var iamRules = []Rule{
	{
		Controls: []string{"CKV_AWS_63"}, Title: "no role allows every action",
		Types: []string{"aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"}, Property: "policy",
		Check: allowed("policy", notEveryAction),
	},
	{
		Controls: []string{"CKV_AWS_355"}, Title: "roles allow actions on named resources only",
		Types: []string{"aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"}, Property: "policy",
		Check: allowed("policy", namedResources),
	},
}

// namedResources refuses "*", except for actions whose resources have no ARN.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
func namedResources(s statement) error {
	if !slices.Contains(s.Resource, "*") {
		return nil
	}
	for _, action := range s.Action {
		if !slices.Contains([]string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, action) {
			return fmt.Errorf("allows %s on every resource", strings.Join(s.Action, ", "))
		}
	}
	return nil
}
