package policy

import (
	"fmt"
	"slices"
	"strings"
)

var iamRules = []Rule{
	{
		Controls: []string{"CKV_AWS_63"}, Title: "no role policy allows every action",
		Types: []string{"aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"}, Property: "policy",
		Check: eachAllow("policy", notEveryAction),
	},
	{
		Controls: []string{"CKV_AWS_355"}, Title: "role policies name the resources they apply to",
		Types: []string{"aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"}, Property: "policy",
		Check: eachAllow("policy", namedResources),
	},
	{
		Controls: []string{"TALLY.5"}, Title: "roles have a permissions boundary, so that deploying the stack cannot grant other permissions",
		Types: []string{"aws:iam/role:Role"}, Property: "permissionsBoundary",
		Check: require("permissionsBoundary"),
	},
}

// namedResources returns an error if the statement applies to every resource,
// "*", unless AWS defines no resource types for its actions and so accepts only
// "*".
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
func namedResources(s statement) error {
	if s.NotResource != nil {
		return fmt.Errorf("allows %s on every resource except %s", s.actions(), strings.Join(s.NotResource, ", "))
	}
	if !slices.Contains(s.Resource, "*") {
		return nil
	}
	if s.NotAction != nil {
		return fmt.Errorf("allows %s on every resource", s.actions())
	}
	for _, action := range s.Action {
		if !slices.Contains([]string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, action) {
			return fmt.Errorf("allows %s on every resource", s.actions())
		}
	}
	return nil
}
