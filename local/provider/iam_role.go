package provider

import (
	"context"
	"time"

	"tally/local/iam"
	"tally/local/provider/schema"
)

func role(service *iam.Service) *Resource {
	live := func(r iam.Role) map[string]any {
		return map[string]any{
			"name": r.Name, "path": r.Path, "description": orNil(r.Description), "assumeRolePolicy": r.AssumeRolePolicy,
			"maxSessionDuration": r.MaxSessionSeconds, "tagsAll": r.Tags,
			"arn": service.RoleARN(r).String(), "uniqueId": r.ID, "createDate": r.Created.UTC().Format(time.RFC3339),
		}
	}
	asked := func(in schema.Values) iam.Role {
		return iam.Role{
			Name: in.String("name"), Path: in.String("path"), Description: in.String("description"),
			AssumeRolePolicy: in.String("assumeRolePolicy"), MaxSessionSeconds: in.Int("maxSessionDuration"), Tags: in.Map("tagsAll"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:iam/role:Role", Noun: "IAM Role",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 64, ForceNew: true},
				{Name: "path", Default: "/", ForceNew: true},
				{Name: "description"},
				{Name: "assumeRolePolicy", Kind: schema.Policy, Required: true, Check: policyOf(iam.TrustPolicy)},
				{Name: "maxSessionDuration", Kind: schema.Int, Default: 3600, Check: between(3600, 43200)},
				{Name: "forceDetachPolicies", Kind: schema.Bool, Default: false, Check: oneOf(false)},
				schema.TagProperty(),
			},
			Outputs:     []schema.Output{{Name: "arn"}, {Name: "uniqueId"}, {Name: "createDate"}, schema.TagOutput()},
			Unsupported: []string{"inlinePolicies", "managedPolicyArns", "namePrefix", "permissionsBoundary"},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			r, err := service.CreateRole(asked(in))
			return r.Name, live(r), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			r, err := service.Role(id)
			return r.Name, live(r), err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			r, err := service.UpdateRole(asked(in))
			return live(r), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteRole(id) },
	}
}
